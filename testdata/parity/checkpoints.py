#!/usr/bin/env python3
"""Compare zoo-predict with torchvision on checkpoints that PyTorch writes.

    go build ./cmd/zoo-predict
    python3 testdata/parity/checkpoints.py ./zoo-predict [MODEL...]

For each of torchvision's ResNets: weights drawn from a seed, running statistics
from a batch of noise, saved by torch.save; two images of noise through torchvision
and through `zoo-predict --npy`. Prints the largest difference of a logit, relative
to the largest logit, and beside it how far each of the two is from torchvision in
float64. Exits with 1 if a difference is more than 1e-4.
"""

import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import numpy as np
import torch
import torchvision.models as tv

from models import IMAGENET

LIMIT = 1e-4


def seeded(name):
    """The net with weights of its own initialisation and statistics to match."""
    torch.manual_seed(1)
    net = getattr(tv, name)(weights=None)
    norms = [m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        net.train()(torch.randn(8, 3, 64, 64))
    return net.eval()


def differences(predict, name, folder):
    net = seeded(name)
    x = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        want = net(x).numpy()
    paths = [os.path.join(folder, f) for f in ("weights.pth", "x.npy", "y.npy")]
    torch.save(net.state_dict(), paths[0])
    np.save(paths[1], x.numpy())
    subprocess.run([predict, "--model", name, "--weights", paths[0], "--npy", paths[1], "--out", paths[2]], check=True, stdout=subprocess.DEVNULL)
    have = np.load(paths[2])
    assert have.shape == want.shape, (have.shape, want.shape)
    with torch.no_grad():
        exact = net.double()(x.double()).numpy()
    relative = lambda a, b: float(np.abs(a - b).max() / np.abs(exact).max())
    return relative(have, want), relative(have, exact), relative(want, exact)


def main():
    predict, names = sys.argv[1], sys.argv[2:] or IMAGENET
    worst = 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            d = differences(predict, name, folder)
        worst = max(worst, d[0])
        print("%-18s %.1e  here to float64 %.1e  PyTorch to float64 %.1e" % (name, *d), flush=True)
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""PyTorch as a peer of bench/compare: reads requests, one a line, on standard
input and answers each with one line of JSON. The protocol is in bench/README.md.
"""

import argparse
import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "parity"))

import torch
import torch.nn.functional as F
import torchvision.models as tv

from cifar import CifarResNet

CIFAR = {"resnet20", "resnet32", "resnet44", "resnet56", "resnet110"}


def build(model):
    torch.manual_seed(0)
    if model in CIFAR:
        return CifarResNet(int(model[6:]))
    return getattr(tv, model)(weights=None)


def eager(model, x):
    """The model as it stands, without the gradient's bookkeeping."""
    net = build(model).eval()

    def run():
        with torch.inference_mode():
            net(x)

    return run


def frozen(model, x):
    """Traced, frozen, norms folded and layouts chosen by optimize_for_inference."""
    with torch.no_grad():
        net = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(build(model).eval(), x)))

    def run():
        with torch.inference_mode():
            net(x)

    return run


def step(model, x):
    """One step of training: forward, backward, SGD."""
    net = build(model).train()
    labels = torch.arange(len(x)) % 10
    opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)

    def run():
        opt.zero_grad(set_to_none=True)
        F.cross_entropy(net(x), labels).backward()
        opt.step()

    return run


# What can be asked for: kind -> variant -> maker of the function to time.
KINDS = {"infer": {"eager": eager, "frozen": frozen}, "train": {"eager": step}}
WARM_UP = 3


class Runs:
    """The function made last, warmed up: one net at a time is enough, and keeps
    the memory small."""

    def __init__(self):
        self.key, self.run = None, None

    def get(self, model, kind, variant, batch, size):
        key = (model, kind, variant, batch, size)
        if key != self.key:
            self.key = self.run = None
            run = KINDS[kind][variant](model, torch.randn(batch, 3, size, size))
            for _ in range(WARM_UP):
                run()
            self.key, self.run = key, run
        return self.run


def serve(runs, line):
    words = line.split()
    if len(words) != 7 or words[0] != "run":
        raise ValueError("want: run MODEL KIND VARIANT BATCH SIZE N")
    model, kind, variant = words[1:4]
    batch, size, n = map(int, words[4:])
    run = runs.get(model, kind, variant, batch, size)
    run()  # the other contender has just had the caches
    ms = []
    for _ in range(n):
        start = time.perf_counter()
        run()
        ms.append(1e3 * (time.perf_counter() - start))
    return {"ms": ms}


def say(answer):
    print(json.dumps(answer), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    torch.set_num_threads(parser.parse_args().threads)
    say({"name": "PyTorch " + torch.__version__.split("a")[0], "kinds": {k: list(v) for k, v in KINDS.items()}})
    runs = Runs()
    for line in sys.stdin:
        try:
            say(serve(runs, line))
        except Exception as e:
            say({"error": "%s: %s" % (type(e).__name__, e)})


if __name__ == "__main__":
    main()

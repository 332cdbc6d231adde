"""The GANs in PyTorch: one alternating step of training."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "parity"))

import torch
import torch.nn.functional as F

import gan


def gan_step(model, batch, size):
    """The function to time: the discriminator's step, then the generator's, as in
    pytorch/examples/dcgan, without what it prints."""
    torch.manual_seed(0)
    net = gan.build(model).train()
    if size != net.image[-1]:
        raise ValueError("%s makes images of size %d, not %d" % (model, net.image[-1], size))
    g, d = net.generator, net.discriminator
    real, ones, zeros = torch.randn(batch, *net.image).clamp(-1, 1), torch.ones(batch), torch.zeros(batch)
    opt_d, opt_g = (torch.optim.Adam(m.parameters(), lr=2e-4, betas=(0.5, 0.999)) for m in (d, g))
    loss = F.binary_cross_entropy_with_logits

    def run():
        opt_d.zero_grad(set_to_none=True)
        loss(d(real), ones).backward()
        fake = g(torch.randn(batch, *net.noise))
        loss(d(fake.detach()), zeros).backward()
        opt_d.step()
        opt_g.zero_grad(set_to_none=True)
        loss(d(fake), ones).backward()
        opt_g.step()

    return run


STEPS = {m: lambda batch, size, m=m: gan_step(m, batch, size) for m in gan.MODELS}

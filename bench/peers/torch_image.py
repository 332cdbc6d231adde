"""The classifiers in PyTorch: a forward pass, and a step of training. Each maker
returns the function to time."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "parity"))

import torch
import torch.nn.functional as F
import torchvision.models as tv

from cifar import CifarResNet

CIFAR = {"resnet20", "resnet32", "resnet44", "resnet56", "resnet110"}


def build(model, size=28):
    """A classifier; the ConvNet is made for images of one size."""
    torch.manual_seed(0)
    if model == "convnet":
        from convnet import ConvNet  # here, lest others load it before their first prediction

        return ConvNet(3, size, size)
    if model in CIFAR:
        return CifarResNet(int(model[6:]))
    return getattr(tv, model)(weights=None)


def images(batch, size):
    return torch.randn(batch, 3, size, size)


def eager(model, batch, size):
    """The model as it stands, without the gradient's bookkeeping."""
    net, x = build(model, size).eval(), images(batch, size)

    def run():
        with torch.inference_mode():
            net(x)

    return run


def frozen(model, batch, size):
    """Traced, frozen, norms folded and layouts chosen by optimize_for_inference."""
    x = images(batch, size)
    with torch.no_grad():
        net = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(build(model, size).eval(), x)))

    def run():
        with torch.inference_mode():
            net(x)

    return run


def step(model, batch, size):
    """One step of training: forward, backward, SGD."""
    net, x = build(model, size).train(), images(batch, size)
    labels = torch.arange(batch) % 10
    opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)

    def run():
        opt.zero_grad(set_to_none=True)
        F.cross_entropy(net(x), labels).backward()
        opt.step()

    return run

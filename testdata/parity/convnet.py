"""A plain ConvNet: two convolutions with pools, two linear layers, no norm."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

import models
from formula import NUDGE, Tensor, number, want


class ConvNet(nn.Module):
    """For images (N, in_channels, height, width); the sides halve twice,
    rounded down."""

    def __init__(self, in_channels=3, height=28, width=28, num_classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.fc1 = nn.Linear(64 * (height // 4) * (width // 4), 128)
        self.fc2 = nn.Linear(128, num_classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


# By the name of the fixture: the shape of the input and the options in which it
# differs from the registered model.
VARIANTS = {
    "convnet": ((4, 3, 28, 28), {}),
    "convnet_grey": ((3, 1, 20, 24), {"in_channels": 1, "num_classes": 7}),
}


def build(name="convnet"):
    shape, options = VARIANTS[name]
    return ConvNet(*shape[1:], options.get("num_classes", 10))


def state(net):
    """The formula's tensors, in the order of the state dict. The scales keep
    activations near 1."""
    tensors = []
    for k, p in net.named_parameters():
        scale = 0.2 if k.endswith("bias") else math.sqrt(4.5 / p[0].numel())
        tensors.append(Tensor(k, p.shape, scale))
    return tensors


def settle(net, tensors, x):
    """Move the biases before the ReLUs a little, as models.settle does."""
    net = net.double()
    models.load(net, tensors)
    tensors = {t.name: t for t in tensors}

    def activate(layer, x):
        y = getattr(net, layer)(x)
        nudge = models.clearance(y.transpose(0, 1).flatten(1))
        tensors[layer + ".bias"].nudge = nudge.tolist()
        return F.relu(y + (nudge * NUDGE).reshape(1, -1, *[1] * (y.dim() - 2)))

    with torch.no_grad():
        x = F.max_pool2d(activate("conv1", torch.from_numpy(x.array()).double()), 2)
        x = F.max_pool2d(activate("conv2", x), 2)
        activate("fc1", x.flatten(1))


def record(name):
    """The fixture of one variant, in the form of the other classifiers'. There
    are no running statistics, so evaluation computes what training does."""
    shape, options = VARIANTS[name]
    net = build(name)
    tensors = state(net)
    x, labels = models.batch("input", shape, net.fc2.out_features)
    settle(build(name), tensors, x)
    true = models.Step(net, tensors, x, labels, torch.float64, False).results
    single = models.Step(net, tensors, x, labels, torch.float32, False).results
    return {
        "name": name,
        "model": "convnet",
        "options": options,
        "input": x.spec(),
        "labels": labels,
        "state": models.specs(net, tensors),
        "logits": want("logits", true["logits"]["logits"], whole=1 << 30),
        "eval_loss": number(true["eval_loss"][""]),
        "loss": number(true["loss"][""]),
        "running": [],
        "grads": models.sampled(true["grads"], 8),
        "deviation": {k: number("%.2g" % models.strays(single[k], true[k])) for k in true},
    }

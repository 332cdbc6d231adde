"""Parameters and multiply-adds of every classifier, counted on PyTorch's modules."""

import torch
import torch.nn as nn
import torchvision.models as tv

import convnet
import models

# Billions of multiply-adds in the table of torchvision's weights, from its
# documentation (https://pytorch.org/vision/0.17/models.html, column GFLOPS).
PUBLISHED_GMACS = {
    "resnet18": 1.814,
    "resnet34": 3.664,
    "resnet50": 4.089,
    "resnet101": 7.801,
    "resnet152": 11.514,
    "resnext50_32x4d": 4.230,
    "resnext101_32x8d": 16.414,
    "resnext101_64x4d": 15.460,
    "wide_resnet50_2": 11.398,
    "wide_resnet101_2": 22.753,
}
# Parameters in millions, from He et al. 2015, table 6.
PUBLISHED_MILLIONS = {"resnet20": 0.27, "resnet32": 0.46, "resnet44": 0.66, "resnet56": 0.85, "resnet110": 1.7}


def macs(net, shape):
    """Multiply-adds of convolutions and linear layers for one image."""
    total = [0]

    def conv(m, _, out):
        total[0] += out.numel() * m.weight[0].numel()

    for m in net.modules():
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            m.register_forward_hook(conv)
    with torch.no_grad():
        net.eval()(torch.zeros(1, *shape))
    return total[0]


def weights_params(name):
    """num_params of torchvision's own table, which goes with its weights."""
    for cls in vars(tv).values():
        if getattr(cls, "__name__", "").lower() == name + "_weights":
            return list(cls)[0].meta["num_params"]
    raise KeyError(name)


def records():
    rows = []
    for name in (*models.IMAGENET, *models.CIFAR):
        net = models.build(name)
        shape = (3, 32, 32) if name in models.CIFAR else (3, 224, 224)
        params = sum(p.numel() for p in net.parameters())
        row = {"model": name, "input": shape, "params": params, "macs": macs(net, shape)}
        if name in models.CIFAR:
            row["published_millions"] = PUBLISHED_MILLIONS[name]
        else:
            row["published_params"] = weights_params(name)
            row["published_gmacs"] = PUBLISHED_GMACS[name]
            assert params == row["published_params"], row
            assert abs(row["macs"] / 1e9 - row["published_gmacs"]) < 6e-4, row
        rows.append(row)
    shape, net = (3, 28, 28), convnet.build()
    params = sum(p.numel() for p in net.parameters())
    rows.append({"model": "convnet", "input": shape, "params": params, "macs": macs(net, shape)})
    return rows

"""Ten steps of training with each optimiser."""

import fnmatch

import torch
import torch.nn.functional as F

import convnet
import models
from formula import norm, number, want

STEPS = 10

# By name: the net, its options, the shape of a batch, PyTorch's optimiser and
# its settings. Four batches take turns.
RUNS = {
    "sgd_resnet18": (
        "resnet18", {"num_classes": 10}, (8, 3, 64, 64),
        "SGD", {"lr": 0.01, "momentum": 0.9, "weight_decay": 1e-4},
    ),
    "sgd_resnet50": (
        "resnet50", {"num_classes": 10}, (6, 3, 64, 64),
        "SGD", {"lr": 0.002, "momentum": 0.9, "weight_decay": 1e-4},
    ),
    "sgd_resnet20": (
        "resnet20", {}, (16, 3, 32, 32),
        "SGD", {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-4},
    ),
    "sgd_convnet": (
        "convnet", {}, (8, 3, 28, 28),
        "SGD", {"lr": 0.02, "momentum": 0.9, "weight_decay": 1e-4},
    ),
    # Weight decay enough for its absence to show in ten steps.
    "nesterov_resnet20": (
        "resnet20", {}, (8, 3, 32, 32),
        "SGD", {"lr": 0.03, "momentum": 0.9, "weight_decay": 0.02, "nesterov": True},
    ),
    # Adam and RMSprop divide by the size of the gradient, so rounding decides
    # where that is small. Their rates are low enough for the losses to agree.
    "adam_resnet20": (
        "resnet20", {}, (8, 3, 32, 32),
        "Adam", {"lr": 5e-4, "weight_decay": 0.02},
    ),
    "adamw_resnet20": (
        "resnet20", {}, (8, 3, 32, 32),
        "AdamW", {"lr": 5e-4, "weight_decay": 2},
    ),
    "rmsprop_resnet20": (
        "resnet20", {}, (8, 3, 32, 32),
        "RMSprop", {"lr": 2e-4, "eps": 1e-4, "momentum": 0.9, "weight_decay": 0.02},
    ),
    # Fine-tuning. The norms of frozen layers stand between layers that learn.
    "frozen_resnet20": (
        "resnet20", {}, (8, 3, 32, 32),
        "SGD", {"lr": 0.03, "momentum": 0.9, "weight_decay": 0.02},
        {"freeze": ["conv1.*", "bn1.*", "layer1.*"], "lr_scale": ["fc.*=10"]},
    ),
    "frozen_middle_resnet20": (
        "resnet20", {}, (8, 3, 32, 32),
        "AdamW", {"lr": 5e-4, "weight_decay": 2},
        {"freeze": ["layer2.*"], "lr_scale": ["fc.*=10", "layer3.0.*=0.5", "layer3.*=2"]},
    ),
    "scaled_adam_resnet20": (
        "resnet20", {}, (8, 3, 32, 32),
        "Adam", {"lr": 5e-4, "weight_decay": 0.02},
        {"freeze": ["layer2.*"], "lr_scale": ["fc.*=10", "layer3.*=0.5"]},
    ),
    "scaled_rmsprop_resnet20": (
        "resnet20", {}, (8, 3, 32, 32),
        "RMSprop", {"lr": 2e-4, "eps": 1e-4, "momentum": 0.9, "weight_decay": 0.02},
        {"freeze": ["conv1.*"], "lr_scale": ["bn1.*=3", "fc.*=5", "layer3.*=0.5"]},
    ),
}


def groups(net, lr, freeze, lr_scale):
    """Freeze parameters and norms, and return the groups of those that learn."""
    matches = lambda name, patterns: any(fnmatch.fnmatchcase(name, p) for p in patterns)
    for name, module in net.named_modules():
        if isinstance(module, torch.nn.BatchNorm2d) and matches(name + ".running_mean", freeze):
            module.eval()
    params = []
    for name, p in net.named_parameters():
        p.requires_grad = not matches(name, freeze)
        if not p.requires_grad:
            continue
        scale = next((float(s.split("=")[1]) for s in lr_scale if matches(name, [s.split("=")[0]])), 1)
        params.append({"params": [p], "lr": lr * scale})
    return params


def run(name, dtype):
    """Losses of the steps, and the state after them."""
    model, options, shape, optimiser, settings, *tuning = RUNS[name]
    of = convnet if model == "convnet" else models
    net = (convnet.build() if of is convnet else models.build(model, options)).to(dtype)
    tensors = of.state(net)
    models.load(net, tensors)
    classes = net.fc2.out_features if of is convnet else net.fc.out_features
    batches = [models.batch("batch%d" % i, shape, classes) for i in range(4)]
    opt = getattr(torch.optim, optimiser)(
        groups(net, settings["lr"], **tuning[0]) if tuning else net.parameters(), **settings)
    losses = []
    for step in range(STEPS):
        x, labels = batches[step % len(batches)]
        opt.zero_grad()
        loss = F.cross_entropy(net(torch.from_numpy(x.array().copy()).to(dtype)), torch.tensor(labels))
        loss.backward()
        opt.step()
        losses.append(loss.item())
    after = {t.name: net.state_dict()[t.name].numpy() for t in tensors}
    return net, tensors, batches, losses, after


def record(name):
    net, tensors, batches, losses, after = run(name, torch.float64)
    _, _, _, losses32, after32 = run(name, torch.float32)
    model, options, _, optimiser, settings, *tuning = RUNS[name]
    return {
        "name": name,
        "model": model,
        "options": options,
        "optimizer": {"name": optimiser, **settings},
        **(tuning[0] if tuning else {}),
        "batches": [{"x": x.spec(), "labels": labels} for x, labels in batches],
        "state": models.specs(net, tensors),
        "losses": [number(v) for v in losses],
        "after": [want(k, v, whole=0, samples=0) for k, v in after.items()],
        "deviation": {
            "losses": number("%.2g" % max(abs(a - b) / b for a, b in zip(losses32, losses))),
            "after": number("%.2g" % max(abs(norm(after32[k]) / norm(v) - 1) for k, v in after.items())),
        },
    }

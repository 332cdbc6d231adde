"""The nets of the ResNet family, one forward and backward step of each."""

import functools
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision.models as tv
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from cifar import Block, CifarResNet
from formula import NUDGE, Tensor, deviation, norm, number, want

IMAGENET = (
    "resnet18 resnet34 resnet50 resnet101 resnet152 resnext50_32x4d resnext101_32x8d resnext101_64x4d "
    "wide_resnet50_2 wide_resnet101_2"
).split()
CIFAR = ("resnet20", "resnet32", "resnet44", "resnet56", "resnet110")

# Variants of the options, by the name of their fixture. The keys are
# torchvision's, and: norm_eps, norm_momentum; in_channels; stem "cifar" (3x3,
# stride 1, no pool).
OPTIONS = {
    "resnet50_dilated": {"replace_stride_with_dilation": [False, True, True], "num_classes": 10},
    "resnet50_groups": {"groups": 4, "width_per_group": 24, "num_classes": 10},
    "resnet18_norm": {"norm_eps": 0.01, "norm_momentum": 0.3, "num_classes": 10},
    "resnet18_grey": {"in_channels": 1, "num_classes": 7},
    "resnet18_cifar_stem": {"stem": "cifar", "num_classes": 10},
    "resnet10": {"block": "basic", "layers": [1, 1, 1, 1], "num_classes": 10},
    "resnet29": {"block": "bottleneck", "layers": [3, 2, 1, 3], "num_classes": 10},
}
# (N, C, H, W), if not the usual one. Every norm sees at least 16 numbers a
# channel, lest its gradient drown in rounding.
INPUTS = {
    "resnet50_dilated": (2, 3, 40, 40),
    "resnet18_grey": (3, 1, 72, 56),
    "resnet18_cifar_stem": (2, 3, 24, 24),
}
# In eval mode, where the norms are frozen, the gradients are other ones.
EVAL_GRADS = ("resnet18", "resnet50", "resnet20")
# The distance that nudged norms keep from the kink of their ReLU, see settle:
# hundreds of times the rounding errors there.
MARGIN = 3e-4


def base(name):
    """The torchvision model that a variant of the options starts from."""
    return name.split("_")[0] if name in OPTIONS and "layers" not in OPTIONS[name] else name


def build(name, options=None):
    """The net of a variant, with options laid over those of its entry."""
    options = {**OPTIONS.get(name, {}), **(options or {})}
    classes = options.get("num_classes")
    if name in CIFAR:
        return CifarResNet(int(name[6:]), classes or 10)
    kw = {k: options[k] for k in ("replace_stride_with_dilation", "groups", "width_per_group") if k in options}
    kw["num_classes"] = classes or 1000
    if "norm_eps" in options:
        kw["norm_layer"] = functools.partial(nn.BatchNorm2d, eps=options["norm_eps"], momentum=options["norm_momentum"])
    if "layers" in options:
        return ResNet({"basic": BasicBlock, "bottleneck": Bottleneck}[options["block"]], options["layers"], **kw)
    net = getattr(tv, base(name))(weights=None, **kw)
    if "in_channels" in options:
        net.conv1 = nn.Conv2d(options["in_channels"], 64, 7, 2, 3, bias=False)
    if options.get("stem") == "cifar":
        net.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        net.maxpool = nn.Identity()
    return net


def state(net):
    """The formula's tensor for every parameter and buffer, in the order of the
    state dict. The scales keep the activations of 152 layers near 1, with batch
    statistics and with the running ones alike: the branches are damped by their
    last norm, and two of three ReLUs are open."""
    tensors = {}

    def put(module, prefix, key, scale, offset=0.0):
        tensors[prefix + key] = Tensor(prefix + key, getattr(module, key).shape, scale, offset)

    last = set()  # the norms that end a residual branch
    for module in net.modules():
        if isinstance(module, (BasicBlock, Block)):
            last.add(module.bn2)
        if isinstance(module, Bottleneck):
            last.add(module.bn3)
    for prefix, module in net.named_modules():
        prefix += "."
        if isinstance(module, nn.Conv2d):
            put(module, prefix, "weight", math.sqrt(4.5 / module.weight[0].numel()))
        if isinstance(module, nn.Linear):
            put(module, prefix, "weight", math.sqrt(1.5 / module.in_features))
            put(module, prefix, "bias", 0.1)
        if isinstance(module, nn.BatchNorm2d):
            put(module, prefix, "weight", *((0.1, 0.2) if module in last else (0.2, 1)))
            put(module, prefix, "bias", *((0.1, 0) if module in last else (0.2, 0.3)))
            put(module, prefix, "running_mean", 0.1)
            put(module, prefix, "running_var", 0.5, 1)
    order = [k for k in net.state_dict() if not k.endswith("num_batches_tracked")]
    assert set(order) == set(tensors)
    return [tensors[k] for k in order]


def load(net, tensors):
    sd = net.state_dict()
    for t in tensors:
        sd[t.name].copy_(torch.from_numpy(t.array().copy()))


def specs(net, tensors):
    """The tensors of a fixture; buffers are marked."""
    buffers = dict(net.named_buffers())
    return [{**t.spec(), **({"buffer": True} if t.name in buffers else {})} for t in tensors]


def batch(name, shape, classes):
    """An input by formula and labels spread over the classes."""
    x = Tensor(name, shape, scale=math.sqrt(3))
    labels = [(int(v) + 7 * i) % classes for i, v in enumerate(abs(x.array().reshape(shape[0], -1)[:, 0]) * 1e4)]
    return x, labels


def input_shape(name):
    return INPUTS.get(name, (4, 3, 32, 32) if name in CIFAR else (2, 3, 72, 72))


def clearance(channels):
    """For each row of channels the smallest nudge that leaves MARGIN around
    zero, or the best there is."""
    nudge = torch.zeros(len(channels), dtype=torch.long)
    margin = channels.abs().amin(1)
    for k in sorted(range(-12, 14), key=abs):
        m = (channels + k * NUDGE).abs().amin(1)
        better = (margin < MARGIN) & (m > margin)
        nudge[better], margin[better] = k, m[better]
    return nudge


def settle(net, tensors, x):
    """Move the biases of the norms a little, so that nothing that enters a ReLU
    is so close to zero that rounding decides its sign.

    The gradient of a deep net depends on millions of such signs, and a wrong one
    of them shows: float32 and float64 would differ by percents. Each norm's
    channel takes the smallest nudge that leaves MARGIN around zero, or the best
    there is, with batch statistics and running ones at once: the first half of
    the doubled batch is normalised with the former, the second half with the
    latter.
    """
    net = net.double()
    load(net, tensors)
    tensors = {t.name: t for t in tensors}
    names = {m: k for k, m in net.named_modules()}
    latest = []

    def normalise(m, x):
        latest[:] = [m]
        batch, running = x.chunk(2)
        return torch.cat([
            F.batch_norm(batch, None, None, m.weight, m.bias, True, 0, m.eps),
            F.batch_norm(running, m.running_mean, m.running_var, m.weight, m.bias, False, 0, m.eps),
        ])

    def activate(x):
        nudge = clearance(x.transpose(0, 1).flatten(1))
        t = tensors[names[latest[0]] + ".bias"]
        t.nudge = nudge.tolist()
        return F.relu(x + (nudge * NUDGE)[None, :, None, None])

    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.forward = functools.partial(normalise, m)
        if isinstance(m, nn.ReLU):
            m.forward = activate
    x = torch.from_numpy(x.array()).double()
    with torch.no_grad():
        net(torch.cat([x, x]))


class Step:
    """What one net computes for one batch: with frozen norms, then training."""

    def __init__(self, net, tensors, x, labels, dtype, eval_grads):
        net = net.to(dtype)
        load(net, tensors)
        x = torch.from_numpy(x.array().copy()).to(dtype)
        labels = torch.tensor(labels)

        net.zero_grad()
        net.eval()
        with torch.set_grad_enabled(eval_grads):
            logits = net(x)
            eval_loss = F.cross_entropy(logits, labels)
        self.results = {"logits": {"logits": logits.detach().numpy()}, "eval_loss": {"": eval_loss.item()}}
        if eval_grads:
            eval_loss.backward()
            self.results["eval_grads"] = self.grads(net)

        net.train()
        net.zero_grad()
        loss = F.cross_entropy(net(x), labels)
        loss.backward()
        self.results["loss"] = {"": loss.item()}
        self.results["grads"] = self.grads(net)
        self.results["running"] = {k: b.numpy().copy() for k, b in net.named_buffers() if b.dim()}

    @staticmethod
    def grads(net):
        return {k: p.grad.numpy().copy() for k, p in net.named_parameters()}


def sampled(values, samples):
    """Norm and samples of each of the tensors."""
    return [want(k, v, whole=samples, samples=samples) for k, v in values.items()]


def strays(got, true):
    """By how much the results of a Step in float32 stray, in the terms of the
    Go tests: elements where they are sampled, and norms."""
    worst = 0.0
    for k in true:
        worst = max(worst, deviation(got[k], true[k]))
        n = norm(true[k])
        worst = max(worst, abs(norm(got[k]) - n) / n if n else 0)
    return worst


def record(name):
    """The fixture of one net."""
    net = build(name)
    tensors = state(net)
    shape = input_shape(name)
    classes = net.fc.out_features
    x, labels = batch("input", shape, classes)
    settle(build(name), tensors, x)
    eval_grads = name in EVAL_GRADS
    true = Step(net, tensors, x, labels, torch.float64, eval_grads).results
    single = Step(net, tensors, x, labels, torch.float32, eval_grads).results
    d = {
        "name": name,
        "model": base(name),
        "options": OPTIONS.get(name, {}),
        "input": x.spec(),
        "labels": labels,
        "state": specs(net, tensors),
        "logits": want("logits", true["logits"]["logits"], whole=1 << 30),
        "eval_loss": number(true["eval_loss"][""]),
        "loss": number(true["loss"][""]),
        "running": sampled(true["running"], 4),
        "grads": sampled(true["grads"], 8),
    }
    if eval_grads:
        d["eval_grads"] = sampled(true["eval_grads"], 8)
    d["deviation"] = {k: number("%.2g" % strays(single[k], true[k])) for k in true}
    return d

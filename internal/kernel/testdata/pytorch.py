"""Writes pytorch.json.gz: what PyTorch 1.13 computes, for pytorch_test.go.

    python3 pytorch.py > pytorch.json.gz

A case has the operation's name, its settings, its arrays (little-endian float32
in base64, by name; inputs and what comes out) and lists of ints. The inputs are
drawn by NumPy's legacy generator, whose numbers never change.
"""

import base64
import gzip
import itertools
import json
import sys

import numpy as np
import torch
import torch.nn.functional as F

rng = np.random.RandomState(7)
cases = []


def normal(*shape, special=()):
    a = rng.standard_normal(shape).astype(np.float32)
    for i, v in enumerate(special):
        a.flat[(7 * i + 3) % a.size] = v
    return torch.from_numpy(a)


def case(op, arrays, ints=None, **settings):
    cases.append({
        "op": op,
        "set": settings,
        "ints": {k: [int(i) for i in v] for k, v in (ints or {}).items()},
        "arrays": {
            k: base64.b64encode(v.detach().numpy().astype("<f4").tobytes()).decode() for k, v in arrays.items()
        },
    })


def run(f, x, dy):
    """The output of f at x and the gradient for dy."""
    x = x.clone().requires_grad_()
    y = f(x)
    y.backward(dy)
    return y, x.grad


SPECIAL = (0.0, -0.0, float("inf"), float("-inf"), float("nan"), 100.0, -100.0, 1e-30, -20.0)


def activations():
    x, dy = normal(48, special=SPECIAL) * 3, normal(48)
    for op, f in {
        "relu": F.relu,
        "leaky_relu": lambda v: F.leaky_relu(v, 0.1),
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "gelu": F.gelu,
        "gelu_tanh": lambda v: F.gelu(v, approximate="tanh"),
    }.items():
        y, dx = run(f, x, dy)
        case(op, {"x": x, "dy": dy, "y": y, "dx": dx})


def softmax():
    for shape in ((3, 5, 1), (2, 7, 6), (1, 1, 1), (1, 70, 2)):
        x, dy = normal(*shape) * 4, normal(*shape)
        x.view(-1)[0] = 90
        for op, f in {"softmax": F.softmax, "log_softmax": F.log_softmax}.items():
            y, dx = run(lambda v: f(v, 1), x, dy)
            case(op, {"x": x, "dy": dy, "y": y, "dx": dx}, {"shape": shape})
    inf = float("inf")
    x = torch.tensor([[1, -inf, 2], [-inf, -inf, -inf], [1, inf, 2], [1, float("nan"), 2]])[..., None]
    for op, f in {"softmax": F.softmax, "log_softmax": F.log_softmax}.items():
        y, dx = run(lambda v: f(v, 1), x, torch.ones_like(x))
        case(op, {"x": x, "dy": torch.ones_like(x), "y": y, "dx": dx}, {"shape": x.shape})


def batch_norm():
    for training, offset in itertools.product((True, False), (0, 50)):
        x, dy, gamma, beta = normal(4, 3, 5, 7) + offset, normal(4, 3, 5, 7), normal(3), normal(3)
        mean, var = normal(3) + offset, normal(3) ** 2 + 0.5
        if training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
        gamma.requires_grad_(), beta.requires_grad_()
        y, dx = run(lambda v: F.batch_norm(v, mean.clone(), var.clone(), gamma, beta, training, 0.1, 1e-5), x, dy)
        case("batch_norm", {"x": x, "dy": dy, "gamma": gamma, "beta": beta, "mean": mean, "var": var,
                            "y": y, "dx": dx, "dgamma": gamma.grad, "dbeta": beta.grad},
             {"shape": (4, 3, 35)}, training=int(training))


def pools():
    # h, w, kernel, stride, padding, dilation, ceil
    shapes = [
        (9, 11, (3, 3), (2, 2), (1, 1), (1, 1), False),
        (8, 8, (3, 3), (2, 2), (1, 1), (1, 1), False),
        (8, 40, (3, 3), (2, 2), (0, 0), (1, 1), True),
        (7, 37, (3, 3), (2, 2), (1, 1), (1, 1), True),
        (8, 36, (2, 2), (2, 2), (0, 0), (1, 1), False),
        (7, 71, (2, 2), (2, 2), (0, 0), (1, 1), True),
        (7, 19, (3, 3), (1, 1), (1, 1), (1, 1), False),
        (1, 1, (1, 1), (1, 1), (0, 0), (1, 1), False),
        (1, 7, (1, 5), (1, 3), (0, 2), (1, 1), True),
        (13, 9, (2, 3), (3, 1), (1, 0), (1, 1), True),
        (12, 12, (3, 2), (2, 3), (1, 1), (1, 1), True),
        (6, 6, (6, 6), (6, 6), (0, 0), (1, 1), False),
        (11, 12, (3, 2), (2, 1), (1, 1), (2, 3), False),
        (11, 12, (3, 3), (3, 2), (1, 1), (2, 2), True),
    ]
    for h, w, k, s, p, d, ceil in shapes:
        x = normal(2, 2, h, w)
        x = torch.round(x * 2) / 2  # with ties
        if h * w > 60:
            x[0, 1, 2, 3] = x[0, 1, 3, 3] = x[1, 0, 5, 5] = float("nan")
            x[1, 1, :5, :5] = float("-inf")
        ints = {"shape": (2, 2, h, w) + k + s + p + d + (ceil,)}
        y, idx = F.max_pool2d(x, k, s, p, d, ceil, return_indices=True)
        dy = normal(*y.shape)
        _, dx = run(lambda v: F.max_pool2d(v, k, s, p, d, ceil), x, dy)
        case("max_pool2d", {"x": x, "y": y, "dy": dy, "dx": dx}, {**ints, "idx": idx.flatten()})
        if d != (1, 1):
            continue
        x = normal(2, 2, h, w)
        for include in (True, False):
            y, dx = run(lambda v: F.avg_pool2d(v, k, s, p, ceil, include), x, dy)
            case("avg_pool2d", {"x": x, "y": y, "dy": dy, "dx": dx}, ints, include=int(include))


REDUCTIONS = ("mean", "sum", "none")


def losses():
    for (n, c, inner), weighted, smoothing, ignored, reduction in itertools.product(
            ((5, 4, 1), (2, 3, 7)), (False, True), (0.0, 0.1), (False, True), REDUCTIONS):
        x = normal(n, c, inner) * 3
        t = torch.from_numpy(rng.randint(0, c, (n, inner)))
        if ignored:
            t.view(-1)[1::3] = -100
        w = normal(c).abs() + 0.1 if weighted else None
        f = lambda v: F.cross_entropy(v, t, w, reduction=reduction, label_smoothing=smoothing)
        dloss = normal(n, inner) if reduction == "none" else normal(1)[0]
        loss, dx = run(f, x, dloss)
        arrays = {"x": x, "loss": loss, "dloss": dloss, "dx": dx}
        if weighted:
            arrays["weight"] = w
        case("cross_entropy", arrays, {"shape": (n, c, inner), "labels": t.flatten()},
             smoothing=smoothing, reduction=REDUCTIONS.index(reduction))
    for weighted, positive, reduction in itertools.product((False, True), (False, True), REDUCTIONS):
        x, t = normal(6, 5, special=(200.0, -200.0)) * 3, torch.from_numpy(rng.rand(6, 5).astype(np.float32)).round(decimals=1)
        w = normal(5).abs() if weighted else None
        p = normal(5).abs() * 2 if positive else None
        dloss = normal(6, 5) if reduction == "none" else normal(1)[0]
        loss, dx = run(lambda v: F.binary_cross_entropy_with_logits(v, t, w, reduction=reduction, pos_weight=p), x, dloss)
        arrays = {"x": x, "target": t, "loss": loss, "dloss": dloss, "dx": dx}
        if weighted:
            arrays["weight"] = w
        if positive:
            arrays["pos_weight"] = p
        case("bce", arrays, reduction=REDUCTIONS.index(reduction))
    for reduction in REDUCTIONS:
        x, t = normal(31), normal(31)
        dloss = normal(31) if reduction == "none" else normal(1)[0]
        loss, dx = run(lambda v: F.mse_loss(v, t, reduction=reduction), x, dloss)
        case("mse", {"x": x, "target": t, "loss": loss, "dloss": dloss, "dx": dx}, reduction=REDUCTIONS.index(reduction))


def optimisers():
    steps, n = 4, 19
    variants = [
        ("sgd", torch.optim.SGD, m)
        for m in (
            {}, {"weight_decay": 0.1}, {"momentum": 0.9}, {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01},
            {"momentum": 0.8, "nesterov": True, "weight_decay": 0.05},
        )
    ] + [
        (name, kind, m)
        for name, kind in (("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW))
        for m in ({}, {"weight_decay": 0.1}, {"amsgrad": True, "betas": (0.7, 0.9), "eps": 1e-3})
    ] + [
        ("rmsprop", torch.optim.RMSprop, m)
        for m in (
            {}, {"weight_decay": 0.1, "alpha": 0.9}, {"momentum": 0.9}, {"centered": True},
            {"centered": True, "momentum": 0.5, "eps": 1e-4, "weight_decay": 0.02},
        )
    ]
    for name, kind, settings in variants:
        w = normal(n)
        p = torch.nn.Parameter(w.clone())
        o = kind([p], lr=0.05, **settings)
        grads, weights = normal(steps, n), []
        grads[2] *= 0.01  # so that the largest square of AMSGrad is an old one
        for g in grads:
            p.grad = g.clone()
            o.step()
            weights.append(p.detach().clone())
        defaults = {k: v for k, v in o.param_groups[0].items() if isinstance(v, (int, float)) and k != "params"}
        if "betas" in o.param_groups[0]:
            defaults["beta1"], defaults["beta2"] = o.param_groups[0]["betas"]
        case(name, {"w": w, "g": grads, "after": torch.stack(weights)}, **{k: float(v) for k, v in defaults.items()})


for make in (activations, softmax, batch_norm, pools, losses, optimisers):
    make()
text = "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n"
sys.stdout.buffer.write(gzip.compress(text.encode(), 9, mtime=0))

#!/usr/bin/env python3
"""Writes what PyTorch's optimisers and schedules compute, for the Go tests.

    python3 train/testdata/generate.py

PyTorch 1.13 (Debian: python3-torch). The same version writes the same bytes.
"""

import json
import pathlib
import warnings

import torch
from torch.optim import lr_scheduler as schedulers

HERE = pathlib.Path(__file__).parent
STEPS = 10
KEPT = (1, 2, 10)  # the steps whose parameters are kept
# The second parameter is exempted from weight decay in the cases that say so.
SHAPES = {"conv.weight": (3, 2, 3), "norm.weight": (1,), "fc.weight": (5, 7)}

OPTIMIZERS = [
    ("sgd", {"lr": 0.1}),
    ("sgd", {"lr": 0.1, "weight_decay": 0.05}),
    ("sgd", {"lr": 0.1, "momentum": 0.9}),
    ("sgd", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    ("sgd", {"lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4, "nesterov": True}),
    ("sgd", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1, "nesterov": True, "exempt": True}),
    ("adam", {}),
    ("adam", {"lr": 0.02, "betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1}),
    ("adam", {"lr": 0.02, "amsgrad": True}),
    ("adam", {"lr": 0.02, "weight_decay": 0.1, "exempt": True}),
    ("adamw", {}),
    ("adamw", {"lr": 0.02, "betas": (0.85, 0.95), "weight_decay": 0.3}),
    ("adamw", {"lr": 0.02, "weight_decay": 0.3, "amsgrad": True, "exempt": True}),
    ("rmsprop", {}),
    ("rmsprop", {"lr": 0.005, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1}),
    ("rmsprop", {"lr": 0.005, "momentum": 0.9}),
    ("rmsprop", {"lr": 0.005, "momentum": 0.9, "centered": True, "weight_decay": 0.1, "exempt": True}),
]
CLASSES = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
}


def flat(t):
    """Nine digits tell any two float32 apart."""
    return [float("%.9g" % v) for v in t.detach().reshape(-1).tolist()]


def optimizer_case(name, options, start, grads):
    """Ten steps; the learning rate falls by a tenth at each."""
    params = {k: torch.nn.Parameter(v.clone()) for k, v in start.items()}
    options = dict(options)
    exempt = options.pop("exempt", False)
    groups = [{"params": [p]} for p in params.values()]
    if exempt:
        groups[1]["weight_decay"] = 0.0
    opt = CLASSES[name](groups, foreach=False, **options)
    lr = opt.defaults["lr"]
    after = []
    for step in range(STEPS):
        for group in opt.param_groups:
            group["lr"] = lr * 0.9**step
        for k, p in params.items():
            p.grad = grads[step][k].clone()
        opt.step()
        if step + 1 in KEPT:
            after.append({"step": step + 1, "params": {k: flat(p) for k, p in params.items()}})
    return {"optimizer": name, "options": options, "exempt": exempt, "lr": lr, "after": after}


def optimizers():
    torch.manual_seed(1)
    start = {k: torch.randn(s) for k, s in SHAPES.items()}
    grads = [{k: torch.randn(s) for k, s in SHAPES.items()} for _ in range(STEPS)]
    return {
        "shapes": SHAPES,
        "start": {k: flat(v) for k, v in start.items()},
        "grads": [{k: flat(v) for k, v in g.items()} for g in grads],
        "cases": [optimizer_case(n, o, start, grads) for n, o in OPTIMIZERS],
    }


def rates(make, steps, lr=0.1, **options):
    """The learning rate and the momentum of every step."""
    opt = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9)
    schedule = make(opt)
    got = []
    for _ in range(steps):
        group = opt.param_groups[0]
        got.append([group["lr"], group["momentum"]])
        opt.step()
        schedule.step()
    return got


def warm(main, steps, factor):
    def make(opt):
        first = schedulers.LinearLR(opt, start_factor=factor, total_iters=steps)
        return schedulers.SequentialLR(opt, [first, main(opt)], [steps])

    return make


def schedules():
    one = schedulers.OneCycleLR
    cosine = schedulers.CosineAnnealingLR
    cases = {
        "constant": (lambda o: schedulers.LambdaLR(o, lambda _: 1), 5),
        "step": (lambda o: schedulers.StepLR(o, step_size=4, gamma=0.3), 15),
        "multistep": (lambda o: schedulers.MultiStepLR(o, milestones=[3, 4, 9], gamma=0.2), 12),
        "cosine": (lambda o: cosine(o, T_max=20), 21),
        "cosine_min": (lambda o: cosine(o, T_max=7, eta_min=0.01), 8),
        "polynomial": (lambda o: schedulers.PolynomialLR(o, total_iters=12), 15),
        "polynomial_power": (lambda o: schedulers.PolynomialLR(o, total_iters=9, power=2.5), 11),
        "onecycle": (lambda o: one(o, max_lr=0.1, total_steps=25), 25),
        "onecycle_options": (
            lambda o: one(o, max_lr=0.5, total_steps=40, pct_start=0.2, div_factor=10, final_div_factor=100,
                          base_momentum=0.8, max_momentum=0.9),
            40,
        ),
        "onecycle_fixed_momentum": (lambda o: one(o, max_lr=0.1, total_steps=9, cycle_momentum=False), 9),
        "warmup_cosine": (warm(lambda o: cosine(o, T_max=16, eta_min=0.001), 4, 0.01), 20),
        "warmup_step": (warm(lambda o: schedulers.StepLR(o, step_size=3, gamma=0.5), 5, 0.25), 14),
    }
    return {name: rates(make, steps) for name, (make, steps) in cases.items()}


def plateau(measures, **options):
    """The learning rate of every epoch, the one after the last included."""
    opt = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule = schedulers.ReduceLROnPlateau(opt, **options)
    rates = [opt.param_groups[0]["lr"]]
    for m in measures:
        schedule.step(m)
        rates.append(opt.param_groups[0]["lr"])
    return {"options": options, "measures": measures, "rates": rates}


def plateaus():
    wave = [1.0, 0.9, 0.95, 0.9, 0.8999, 0.7, 0.8, 0.8, 0.8, 0.69, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]
    rise = [0.1, 0.3, 0.3, 0.2, 0.31, 0.31, 0.30, 0.32, 0.32, 0.32, 0.33, 0.3, 0.3, 0.3]
    return [
        plateau(wave, mode="min", factor=0.5, patience=1, threshold=1e-4),
        plateau(wave, mode="min", factor=0.1, patience=0, threshold=0.1, min_lr=0.003),
        plateau(wave, mode="min", factor=0.1, patience=10, threshold=1e-4),
        plateau([1.0] * 12, mode="min", factor=0.1, patience=0, threshold=0.0),
        plateau(rise, mode="max", factor=0.2, patience=2, threshold=0.05),
        plateau(rise, mode="max", factor=0.2, patience=0, threshold=1e-4),
    ]


def averages():
    """AveragedModel with timm's formula, of weights and a buffer."""
    torch.manual_seed(2)
    steps, decay = 6, 0.8
    values = [torch.randn(5) for _ in range(steps)]

    def mean(avg, new, n):
        return decay * avg + (1 - decay) * new

    model = torch.nn.BatchNorm1d(5)
    average = torch.optim.swa_utils.AveragedModel(model, avg_fn=mean, use_buffers=True)
    after = []
    for v in values:
        with torch.no_grad():
            model.weight.copy_(v)
            model.running_mean.copy_(2 * v)
        average.update_parameters(model)
        after.append([flat(average.module.weight), flat(average.module.running_mean)])
    return {"decay": decay, "values": [flat(v) for v in values], "after": after}


def write(name, value):
    text = json.dumps(value, separators=(",", ":"))
    (HERE / name).write_text(text.replace('{"optimizer"', '\n{"optimizer"').replace('"warmup', '\n"warmup') + "\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # a step of the schedule before the first of the optimiser
    write("optimizers.json", optimizers())
    write("schedules.json", schedules())
    write("plateau.json", plateaus())
    write("average.json", averages())

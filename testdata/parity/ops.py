"""Cases of every differentiable operation: attributes, inputs, and PyTorch's
outputs and gradients, computed in float64 from float32 inputs."""

import math

import torch
import torch.nn.functional as F

from formula import Tensor, deviation, number, want

NAN, INF = math.nan, math.inf


def pair(v):
    return list(v) if isinstance(v, (tuple, list)) else [v, v]


class Case:
    """One case: run is called as run(attrs, inputs) -> {output name: tensor}."""

    def __init__(self, op, name, attrs, inputs, run, grads, labels=None, forward_only=False):
        self.op, self.name, self.attrs, self.run = op, op.lower() + "_" + name, attrs, run
        self.inputs = [
            Tensor(self.name + "/" + k, **v) if isinstance(v, dict) else Tensor(self.name + "/" + k, v)
            for k, v in inputs.items()
        ]
        self.grads = [] if forward_only else grads
        self.labels = labels

    def key(self, tensor):
        return tensor.name.split("/")[1]

    def compute(self, dtype):
        """Outputs, gradients, and dy as a Tensor."""
        ins = {self.key(t): torch.from_numpy(t.array().copy()).to(dtype) for t in self.inputs}
        for g in self.grads:
            ins[g].requires_grad_(True)
        args = dict(ins)
        if self.labels is not None:
            args["labels"] = torch.tensor(self.labels)
        outs = self.run(self.attrs, args)
        if not self.grads:
            return outs, {}, None
        y = next(iter(outs.values()))
        offset = 1.0 if y.dim() == 0 else 0.0
        dy = Tensor(self.name + "/dy", y.shape, scale=0.5 if y.dim() == 0 else 1.0, offset=offset)
        y.backward(torch.from_numpy(dy.array().copy()).reshape(y.shape).to(dtype))
        return outs, {g: ins[g].grad for g in self.grads}, dy

    def record(self):
        outs, grads, dy = self.compute(torch.float64)
        outs32, grads32, _ = self.compute(torch.float32)
        dev = 0.0
        for a, b in ((outs, outs32), (grads, grads32)):
            for k in a:
                dev = max(dev, deviation(b[k].detach(), a[k].detach()))
        d = {"op": self.op, "name": self.name, "attrs": self.attrs, "inputs": {self.key(t): t.spec() for t in self.inputs}}
        if self.labels is not None:
            d["labels"] = torch.tensor(self.labels).flatten().tolist()
        if dy is not None:
            d["dy"] = dy.spec()
        d["outputs"] = {k: want(self.name + "/" + k, v.detach()) for k, v in outs.items()}
        d["grads"] = {k: want(self.name + "/d" + k, v) for k, v in grads.items()}
        d["deviation"] = number("%.2g" % dev)
        return d


# Convolutions.


def run_conv(a, t):
    return {"y": F.conv2d(t["x"], t["weight"], t.get("bias"), a["stride"], a["padding"], a["dilation"], a["groups"])}


def conv(name, x, out, kernel, stride=1, padding=0, dilation=1, groups=1, bias=True):
    kh, kw = pair(kernel)
    fan = x[1] // groups * kh * kw
    ins = {"x": x, "weight": {"shape": (out, x[1] // groups, kh, kw), "scale": math.sqrt(3 / fan)}}
    if bias:
        ins["bias"] = (out,)
    attrs = {"stride": pair(stride), "padding": pair(padding), "dilation": pair(dilation), "groups": groups}
    return Case("Conv2d", name, attrs, ins, run_conv, list(ins))


def run_convt(a, t):
    return {
        "y": F.conv_transpose2d(
            t["x"], t["weight"], t.get("bias"), a["stride"], a["padding"], a["output_padding"], a["groups"], a["dilation"]
        )
    }


def convt(name, x, out, kernel, stride=1, padding=0, output_padding=0, dilation=1, groups=1, bias=True):
    kh, kw = pair(kernel)
    ins = {"x": x, "weight": {"shape": (x[1], out // groups, kh, kw), "scale": math.sqrt(3 / (x[1] // groups * kh * kw))}}
    if bias:
        ins["bias"] = (out,)
    attrs = {
        "stride": pair(stride),
        "padding": pair(padding),
        "output_padding": pair(output_padding),
        "dilation": pair(dilation),
        "groups": groups,
    }
    return Case("ConvTranspose2d", name, attrs, ins, run_convt, list(ins))


def convolutions():
    yield conv("1x1", (2, 3, 5, 7), 4, 1)
    yield conv("1x1_nobias", (1, 5, 4, 4), 3, 1, bias=False)
    yield conv("1x1_s2_even", (2, 4, 6, 6), 6, 1, stride=2, bias=False)
    yield conv("1x1_s2_odd", (2, 4, 7, 5), 6, 1, stride=2, bias=False)
    yield conv("1x1_s3", (1, 2, 8, 7), 3, 1, stride=3)
    yield conv("1x1_p1", (1, 2, 3, 4), 3, 1, padding=1)
    yield conv("one_number", (1, 1, 1, 1), 1, 1)
    yield conv("3x3_on_1x1", (2, 3, 1, 1), 4, 3, padding=1)
    yield conv("3x3_on_1xw", (1, 2, 1, 6), 3, 3, padding=1)
    yield conv("3x3", (2, 3, 6, 5), 4, 3)
    yield conv("3x3_exact", (2, 3, 3, 3), 5, 3)
    yield conv("3x3_p1", (2, 3, 6, 7), 4, 3, padding=1)
    yield conv("3x3_p1_nobias", (1, 4, 5, 5), 4, 3, padding=1, bias=False)
    yield conv("3x3_p2", (1, 2, 4, 5), 3, 3, padding=2)
    yield conv("3x3_p3", (1, 2, 4, 3), 2, 3, padding=3)
    yield conv("3x3_s2_p1_even", (2, 3, 8, 6), 4, 3, stride=2, padding=1)
    yield conv("3x3_s2_p1_odd", (2, 3, 7, 9), 4, 3, stride=2, padding=1)
    yield conv("3x3_s2_leftover", (1, 2, 8, 8), 3, 3, stride=2)
    yield conv("3x3_s3", (1, 2, 10, 9), 3, 3, stride=3, padding=1)
    yield conv("2x2_s3_gaps", (1, 2, 8, 9), 3, 2, stride=3)
    yield conv("2x2_p1", (1, 3, 4, 5), 2, 2, padding=1)
    yield conv("4x4_s2_p1", (2, 2, 8, 6), 3, 4, stride=2, padding=1)
    yield conv("5x3_s1x2_p2x1", (2, 2, 6, 7), 3, (5, 3), stride=(1, 2), padding=(2, 1))
    yield conv("1x7_p0x3", (1, 2, 3, 8), 3, (1, 7), padding=(0, 3))
    yield conv("7x7_s2_p3_stem", (2, 3, 17, 15), 4, 7, stride=2, padding=3, bias=False)
    yield conv("7x7_larger_than_input", (1, 2, 3, 4), 2, 7, padding=3)
    yield conv("11x11_s4_p2", (1, 1, 19, 23), 2, 11, stride=4, padding=2)
    yield conv("3x3_d2_p2", (2, 3, 7, 6), 4, 3, padding=2, dilation=2)
    yield conv("3x3_d2x3", (1, 2, 8, 9), 3, 3, padding=(1, 2), dilation=(2, 3))
    yield conv("3x3_d2_s2_p2", (1, 2, 9, 8), 3, 3, stride=2, padding=2, dilation=2)
    yield conv("3x3_d4_p4", (1, 2, 7, 7), 2, 3, padding=4, dilation=4)
    yield conv("3x3_g2", (2, 4, 5, 6), 6, 3, padding=1, groups=2)
    yield conv("3x3_g3_s2", (1, 6, 7, 7), 9, 3, stride=2, padding=1, groups=3, bias=False)
    yield conv("1x1_g2", (2, 4, 3, 5), 8, 1, groups=2)
    yield conv("depthwise", (2, 5, 6, 7), 5, 3, padding=1, groups=5)
    yield conv("depthwise_s2", (1, 17, 7, 6), 17, 3, stride=2, padding=1, groups=17, bias=False)
    yield conv("depthwise_multiplier", (1, 4, 5, 5), 12, 3, padding=1, groups=4)
    yield conv("depthwise_d2", (1, 3, 7, 8), 3, 3, padding=2, dilation=2, groups=3)
    yield conv("depthwise_5x5", (1, 3, 9, 8), 3, 5, padding=2, groups=3)
    # Widths that vectors divide, and that they do not; stored as samples.
    yield conv("wide_16_32", (2, 16, 14, 14), 32, 3, padding=1, bias=False)
    yield conv("wide_17_33", (2, 17, 9, 11), 33, 3, padding=1)
    yield conv("wide_64_64", (2, 64, 14, 14), 64, 3, padding=1, bias=False)
    yield conv("wide_64_128_s2", (2, 64, 15, 15), 128, 3, stride=2, padding=1, bias=False)
    yield conv("wide_96_80_7x7map", (3, 96, 7, 7), 80, 3, padding=1, bias=False)
    yield conv("wide_1x1_256_64", (2, 256, 7, 9), 64, 1, bias=False)
    yield conv("wide_1x1_64_256_s2", (2, 64, 13, 14), 256, 1, stride=2, bias=False)
    yield conv("wide_stem", (2, 3, 65, 49), 64, 7, stride=2, padding=3, bias=False)
    yield conv("wide_cifar_stem", (4, 3, 32, 32), 16, 3, padding=1, bias=False)
    yield conv("wide_g32_resnext", (2, 128, 14, 14), 128, 3, padding=1, groups=32, bias=False)
    yield conv("wide_g32_resnext_s2", (2, 256, 13, 13), 256, 3, stride=2, padding=1, groups=32, bias=False)
    yield conv("wide_g8_w20", (1, 160, 9, 10), 160, 3, padding=1, groups=8, bias=False)
    yield conv("wide_d2", (2, 32, 14, 15), 48, 3, padding=2, dilation=2, bias=False)
    yield conv("long_row", (1, 3, 3, 131), 5, 3, padding=1)
    yield conv("tall_column", (1, 3, 131, 2), 5, 3, padding=1)

    yield convt("1x1", (2, 3, 4, 5), 4, 1)
    yield convt("3x3", (2, 3, 4, 5), 2, 3)
    yield convt("one_number", (1, 1, 1, 1), 1, 1)
    yield convt("3x3_on_1x1", (1, 2, 1, 1), 3, 3)
    yield convt("3x3_p1", (2, 3, 5, 4), 4, 3, padding=1)
    yield convt("2x2_s2", (2, 4, 3, 5), 3, 2, stride=2)
    yield convt("2x2_s2_nobias", (1, 4, 3, 3), 3, 2, stride=2, bias=False)
    yield convt("4x4_s2_p1", (2, 3, 4, 5), 3, 4, stride=2, padding=1)
    yield convt("3x3_s2_p1_op1", (2, 3, 4, 3), 2, 3, stride=2, padding=1, output_padding=1)
    yield convt("3x3_s3_op2x1", (1, 2, 3, 4), 3, 3, stride=3, padding=1, output_padding=(2, 1))
    yield convt("2x2_s3_gaps", (1, 2, 3, 4), 2, 2, stride=3)
    yield convt("5x3_s2x3_p2x1", (1, 2, 4, 3), 2, (5, 3), stride=(2, 3), padding=(2, 1))
    yield convt("3x3_d2", (1, 2, 4, 5), 3, 3, dilation=2)
    yield convt("3x3_d3x2_s2_p2_op1", (1, 2, 4, 4), 2, 3, stride=2, padding=2, output_padding=1, dilation=(3, 2))
    yield convt("op_from_dilation", (1, 2, 3, 3), 2, 3, padding=1, output_padding=1, dilation=2)
    yield convt("3x3_g2", (2, 4, 4, 3), 6, 3, stride=2, padding=1, groups=2)
    yield convt("depthwise", (1, 4, 4, 5), 4, 4, stride=2, padding=1, groups=4, bias=False)
    yield convt("wide_100_64", (2, 100, 1, 1), 64, 4)
    yield convt("wide_64_32", (2, 64, 8, 7), 32, 4, stride=2, padding=1, bias=False)
    yield convt("wide_33_17", (1, 33, 6, 5), 17, 3, stride=2, padding=1, output_padding=1)


# Normalisation.


def run_bn(a, t):
    mean, var = t["running_mean"].clone(), t["running_var"].clone()
    y = F.batch_norm(t["x"], mean, var, t.get("weight"), t.get("bias"), a["training"], a["momentum"], a["eps"])
    return {"y": y, "running_mean": mean, "running_var": var}


def bn(name, x, training, eps=1e-5, momentum=0.1, affine=True):
    x = x if isinstance(x, dict) else {"shape": x}
    c = (x["shape"][1],)
    ins = {"x": x}
    if affine:
        ins["weight"] = {"shape": c, "scale": 0.5, "offset": 1}
        ins["bias"] = c
    grads = list(ins)
    ins["running_mean"] = {"shape": c, "scale": 0.5}
    ins["running_var"] = {"shape": c, "scale": 0.5, "offset": 1}
    attrs = {"training": training, "eps": eps, "momentum": momentum}
    return Case("BatchNorm2d", ("train_" if training else "eval_") + name, attrs, ins, run_bn, grads)


def normalisations():
    for training in (True, False):
        yield bn("small", (2, 3, 4, 5), training)
        yield bn("one_channel", (3, 1, 5, 3), training)
        yield bn("batch_1", (1, 4, 3, 7), training)
        yield bn("1x1_maps", (9, 5, 1, 1), training)
        yield bn("eps_momentum", (4, 3, 3, 3), training, eps=1e-3, momentum=0.01)
        yield bn("momentum_1", (2, 2, 3, 3), training, momentum=1.0)
        yield bn("momentum_0", (2, 2, 3, 3), training, momentum=0.0)
        yield bn("no_affine", (3, 4, 4, 2), training, affine=False)
        yield bn("mean_far_from_0", {"shape": (4, 3, 5, 5), "scale": 1, "offset": 30}, training)
        yield bn("tiny_variance", {"shape": (4, 3, 5, 5), "scale": 1e-3}, training)
        yield bn("wide", (4, 33, 9, 7), training)
    yield bn("constant_channel", {"shape": (2, 2, 3, 3), "scale": 0, "offset": 2}, True)
    yield bn("two_values", (2, 3, 1, 1), True, eps=0.1)
    yield bn("nan_in_one_channel", {"shape": (2, 2, 2, 3), "set": {1: NAN}}, True)


# Pooling.


def run_maxpool(a, t):
    return {"y": F.max_pool2d(t["x"], a["kernel_size"], a["stride"], a["padding"], a["dilation"], a["ceil_mode"])}


def maxpool(name, x, kernel, stride=None, padding=0, dilation=1, ceil_mode=False, forward_only=False):
    attrs = {
        "kernel_size": pair(kernel),
        "stride": pair(kernel if stride is None else stride),
        "padding": pair(padding),
        "dilation": pair(dilation),
        "ceil_mode": ceil_mode,
    }
    return Case("MaxPool2d", name, attrs, {"x": x}, run_maxpool, ["x"], forward_only=forward_only)


def run_avgpool(a, t):
    return {
        "y": F.avg_pool2d(t["x"], a["kernel_size"], a["stride"], a["padding"], a["ceil_mode"], a["count_include_pad"])
    }


def avgpool(name, x, kernel, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    attrs = {
        "kernel_size": pair(kernel),
        "stride": pair(kernel if stride is None else stride),
        "padding": pair(padding),
        "ceil_mode": ceil_mode,
        "count_include_pad": count_include_pad,
    }
    return Case("AvgPool2d", name, attrs, {"x": x}, run_avgpool, ["x"])


def run_adaptive(a, t):
    return {"y": F.adaptive_avg_pool2d(t["x"], a["output_size"])}


def adaptive(name, x, output):
    return Case("AdaptiveAvgPool2d", name, {"output_size": pair(output)}, {"x": x}, run_adaptive, ["x"])


def poolings():
    yield maxpool("2x2", (2, 3, 6, 4), 2)
    yield maxpool("2x2_leftover", (2, 3, 7, 5), 2)
    yield maxpool("2x2_leftover_ceil", (2, 3, 7, 5), 2, ceil_mode=True)
    yield maxpool("3x3_s2_p1_even", (2, 3, 8, 6), 3, 2, 1)
    yield maxpool("3x3_s2_p1_odd", (2, 3, 9, 7), 3, 2, 1)
    yield maxpool("3x3_s2_p1_ceil", (2, 3, 8, 6), 3, 2, 1, ceil_mode=True)
    yield maxpool("3x3_s1_p1", (1, 2, 5, 4), 3, 1, 1)
    yield maxpool("3x3_s3_gaps", (1, 2, 8, 9), 2, 3)
    yield maxpool("ceil_window_outside", (1, 2, 5, 5), 2, 3, 1, ceil_mode=True)
    yield maxpool("d2", (1, 2, 7, 8), 3, 1, 1, dilation=2)
    yield maxpool("d2x3_s2_ceil", (1, 2, 9, 10), (3, 2), 2, (1, 1), dilation=(2, 3), ceil_mode=True)
    yield maxpool("3x2_s2x1", (2, 2, 7, 6), (3, 2), (2, 1), (1, 0))
    yield maxpool("1x1", (1, 3, 3, 4), 1)
    yield maxpool("1x1_s2", (1, 3, 5, 4), 1, 2)
    yield maxpool("on_1x1", (2, 3, 1, 1), 3, 2, 1)
    yield maxpool("whole_map", (2, 3, 5, 6), (5, 6))
    yield maxpool("all_negative", {"shape": (1, 2, 5, 5), "scale": 1, "offset": -5}, 3, 2, 1)
    yield maxpool("ties_first_wins", {"shape": (1, 2, 6, 6), "scale": 0, "offset": 1}, 3, 2, 1)
    yield maxpool("nan_and_inf", {"shape": (1, 1, 6, 6), "set": {0: NAN, 15: INF, 28: -INF}}, 2)
    yield maxpool("window_of_minus_inf", {"shape": (1, 1, 4, 4), "set": {0: -INF, 1: -INF, 4: -INF, 5: -INF}}, 2)
    yield maxpool("window_of_nan", {"shape": (1, 1, 4, 4), "set": {0: NAN, 1: NAN, 4: NAN, 5: NAN}}, 2)
    yield maxpool("wide", (2, 33, 15, 17), 3, 2, 1)

    yield avgpool("2x2", (2, 3, 6, 4), 2)
    yield avgpool("2x2_leftover", (2, 3, 7, 5), 2)
    yield avgpool("2x2_leftover_ceil", (2, 3, 7, 5), 2, ceil_mode=True)
    yield avgpool("3x3_s2_p1", (2, 3, 8, 7), 3, 2, 1)
    yield avgpool("3x3_s2_p1_exclude", (2, 3, 8, 7), 3, 2, 1, count_include_pad=False)
    yield avgpool("3x3_s2_p1_ceil", (2, 3, 8, 7), 3, 2, 1, ceil_mode=True)
    yield avgpool("3x3_s2_p1_ceil_exclude", (2, 3, 8, 7), 3, 2, 1, ceil_mode=True, count_include_pad=False)
    yield avgpool("ceil_window_outside", (1, 2, 5, 5), 2, 3, 1, ceil_mode=True)
    yield avgpool("2x2_s3_gaps", (1, 2, 8, 9), 2, 3)
    yield avgpool("3x2_s1x2_p1x0", (2, 2, 5, 6), (3, 2), (1, 2), (1, 0))
    yield avgpool("5x5_s1_p2", (1, 2, 6, 5), 5, 1, 2)
    yield avgpool("on_1x1", (2, 3, 1, 1), 3, 2, 1)
    yield avgpool("on_1x1_exclude", (2, 3, 1, 1), 3, 2, 1, count_include_pad=False)
    yield avgpool("whole_map", (2, 3, 5, 6), (5, 6))
    yield avgpool("wide", (2, 33, 15, 17), 2)

    yield adaptive("1", (2, 3, 5, 7), 1)
    yield adaptive("1_on_1x1", (3, 4, 1, 1), 1)
    yield adaptive("1_wide", (2, 65, 7, 7), 1)
    yield adaptive("3x2", (2, 2, 7, 5), (3, 2))
    yield adaptive("larger_than_input", (1, 2, 2, 3), (5, 4))
    yield adaptive("same", (1, 2, 3, 4), (3, 4))


# Everything that is dense or element by element.


def run_linear(a, t):
    return {"y": F.linear(t["x"], t["weight"], t.get("bias"))}


def linear(name, x, out, bias=True):
    ins = {"x": x, "weight": {"shape": (out, x[-1]), "scale": math.sqrt(3 / x[-1])}}
    if bias:
        ins["bias"] = (out,)
    return Case("Linear", name, {}, ins, run_linear, list(ins))


def add(name, a, b):
    return Case("Add", name, {}, {"a": a, "b": b}, lambda _, t: {"y": t["a"] + t["b"]}, ["a", "b"])


def dense():
    yield linear("small", (3, 5), 4)
    yield linear("nobias", (3, 5), 4, bias=False)
    yield linear("one_number", (1, 1), 1)
    yield linear("batch_1", (1, 17), 3)
    yield linear("one_output", (4, 7), 1)
    yield linear("wide", (5, 131), 67)
    yield linear("three_axes", (2, 3, 5), 4)

    yield add("same", (2, 3, 4, 5), (2, 3, 4, 5))
    yield add("channel", (2, 3, 4, 5), (1, 3, 1, 1))
    yield add("bias_rows", (3, 5), (1, 5))
    yield add("bias_rank_1", (3, 5), (5,))
    yield add("column", (3, 5), (3, 1))
    yield add("both_sides", (3, 1, 4), (1, 5, 1))
    yield add("lower_rank", (2, 3, 4), (3, 1))
    yield add("scalar", (2, 3), (1, 1))
    yield add("spatial", (2, 3, 4, 5), (2, 1, 4, 5))
    yield add("wide", (4, 33, 7, 9), (1, 33, 1, 1))


def elementwise():
    special = {0: 0.0, 1: -0.0, 2: NAN, 5: 1e-30, 6: -1e-30, 7: 40.0, 8: -40.0, 9: 100.0, 10: -100.0}
    infinite = {3: INF, 4: -INF}

    def unary(op, f, attrs=None):
        run = lambda a, t: {"y": f(t["x"], **a)}
        tag = "".join("_%s" % v for v in (attrs or {}).values())
        yield Case(op, "small" + tag, attrs or {}, {"x": {"shape": (2, 3, 5, 7), "scale": 4}}, run, ["x"])
        yield Case(op, "one_number" + tag, attrs or {}, {"x": (1, 1)}, run, ["x"])
        # PyTorch's GELU makes NaN of infinities (0 * inf); nobody need follow.
        values = special if op == "GELU" else {**special, **infinite}
        yield Case(op, "special" + tag, attrs or {}, {"x": {"shape": (1, 19), "scale": 4, "set": values}}, run, ["x"])

    yield from unary("ReLU", F.relu)
    yield from unary("LeakyReLU", F.leaky_relu, {"negative_slope": 0.01})
    yield from unary("LeakyReLU", F.leaky_relu, {"negative_slope": 0.2})
    yield from unary("Sigmoid", torch.sigmoid)
    yield from unary("Tanh", torch.tanh)
    yield from unary("GELU", F.gelu, {"approximate": "none"})
    yield from unary("GELU", F.gelu, {"approximate": "tanh"})


def softmaxes():
    for op, f in (("Softmax", F.softmax), ("LogSoftmax", F.log_softmax)):
        run = lambda a, t, f=f: {"y": f(t["x"], **a)}

        def case(name, x, dim):
            return Case(op, name, {"dim": dim}, {"x": x}, run, ["x"])

        yield case("rows", {"shape": (3, 7), "scale": 3}, 1)
        yield case("last", {"shape": (2, 3, 5), "scale": 3}, -1)
        yield case("first", {"shape": (4, 3), "scale": 3}, 0)
        yield case("channels", {"shape": (2, 5, 3, 4), "scale": 3}, 1)
        yield case("one_class", (3, 1), 1)
        yield case("large", {"shape": (2, 6), "scale": 3, "offset": 1000}, 1)
        yield case("thousand_classes", {"shape": (2, 1000), "scale": 5}, 1)
        yield case("minus_inf", {"shape": (2, 4), "scale": 3, "set": {1: -INF}}, 1)
        yield case("nan", {"shape": (2, 4), "scale": 3, "set": {1: NAN}}, 1)


# Losses.


def run_ce(a, t):
    kw = {k: a[k] for k in ("ignore_index", "label_smoothing", "reduction")}
    return {"y": F.cross_entropy(t["x"], t["labels"], weight=t.get("weight"), **kw)}


def ce(name, x, labels, weight=False, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    x = x if isinstance(x, dict) else {"shape": x, "scale": 3}
    ins = {"x": x}
    if weight:
        ins["weight"] = {"shape": (x["shape"][1],), "scale": 0.8, "offset": 1}
    attrs = {"ignore_index": ignore_index, "label_smoothing": label_smoothing, "reduction": reduction}
    return Case("CrossEntropyLoss", name, attrs, ins, run_ce, ["x"], labels=labels)


def losses():
    labels = [3, 0, 6, 2, 3]
    for reduction in ("mean", "sum", "none"):
        for weight in (False, True):
            for smoothing in (0.0, 0.1):
                for ignore in (-100, 3):
                    name = reduction + ("_weight" if weight else "") + ("_smooth" if smoothing else "")
                    name += "_ignore" if ignore >= 0 else ""
                    yield ce(name, (5, 7), labels, weight, ignore, smoothing, reduction)
    yield ce("one_row", (1, 4), [2])
    yield ce("one_class", (3, 1), [0, 0, 0])
    yield ce("smooth_1", (3, 4), [1, 0, 3], label_smoothing=1.0)
    yield ce("large", {"shape": (3, 5), "scale": 1000}, [4, 0, 1])
    yield ce("thousand_classes", {"shape": (2, 1000), "scale": 5}, [999, 17], label_smoothing=0.1)
    yield ce("ignore_negative", (3, 4), [1, -1, 3], ignore_index=-1)
    yield ce("all_ignored_mean", (2, 4), [1, 1], ignore_index=1)
    yield ce("all_ignored_sum", (2, 4), [1, 1], ignore_index=1, reduction="sum")
    yield ce("pixels", (2, 3, 2, 2), [[[0, 1], [2, 0]], [[1, 1], [0, 2]]])
    yield ce("pixels_all_options", (2, 3, 2, 2), [[[0, 1], [2, 0]], [[1, 1], [0, 2]]], True, 2, 0.2)

    def bce(name, x, weight=None, pos_weight=None, reduction="mean"):
        x = x if isinstance(x, dict) else {"shape": x, "scale": 4}
        ins = {"x": x, "target": {"shape": x["shape"], "scale": 0.5, "offset": 0.5}}
        if weight:
            ins["weight"] = {"shape": weight, "scale": 0.8, "offset": 1}
        if pos_weight:
            ins["pos_weight"] = {"shape": pos_weight, "scale": 1, "offset": 2}
        run = lambda a, t: {
            "y": F.binary_cross_entropy_with_logits(
                t["x"], t["target"], t.get("weight"), pos_weight=t.get("pos_weight"), reduction=a["reduction"]
            )
        }
        return Case("BCEWithLogitsLoss", name, {"reduction": reduction}, ins, run, ["x"])

    for reduction in ("mean", "sum", "none"):
        yield bce(reduction, (3, 5), reduction=reduction)
        yield bce(reduction + "_weight", (3, 5), weight=(3, 5), reduction=reduction)
        yield bce(reduction + "_pos_weight", (3, 5), pos_weight=(5,), reduction=reduction)
    yield bce("both_weights", (2, 3), weight=(2, 3), pos_weight=(3,))
    yield bce("one_logit", (4, 1))
    yield bce("large", {"shape": (2, 6), "scale": 300})
    yield bce("maps", (2, 1, 3, 4))

    for reduction in ("mean", "sum", "none"):
        run = lambda a, t: {"y": F.mse_loss(t["x"], t["target"], reduction=a["reduction"])}
        yield Case("MSELoss", reduction, {"reduction": reduction}, {"x": (3, 5), "target": (3, 5)}, run, ["x", "target"])
    yield Case("MSELoss", "maps", {"reduction": "mean"}, {"x": (2, 3, 4, 5), "target": (2, 3, 4, 5)}, run, ["x", "target"])


def records():
    """Every case, by name; names are unique because the formula starts there."""
    cases = [
        c
        for table in (convolutions, normalisations, poolings, dense, elementwise, softmaxes, losses)
        for c in table()
    ]
    assert len({c.name for c in cases}) == len(cases), "two cases with one name"
    return [c.record() for c in cases]

"""Cases of torch.nn.LSTM: all results, and what comes back through each."""

import math

import torch

from ops import INF, NAN, Case


def lstm(name, n, t, size, hidden, layers=1, bias=True, uses="output", scale=1.0, x={}):
    m = torch.nn.LSTM(size, hidden, layers, bias=bias, batch_first=True)
    ins = {"x": {"shape": (n, t, size), **x}, "h0": (layers, n, hidden), "c0": (layers, n, hidden)}
    for k, p in m.state_dict().items():
        wide = math.sqrt(3 / p.shape[1]) if p.dim() > 1 else 0.3
        ins[k] = {"shape": tuple(p.shape), "scale": scale * wide}

    def run(a, given):
        # What the module calls: it keeps a list of its parameters that functional_call does not see.
        weights = [given[k] for k in m.state_dict()]
        y, hn, cn = torch.lstm(given["x"], (given["h0"], given["c0"]), weights, bias, layers, 0.0, True, False, True)
        hn, cn = hn.sum(0), cn.sum(0)
        if uses == "hidden":
            return {"y": hn}
        if uses == "cell":
            return {"y": cn}
        return {"y": y if uses == "output" else y + (hn + cn)[:, None]}

    return Case("LSTM", name, {"layers": layers, "uses": uses}, ins, run, list(ins))


def cases():
    yield lstm("one_number", 1, 1, 1, 1)
    yield lstm("one_step", 3, 1, 5, 17)
    yield lstm("one_sequence", 1, 7, 3, 17)
    yield lstm("one_feature", 3, 4, 1, 16)
    yield lstm("one_unit", 3, 4, 17, 1)
    for layers in (1, 2):
        kind = "" if layers == 1 else "_2layers"
        for uses in ("output", "hidden", "cell", "all"):
            yield lstm(uses + kind, 3, 5, 4, 3, layers, uses=uses)
            yield lstm(uses + kind + "_nobias", 2, 3, 3, 17, layers, bias=False, uses=uses)
    yield lstm("3_layers", 2, 6, 5, 8, 3, uses="all")
    yield lstm("units_17", 17, 3, 17, 17, uses="all")
    yield lstm("units_33_one_step", 5, 1, 7, 33, uses="all")
    yield lstm("units_64_long", 2, 65, 3, 64)
    yield lstm("units_256", 3, 4, 17, 256, uses="all")
    yield lstm("units_256_one_token", 1, 1, 256, 256, uses="all")
    yield lstm("units_256_2layers", 2, 5, 256, 256, 2)
    yield lstm("sequences_33", 33, 3, 16, 32, 2, uses="all")
    yield lstm("sequences_100", 100, 2, 2, 5)
    yield lstm("saturated", 2, 5, 4, 6, scale=15.0, uses="all")
    yield lstm("nan", 2, 4, 3, 5, x={"set": {4: NAN}})
    yield lstm("infinity", 2, 4, 3, 5, x={"set": {4: INF}})


def records():
    return [c.record() for c in cases()]

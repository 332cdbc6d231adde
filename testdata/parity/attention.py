"""Cases of attention: the operation itself, torch.nn.MultiheadAttention and
torch.nn.TransformerEncoderLayer."""

import math

import torch
from torch.nn.utils.stateless import functional_call

from ops import INF, NAN, Case


def attend(a, q, k, v, mask=None):
    """Of (N, T, E), as F.multi_head_attention_forward without its projections."""
    q, k, v = (x.unflatten(2, (a["heads"], -1)).transpose(1, 2) for x in (q, k, v))
    scores = q @ k.transpose(2, 3) * (a["scale"] or 1 / math.sqrt(q.shape[3]))
    if a["is_causal"]:
        scores = scores.masked_fill(~torch.ones_like(scores[0, 0], dtype=torch.bool).tril(), -INF)
    if mask is not None:
        scores = scores + mask
    return (scores.softmax(3) @ v).transpose(1, 2).flatten(2)


def attrs(heads, causal=False, scale=0.0):
    return {"heads": heads, "is_causal": causal, "scale": scale}


def self_attention(name, n, t, heads, size, causal=False, scale=0.0, **tensor):
    qkv = {"shape": (n, t, 3 * heads * size), **tensor}
    return Case(
        "SelfAttention", name, attrs(heads, causal, scale), {"qkv": qkv},
        lambda a, t: {"y": attend(a, *t["qkv"].chunk(3, 2))}, ["qkv"],
    )


def attention(name, n, tq, tk, heads, size, vsize=None, causal=False, scale=0.0, mask=None, k={}):
    ins = {
        "q": (n, tq, heads * size),
        "k": {"shape": (n, tk, heads * size), **k},
        "v": (n, tk, heads * (vsize or size)),
    }
    grads = list(ins)
    if mask is not None:
        ins["mask"] = mask
    return Case(
        "Attention", name, attrs(heads, causal, scale), ins,
        lambda a, t: {"y": attend(a, t["q"], t["k"], t["v"], t.get("mask"))}, grads,
    )


def module(op, name, attributes, make, x, run):
    """One of a module without dropout, with the parameters of its state dict."""
    with torch.no_grad():
        m = make()
    ins = {"x": x}
    for k, p in m.state_dict().items():
        if "norm" in k and k.endswith("weight"):
            ins[k] = {"shape": tuple(p.shape), "scale": 0.2, "offset": 1}
        elif k.endswith("weight"):
            ins[k] = {"shape": tuple(p.shape), "scale": math.sqrt(3 / p.shape[1])}
        else:
            ins[k] = {"shape": tuple(p.shape), "scale": 0.2}

    def call(a, t):
        state = {k: t[k] for k in t if k != "x"}
        return {"y": functional_call(m.to(t["x"].dtype), state, run(t["x"]))}

    return Case(op, name, attributes, ins, call, list(ins))


def square(x, causal):
    t = x.shape[1]
    return torch.full((t, t), -math.inf, dtype=x.dtype).triu(1) if causal else None


def multihead(name, n, t, heads, width, causal=False):
    class First(torch.nn.MultiheadAttention):
        def forward(self, x, mask):
            return super().forward(x, x, x, attn_mask=mask, need_weights=False)[0]

    return module(
        "MultiheadAttention", name, attrs(heads, causal), lambda: First(width, heads, batch_first=True),
        (n, t, width), lambda x: (x, square(x, causal)),
    )


def encoder(name, n, t, heads, width, ff, pre_norm=False, activation="relu", causal=False):
    a = {**attrs(heads, causal), "dim_feedforward": ff, "norm_first": pre_norm, "activation": activation}
    return module(
        "TransformerEncoderLayer", name, a,
        lambda: torch.nn.TransformerEncoderLayer(width, heads, ff, 0.0, activation, batch_first=True, norm_first=pre_norm),
        (n, t, width), lambda x: (x, square(x, causal)),
    )


def cases():
    for causal in (False, True):
        kind = "_causal" if causal else ""
        yield self_attention("one_position" + kind, 2, 1, 3, 4, causal)
        for t, size in ((5, 1), (5, 3), (5, 17), (5, 64), (64, 32), (65, 3), (65, 17), (130, 1), (130, 64)):
            yield self_attention("t%d_size%d%s" % (t, size, kind), 2, t, 1 if t > 100 else 2, size, causal)
        yield self_attention("one_item_of_12_heads" + kind, 1, 33, 12, 8, causal)
        yield self_attention("many_positions" + kind, 1, 1100, 1, 8, causal)
        yield self_attention("scale" + kind, 2, 7, 2, 5, causal, scale=0.3)
        yield self_attention("large_scores" + kind, 1, 9, 1, 4, causal, scale=20.0)
        yield attention("more_keys" + kind, 2, 5, 9, 2, 3, causal=causal)
        yield attention("more_queries" + kind, 2, 70, 9, 2, 3, causal=causal)
        yield attention("wide_values" + kind, 2, 6, 7, 2, 3, 8, causal=causal)
        yield attention("one_query" + kind, 3, 1, 70, 2, 16, causal=causal)
        yield attention("one_key" + kind, 3, 4, 1, 2, 16, causal=causal)
        yield attention("mask" + kind, 2, 5, 6, 2, 3, causal=causal, mask=(2, 2, 5, 6))
        yield multihead("mha" + kind, 2, 7, 2, 6, causal)
        yield multihead("long" + kind, 2, 65, 4, 32, causal)
    for shape in ((6,), (1,), (5, 1), (5, 6), (2, 1, 6), (1, 2, 5, 1), (2, 1, 1, 6), (2, 1, 5, 6), (2, 2, 1, 1)):
        yield attention("mask_of_" + "x".join(map(str, shape)), 2, 5, 6, 2, 3, mask=shape)
    minus = {"shape": (5, 6), "set": {3: -INF, 8: -INF, 9: -INF, 29: -INF}}
    yield attention("mask_of_minus_infinity", 2, 5, 6, 2, 3, mask=minus)
    all_minus = {"shape": (3, 4), "set": {4: -INF, 5: -INF, 6: -INF, 7: -INF}}
    yield attention("all_masked", 1, 3, 4, 1, 2, mask=all_minus)
    yield attention("nan_in_a_key", 2, 3, 4, 2, 3, k={"set": {4: NAN}})
    yield attention("infinity_in_a_key", 2, 3, 4, 2, 3, k={"set": {4: INF}})
    for pre_norm in (False, True):
        for activation in ("relu", "gelu"):
            for causal in (False, True):
                name = "_".join(["pre" if pre_norm else "post", activation] + ["causal"] * causal)
                yield encoder(name, 2, 6, 2, 8, 12, pre_norm, activation, causal)
    yield encoder("small_lm", 2, 64, 4, 32, 64, True, "gelu", True)


def records():
    return [c.record() for c in cases()]

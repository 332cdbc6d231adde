"""Cases of the operations of models of sequences: LayerNorm and Embedding."""

import torch.nn.functional as F

from ops import INF, NAN, Case


def run_layernorm(a, t):
    x = t["x"] + t["residual"] if "residual" in t else t["x"]
    return {"y": F.layer_norm(x, x.shape[-1:], t.get("weight"), t.get("bias"), a["eps"])}


def layernorm(name, x, affine=2, residual=False, eps=1e-5):
    """affine: how many of weight and bias there are."""
    ins = {"x": x}
    e = (x["shape"] if isinstance(x, dict) else x)[-1]
    if affine > 0:
        ins["weight"] = {"shape": (e,), "scale": 0.5, "offset": 1}
    if affine > 1:
        ins["bias"] = (e,)
    if residual:
        ins["residual"] = x["shape"] if isinstance(x, dict) else x
    # One value alone is its mean: all gradients but that of bias are 0, and rounding
    # in PyTorch.
    grads = list(ins) if e > 1 else [k for k in ins if k == "bias"]
    return Case("LayerNorm", name, {"eps": eps}, ins, run_layernorm, grads)


def run_embedding(a, t):
    return {"y": F.embedding(t["labels"], t["weight"])}


def embedding(name, tokens, vocab, dim):
    return Case("Embedding", name, {}, {"weight": (vocab, dim)}, run_embedding, ["weight"], labels=tokens)


def cases():
    for e in (1, 2, 3, 17, 128, 768):
        # Two values become 1 and -1, whatever they are, but for eps.
        eps = 0.1 if e == 2 else 1e-5
        yield layernorm("one_row_of_%d" % e, (1, e), eps=eps)
        yield layernorm("rows_of_%d" % e, (5, e), eps=eps)
        yield layernorm("rows_of_%d_residual" % e, (5, e), residual=True, eps=eps)
        if e > 1:
            yield layernorm("rows_of_%d_no_affine" % e, (3, e), affine=0, eps=eps)
    yield layernorm("no_bias", (4, 33), affine=1)
    yield layernorm("no_affine_residual", (4, 33), affine=0, residual=True)
    yield layernorm("no_bias_residual", (4, 33), affine=1, residual=True)
    yield layernorm("rank_1", (7,))
    yield layernorm("sequences", (2, 3, 16))
    yield layernorm("sequences_residual", (2, 3, 16), residual=True)
    yield layernorm("rank_4", (2, 3, 2, 5))
    yield layernorm("rank_5", (1, 2, 3, 2, 16))
    yield layernorm("many_rows", (700, 24), residual=True)
    yield layernorm("eps", (3, 9), eps=0.1)
    yield layernorm("eps_small", (3, 9), eps=1e-12)
    yield layernorm("mean_far_from_0", {"shape": (4, 65), "scale": 1, "offset": 10})
    yield layernorm("tiny_variance", {"shape": (4, 65), "scale": 1e-4})
    yield layernorm("constant_rows", {"shape": (3, 10), "scale": 0, "offset": 2})
    yield layernorm("nan_in_one_row", {"shape": (3, 10), "set": {13: NAN}})
    yield layernorm("infinity_in_one_row", {"shape": (3, 10), "set": {13: INF}})
    yield layernorm("minus_infinity_in_one_row", {"shape": (3, 40), "set": {79: -INF}}, residual=True)

    yield embedding("one", [0], 1, 1)
    yield embedding("row", [3, 0, 3, 3, 1], 4, 3)
    yield embedding("batch", [[6, 5, 4], [6, 5, 4]], 7, 33)
    yield embedding("three_axes", [[[1, 1]], [[2, 0]]], 3, 128)
    yield embedding("wide", [[i * i % 65 for i in range(40)]], 65, 768)


def records():
    return [c.record() for c in cases()]

"""Cases of the cross-entropy against the probabilities of classes."""

import torch.nn.functional as F

from ops import Case


def run(a, t):
    return {"y": F.cross_entropy(t["x"], t["target"], label_smoothing=a["label_smoothing"], reduction=a["reduction"])}


def case(name, x, label_smoothing=0.0, reduction="mean", scale=3):
    # Targets of the formula do not add up to 1: PyTorch does not want that either.
    ins = {"x": {"shape": x, "scale": scale}, "target": {"shape": x, "scale": 0.5, "offset": 0.5}}
    return Case("SoftCrossEntropy", name, {"label_smoothing": label_smoothing, "reduction": reduction}, ins, run, ["x"])


def cases():
    for reduction in ("mean", "sum", "none"):
        for smoothing in (0.0, 0.1, 1.0):
            yield case("%s_smooth_%d" % (reduction, 10 * smoothing), (5, 7), smoothing, reduction)
    yield case("one_row", (1, 4))
    yield case("large", (3, 5), scale=1000)
    yield case("ten_classes", (33, 10), 0.1)
    yield case("many_rows", (700, 17), 0.1)
    yield case("thousand_classes", (3, 1000), 0.1, scale=5)


def records():
    return [c.record() for c in cases()]

"""Writes adapt.json: what timm's adapt_input_conv makes of the weights of a first
convolution for colour images, computed with PyTorch.

    python3 adapt.py

timm is not needed: the two lines of its formula that matter are here. Values are
told as the hexadecimal little-endian bytes of float32.
"""

import json
import math
import os

import torch


def adapt(w, channels):
    """The weights for so many input channels."""
    if channels == 1:
        return w.sum(dim=1, keepdim=True)
    w = w.repeat(1, math.ceil(channels / 3), 1, 1)[:, :channels]
    return w * (3 / channels)


def told(t):
    return {"shape": list(t.shape), "values": t.contiguous().numpy().tobytes().hex()}


if __name__ == "__main__":
    torch.manual_seed(1)
    weights = torch.randn(5, 3, 3, 2)
    cases = {"from": told(weights), "to": [told(adapt(weights, c)) for c in (1, 2, 4, 5, 6, 7, 10)]}
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "adapt.json"), "w") as f:
        json.dump(cases, f, indent=1)
        f.write("\n")

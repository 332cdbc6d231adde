"""The numbers of the parity fixtures: a formula that Python and Go compute alike.

README.md beside this file states it; internal/parity/formula.go is the same
thing in Go. Nothing here depends on a random number generator of a library.
"""

import math
import zlib

import numpy as np

GAMMA = 0x9E3779B97F4A7C15  # the step of splitmix64
MASK = (1 << 64) - 1
NUDGE = 1 / 128  # the unit of Tensor.nudge


def fnv1a(name):
    """FNV-1a, 64 bits, of the UTF-8 bytes of a name."""
    h = 0xCBF29CE484222325
    for b in name.encode():
        h = ((h ^ b) * 0x100000001B3) & MASK
    return h


def words(name, n):
    """The first n outputs of splitmix64 started at fnv1a(name), as uint64."""
    with np.errstate(over="ignore"):
        z = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(GAMMA) + np.uint64(fnv1a(name))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def uniform(name, n):
    """n numbers of [-1, 1), multiples of 2^-23, as float64."""
    return (words(name, n) >> np.uint64(40)).astype(np.float64) * 2.0 ** -23 - 1.0


def positions(name, n, count):
    """count places of a tensor with n elements that a fixture samples."""
    return [(int(w) >> 32) * n >> 32 for w in words(name + "#at", count)]


class Tensor:
    """A tensor of the formula: offset + scale * uniform, rounded to float32.

    nudge, if there is one, holds a small integer k for each element, which adds
    k * NUDGE before the rounding. set overwrites single elements, for zeros, NaN
    and infinities.
    """

    def __init__(self, name, shape, scale=1.0, offset=0.0, set=None):
        self.name = name
        self.shape = [int(d) for d in shape]
        # float32 values, so that scale * uniform is exact in float64.
        self.scale = float(np.float32(scale))
        self.offset = float(np.float32(offset))
        self.nudge = None
        self.set = set or {}

    def array(self):
        n = math.prod(self.shape)
        data = self.offset + self.scale * uniform(self.name, n)
        if self.nudge is not None:
            data += np.asarray(self.nudge) * NUDGE
        data = data.astype(np.float32)
        for i, v in self.set.items():
            data[i] = v
        return data.reshape(self.shape)

    def spec(self):
        d = {"name": self.name, "shape": self.shape, "scale": number(self.scale)}
        if self.offset:
            d["offset"] = number(self.offset)
        if self.nudge is not None:
            d["nudge"] = "".join(chr(ord("M") + k) for k in self.nudge)
        if self.set:
            d["set"] = {str(i): number(v) for i, v in self.set.items()}
        return d


def number(v):
    """v for JSON: nine digits, which name a float32; NaN and the infinities,
    which JSON lacks, become strings."""
    v = float(v)
    if math.isnan(v):
        return "NaN"
    if math.isinf(v):
        return "Inf" if v > 0 else "-Inf"
    return float("%.9g" % v)


def norm(a):
    """L2 norm of the finite elements."""
    a = np.asarray(a, np.float64).ravel()
    return float(np.sqrt(np.sum(np.square(a[np.isfinite(a)]))))


def want(name, a, whole=512, samples=64):
    """What a fixture keeps of a result: the norm, and all elements or some."""
    a = np.asarray(a, np.float64)
    flat = a.ravel()
    if flat.size > whole:
        flat = flat[positions(name, flat.size, samples)]
    return {"name": name, "shape": list(a.shape), "norm": number(norm(a)), "values": [number(v) for v in flat]}


def deviation(got, true):
    """How far float32 is from float64: largest error, relative to the element
    or, where that is small, to the root mean square of the tensor."""
    got, true = np.asarray(got, np.float64).ravel(), np.asarray(true, np.float64).ravel()
    ok = np.isfinite(true)
    if not ok.any():
        return 0.0
    rms = norm(true) / math.sqrt(true.size)
    if rms == 0:
        return float(np.max(np.abs(got[ok])))
    return float(np.max(np.abs(got[ok] - true[ok]) / np.maximum(np.abs(true[ok]), rms)))


def crc(a):
    """CRC-32 (IEEE) of the little-endian float32 bytes of an array."""
    return zlib.crc32(np.ascontiguousarray(a, "<f4").tobytes())


def check():
    """Tensors with their checksums: the Go side must come to the same."""
    nudged = Tensor("nudged", (26,), scale=0.2, offset=0.3)
    nudged.nudge = list(range(-12, 14))
    tensors = [
        nudged,
        Tensor("x", (2, 3, 5, 7)),
        Tensor("layer1.0.conv1.weight", (64, 64, 3, 3), scale=math.sqrt(6 / 576)),
        Tensor("layer4.2.bn3.weight", (2048,), scale=0.1, offset=0.3),
        Tensor("layer4.2.bn3.running_var", (2048,), scale=0.5, offset=1),
        Tensor("scalar", (), scale=0.5, offset=1),
        Tensor("größe", (1000,), scale=1e-3, offset=100),
        Tensor("set", (9,), scale=2, set={0: math.nan, 3: math.inf, 4: -math.inf, 8: -0.0}),
    ]
    return [
        {
            **t.spec(),
            "crc32": crc(t.array()) if not t.set else 0,
            "first": [number(v) for v in t.array().ravel()[:9]],
            "positions": positions(t.name, math.prod(t.shape), 8),
        }
        for t in tensors
    ]

"""Writes the checkpoints of this folder's pth with PyTorch 1.13, and expected.json
with what is to be read from them; or, given a file, prints what torch.load reads
from that, as JSON.

    python3 pth.py [FILE]

Values are told as the hexadecimal little-endian bytes of what they become in an
archive: float32, int64 or uint8.
"""

import collections
import io
import json
import os
import pickle
import struct
import sys

import numpy as np
import torch
from torch import serialization

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pth")
EXPECTED = {}


def told(t):
    """The shape and the values of a tensor as an archive has them."""
    t = t.detach()
    if t.dtype == torch.bfloat16 or t.dtype == torch.float16 or t.dtype == torch.float64:
        t = t.to(torch.float32)
    elif t.dtype in (torch.int8, torch.int16, torch.int32):
        t = t.to(torch.int64)
    elif t.dtype == torch.bool:
        t = t.to(torch.uint8)
    kind = str(t.dtype)[len("torch."):]
    return {"shape": list(t.shape), "dtype": kind, "values": t.contiguous().numpy().tobytes().hex()}


def expect(name, tensors, notes=None):
    entries = [dict(told(t), name=k) for k, t in tensors.items() if isinstance(t, torch.Tensor)]
    EXPECTED[name] = {"tensors": entries, "notes": notes}


def save(name, what, tensors=None, notes=None, **how):
    """Writes a checkpoint of which these tensors are to be read."""
    torch.save(what, os.path.join(HERE, name), **how)
    expect(name, what if tensors is None else tensors, notes)


def both(name, what, tensors=None, notes=None):
    save(name + ".pth", what, tensors, notes)
    save(name + "_old.pth", what, tensors, notes, _use_new_zipfile_serialization=False)


def bits(kind, form, *values):
    return torch.from_numpy(np.array(values, dtype=form).view(kind))


def kinds():
    """One tensor of each type, with the values at its limits."""
    f32 = bits(np.float32, np.uint32, 0, 0x80000000, 0x3FC00000, 0x7F800000, 0xFF800000, 0x7FC01234, 1, 0x7F7FFFFF)
    f64 = torch.tensor([0.0, -0.0, 1 / 3, 1e300, -1e300, 1e-310, 3.4028235677973366e38, 1 + 2.0**-24], dtype=torch.float64)
    f16 = bits(np.float16, np.uint16, 0, 0x8000, 0x3C00, 0x7BFF, 0x0001, 0x83FF, 0x0400, 0x7C00, 0xFC00)
    return {
        "float32": f32,
        "float64": f64,
        "float16": f16,
        "bfloat16": torch.tensor([0.0, -0.0, 1.5, 3e38, 1e-40, float("inf")]).bfloat16(),
        "int64": torch.tensor([0, -1, 2**63 - 1, -(2**63)]),
        "int32": torch.tensor([0, -1, 2**31 - 1, -(2**31)], dtype=torch.int32),
        "int16": torch.tensor([0, -1, 2**15 - 1, -(2**15)], dtype=torch.int16),
        "int8": torch.tensor([0, -1, 127, -128], dtype=torch.int8),
        "uint8": torch.tensor([0, 1, 255], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
    }


def views():
    """Tensors that share a storage, in every way in which they can lie in it."""
    base = torch.arange(24, dtype=torch.float32) / 7
    tagged = torch.tensor([5.0, 6.0])
    tagged.note = "of somebody"
    half = torch.arange(6).half().reshape(2, 3)
    return {
        "end": base[20:],
        "matrix": base.view(4, 6),
        "transposed": base.view(4, 6).t(),
        "every.third": base[1::3],
        "columns": base.view(4, 6)[:, 2:5],
        "permuted": base.view(2, 3, 4).permute(2, 0, 1),
        "channels.last": torch.arange(24.0).view(1, 2, 3, 4).contiguous(memory_format=torch.channels_last),
        "expanded": torch.tensor([1.0, 2.0]).view(2, 1).expand(2, 3),
        "diagonal": torch.arange(9.0).view(3, 3).diagonal(),
        "empty": torch.zeros(3, 0, 2),
        "none.of.many": base[5:5],
        "scalar": torch.tensor(42.5),
        "tied": base,
        "parameter": torch.nn.Parameter(torch.tensor([1.0, -1.0])),
        "tagged": tagged,
        "half.transposed": half.t(),
        "whole": base,
    }


def network():
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Conv2d(2, 3, 1), torch.nn.BatchNorm2d(3), torch.nn.Flatten(), torch.nn.Linear(3, 2))


def counted(tensors):
    return {k: t for k, t in tensors.items() if not k.endswith("num_batches_tracked")}


def nested():
    """A checkpoint of a training, with all that such have beside the weights."""
    model = network()
    model = torch.nn.DataParallel(model) if torch.cuda.is_available() else collections.OrderedDict(
        ("module." + k, t) for k, t in model.state_dict().items())
    state = model if isinstance(model, dict) else model.state_dict()
    weights = network()
    optimizer = torch.optim.Adam(weights.parameters())
    weights(torch.ones(2, 2, 1, 1)).sum().backward()
    optimizer.step()
    what = {
        "epoch": 12,
        "arch": "tiny",
        "best": np.float64(0.75),
        "steps": np.int64(-3),
        "low": np.float32(0.5),
        "yes": True,
        "seed": 2**100,
        "state_dict": state,
        "optimizer": optimizer.state_dict(),
        "misc": [{1, 2}, frozenset([3]), (1, 2.5, None), b"\x00\xff", bytearray(b"ab"), 1j, -70000, 2**40],
        "default": collections.defaultdict(list, {"a": [1]}),
        "counter": collections.Counter("hello"),
        "deque": collections.deque([1, 2], 5),
        "shape": torch.zeros(2, 3).shape,
        "device": torch.device("cuda", 1),
        "type": torch.float16,
    }
    notes = {"epoch": "12", "arch": "tiny", "best": "0.75", "steps": "-3", "low": "0.5", "yes": "true"}
    return what, counted(state), notes


class OldPickler(pickle._Pickler):
    """Writes text as Python 2 did, as strings of bytes."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_str(self, text):
        data = text.encode("latin1")
        self.write(b"U" + struct.pack("<B", len(data)) + data if len(data) < 256 else b"T" + struct.pack("<i", len(data)) + data)
        self.memoize(text)

    dispatch[str] = save_str


class OldPickle:
    Pickler = OldPickler

    @staticmethod
    def dump(what, file, protocol):
        OldPickler(file, protocol).dump(what)


class Stored:
    """A part of a storage, as files before PyTorch 0.4 could have it."""

    def __init__(self, key, count, part):
        self.id = ("storage", torch.FloatStorage, key, "cuda:3", count, part)


class Rebuilt:
    """A tensor that is made with the oldest of the functions."""

    def __init__(self, storage, *args):
        self.args = (storage,) + args

    def __reduce__(self):
        return torch._utils._rebuild_tensor, self.args


def parts(name):
    """A file in which two storages are parts of a third."""
    values = torch.arange(10.0) * 1.25
    file = io.BytesIO()
    for head in serialization.MAGIC_NUMBER, serialization.PROTOCOL_VERSION, {"little_endian": True}:
        pickle.dump(head, file, 2)
    pickler = pickle.Pickler(file, 2)
    pickler.persistent_id = lambda o: o.id if isinstance(o, Stored) else None
    pickler.dump(collections.OrderedDict([
        ("first", Rebuilt(Stored("7", 10, ("8", 2, 4)), 1, (3,), (1,))),
        ("second", Rebuilt(Stored("7", 10, ("9", 6, 4)), 0, (2, 2), (1, 2))),
        ("whole", Rebuilt(Stored("7", 10, None), 0, (10,), (1,))),
    ]))
    pickle.dump(["7"], file, 2)
    file.write(struct.pack("<q", 10) + values.numpy().tobytes())
    with open(os.path.join(HERE, name), "wb") as out:
        out.write(file.getvalue())
    want = {"first": values[3:6], "second": values[6:10].view(2, 2).t(), "whole": values}
    read = torch.load(os.path.join(HERE, name), map_location="cpu")
    assert all(torch.equal(read[k], want[k]) for k in want)
    expect(name, want)


class Command:
    def __reduce__(self):
        return os.system, ("exit 1",)


def write():
    os.makedirs(HERE, exist_ok=True)
    both("kinds", kinds())
    both("views", views())
    what, tensors, notes = nested()
    both("nested", what, tensors, notes)
    for protocol in 3, 4, 5:
        save("protocol%d.pth" % protocol, what, tensors, notes, pickle_protocol=protocol)
    save("protocol4_old.pth", what, tensors, notes, pickle_protocol=4, _use_new_zipfile_serialization=False)
    both("state", network().state_dict(), counted(network().state_dict()))
    both("twice", {"model": {"state_dict": kinds()}, "ema": {"one": torch.ones(1)}}, kinds())
    save("python2.pth", what, tensors, notes, pickle_module=OldPickle, _use_new_zipfile_serialization=False)
    parts("parts.pth")

    tag = serialization.location_tag
    serialization.location_tag = lambda storage: "cuda:0"
    both("cuda", {"a": torch.tensor([1.0, 2.0])})
    serialization.location_tag = tag

    # What is refused.
    save("module.pth", network(), {})
    both("command", {"state_dict": {"a": torch.ones(1), "b": Command()}}, {})
    save("gan.pth", {"netG": {"a": torch.ones(1)}, "netD": {"a": torch.ones(1), "b": torch.ones(1)}}, {})
    save("same.pth", {"model": {"a": torch.ones(2)}, "ema": {"a": torch.zeros(2)}}, {})
    save("complex.pth", {"a": torch.ones(1, dtype=torch.complex64)}, {})
    save("tensor.pth", torch.ones(3), {})
    save("empty.pth", {"epoch": 1}, {})
    with open(os.path.join(HERE, "expected.json"), "w") as out:
        json.dump(EXPECTED, out, indent=0)
        out.write("\n")


def load(path):
    """Prints what torch.load reads, without running any code of the file."""
    read = torch.load(path, weights_only=True)
    assert type(read) is collections.OrderedDict
    if "0.weight" in read:
        network().load_state_dict(read)
    print(json.dumps([dict(told(t), name=k) for k, t in read.items()]))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        load(sys.argv[1])
    else:
        write()

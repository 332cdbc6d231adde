#!/usr/bin/env python3
"""The other side of the tests of safetensors, .npz and ONNX.

    formats.py list FILE...   what independent readers find in files, as JSON
    formats.py write DIR      files as NumPy writes them, and what is in them
    formats.py onnx FILE      a small model as torch.onnx exports it

The reader of safetensors follows the rules of the format by itself; where
the package safetensors is there, it has to agree.
"""

import json
import os
import struct
import sys

import numpy as np

DTYPES = {"F32": "<f4", "I64": "<i8", "U64": "<u8", "U8": "|u1"}


def unique(pairs):
    """An object of JSON, in which no name may stand twice."""
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), names
    return dict(pairs)


def read_safetensors(path):
    """Arrays by name, and the metadata."""
    with open(path, "rb") as file:
        data = file.read()
    (size,) = struct.unpack("<Q", data[:8])
    assert size % 8 == 0 and size <= 100_000_000
    assert data[8:9] == b"{"
    header = json.loads(data[8 : 8 + size].decode("utf-8"), object_pairs_hook=unique)
    values = data[8 + size :]
    meta = header.pop("__metadata__")
    assert all(isinstance(text, str) for text in meta.values())
    assert meta["format"] == "pt"
    arrays, spans = {}, []
    for name, entry in header.items():
        assert set(entry) == {"dtype", "shape", "data_offsets"}
        begin, end = entry["data_offsets"]
        spans.append((begin, end))
        dtype = np.dtype(DTYPES[entry["dtype"]])
        assert begin % dtype.itemsize == 0
        arrays[name] = np.frombuffer(values[begin:end], dtype).reshape(entry["shape"])
    at = 0
    for begin, end in sorted(spans):
        assert begin == at, "gap or overlap"
        at = end
    assert at == len(values)
    try:
        from safetensors.numpy import load_file
    except ImportError:
        return arrays, meta
    theirs = load_file(path)
    assert set(theirs) == set(arrays)
    for name, array in arrays.items():
        assert theirs[name].tobytes() == array.tobytes() and theirs[name].shape == array.shape
    return arrays, meta


def read_npz(path):
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    meta = json.loads(arrays.pop("__meta__").tobytes().decode("utf-8"), object_pairs_hook=unique)
    return arrays, meta


def listing(arrays, meta):
    return {
        "Meta": meta,
        "Tensors": [
            {"Name": name, "Shape": list(a.shape), "DType": str(a.dtype), "Bytes": a.tobytes().hex()}
            for name, a in arrays.items()
        ],
    }


def list_files(*paths):
    found = [listing(*(read_npz if path.endswith(".npz") else read_safetensors)(path)) for path in paths]
    json.dump(found, sys.stdout)


def write(folder):
    """What becomes of each type is what weights.Load makes of it."""
    numbers = np.arange(24).reshape(2, 3, 4)
    given = {
        "half": numbers.astype("<f2") / 3,
        "single.weight": numbers.astype("<f4") / 3,
        "big": numbers.astype(">f4") / 3,
        "double": numbers.astype("<f8") / 3,
        "fortran": np.asfortranarray(numbers.astype("<f4")),
        "fortran.big": np.asfortranarray(numbers.astype(">f8")),
        "transposed": numbers.astype("<f4").T,
        "scalar": np.array(0.1, "<f4"),
        "empty": np.zeros((2, 0), "<f4"),
        "odd": np.array([0x7F800001, 0xFFC12345, 1, 0x80000000], "<u4").view("<f4"),
        "bool": numbers % 2 == 0,
    }
    for kind in "iu":
        for size in (1, 2, 4, 8):
            for order in "<>":
                given[f"{kind}{size}{order}"] = (numbers - 3 * (kind == "i")).astype(f"{order}{kind}{size}")
    np.savez(os.path.join(folder, "stored.npz"), **given)
    np.savez_compressed(os.path.join(folder, "deflated.npz"), **given)
    np.save(os.path.join(folder, "single.npy"), given["single.weight"])
    becomes = {"f": "<f4", "i": "<i8", "u": "<u8", "b": "|u1"}
    arrays = {
        name: a.astype("|u1" if a.dtype == np.uint8 else becomes[a.dtype.kind], order="C", copy=False)
        for name, a in given.items()
    }
    json.dump(listing(arrays, {}), sys.stdout)


def onnx(path):
    """A linear layer and a batch norm with values from a formula."""
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3, momentum=0.0))
    with torch.no_grad():
        for i, value in enumerate(model.state_dict().values()):
            if value.dtype == torch.float32:
                value.copy_(torch.arange(value.numel()).reshape(value.shape) / 4 + i)
    torch.onnx.export(
        model, torch.zeros(2, 2), path, training=torch.onnx.TrainingMode.TRAINING, do_constant_folding=False
    )


if __name__ == "__main__":
    {"list": list_files, "write": write, "onnx": onnx}[sys.argv[1]](*sys.argv[2:])

#!/usr/bin/env python3
"""Write the parity fixtures beside this file: PyTorch's numbers for our tests.

    python3 testdata/parity/generate.py [PART...]

Without arguments all parts are written. See README.md for the contents.
"""

import gzip
import json
import os
import sys

sys.dont_write_bytecode = True

import counts
import formula
import models
import ops
import train

HERE = os.path.dirname(os.path.abspath(__file__))


def write(name, value):
    """Write value as gzipped JSON, one record a line, the same bytes each time."""
    if isinstance(value, list):
        text = "[\n" + ",\n".join(json.dumps(v, separators=(",", ":")) for v in value) + "\n]\n"
    else:
        text = json.dumps(value, separators=(",", ":")) + "\n"
    data = text.encode()
    deviation = value.get("deviation", "") if isinstance(value, dict) else ""
    path = os.path.join(HERE, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if name.endswith(".gz"):
        data = gzip.compress(data, 9, mtime=0)
    with open(path, "wb") as f:
        f.write(data)
    print("%-36s %8d bytes, %8d in JSON" % (name, len(data), len(text)), deviation, flush=True)


def write_formula():
    write("formula.json", formula.check())


def write_ops():
    write("ops.json.gz", ops.records())


def write_counts():
    write("counts.json", counts.records())


def write_models():
    for name in (*models.IMAGENET, *models.CIFAR, *models.OPTIONS):
        write("models/%s.json.gz" % name, models.record(name))


def write_runs():
    for name in train.RUNS:
        write("train/%s.json.gz" % name, train.record(name))


PARTS = {
    "formula": write_formula,
    "ops": write_ops,
    "counts": write_counts,
    "models": write_models,
    "train": write_runs,
}


def main(names):
    unknown = [n for n in names if n not in PARTS]
    if unknown:
        sys.exit("generate.py: no part %s; there are %s" % (", ".join(unknown), ", ".join(PARTS)))
    for n in names or PARTS:
        PARTS[n]()


if __name__ == "__main__":
    main(sys.argv[1:])

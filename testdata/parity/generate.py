#!/usr/bin/env python3
"""Write the parity fixtures beside this file: PyTorch's numbers for our tests.

    python3 testdata/parity/generate.py [PART...]

Without arguments all parts are written. A part is formula, ops, convtranspose,
sequence, softtargets, attention, recurrent, counts, sizes, models, train, lm,
lm_train, gan, or one of the last five's, models/resnet18. README.md has the rest.
"""

import functools
import gzip
import json
import os
import sys

sys.dont_write_bytecode = True

import attention
import convnet
import convtranspose
import counts
import formula
import gan
import lm
import models
import ops
import recurrent
import sequence
import sizes
import softtargets
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


def write_convtranspose():
    write("ops_convtranspose.json.gz", convtranspose.records())


def write_sequence():
    write("ops_sequence.json.gz", sequence.records())


def write_softtargets():
    write("ops_softtargets.json.gz", softtargets.records())


def write_attention():
    write("ops_attention.json.gz", attention.records())


def write_recurrent():
    write("ops_recurrent.json.gz", recurrent.records())


def write_counts():
    write("counts.json", counts.records())


def write_sizes():
    write("sizes.json", sizes.records())


def write_record(name, record):
    write(name + ".json.gz", record(name.split("/")[1]))


def each(folder, record, names):
    """A part for each of the names, called folder/name."""
    return {n: functools.partial(write_record, n, record) for n in (folder + "/" + name for name in names)}


PARTS = {
    "formula": write_formula,
    "ops": write_ops,
    "convtranspose": write_convtranspose,
    "sequence": write_sequence,
    "softtargets": write_softtargets,
    "attention": write_attention,
    "recurrent": write_recurrent,
    "counts": write_counts,
    "sizes": write_sizes,
    **each("models", models.record, (*models.IMAGENET, *models.CIFAR, *models.OPTIONS)),
    **each("models", convnet.record, convnet.VARIANTS),
    **each("train", train.record, train.RUNS),
    **each("lm", lm.record, lm.VARIANTS),
    **each("lm_train", lm.run_record, lm.RUNS),
    **each("gan", gan.record, gan.MODELS),
}


def main(names):
    for n in names or [""]:
        chosen = [p for p in PARTS if n in ("", p, p.split("/")[0])]
        if not chosen:
            sys.exit("generate.py: no part %s; there are %s" % (n, ", ".join(PARTS)))
        for p in chosen:
            PARTS[p]()


if __name__ == "__main__":
    main(sys.argv[1:])

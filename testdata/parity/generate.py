#!/usr/bin/env python3
"""Write the parity fixtures beside this file: PyTorch's numbers for our tests.

    python3 testdata/parity/generate.py [formula] [ops] ...

Without arguments everything is written. See README.md for the contents.
"""

import gzip
import json
import os
import sys

import formula
import ops

HERE = os.path.dirname(os.path.abspath(__file__))


def write(name, value):
    """Write value as gzipped JSON, one record a line, the same bytes each time."""
    if isinstance(value, list):
        text = "[\n" + ",\n".join(json.dumps(v, separators=(",", ":")) for v in value) + "\n]\n"
    else:
        text = json.dumps(value, indent=1) + "\n"
    data = text.encode()
    path = os.path.join(HERE, name)
    if name.endswith(".gz"):
        data = gzip.compress(data, 9, mtime=0)
    with open(path, "wb") as f:
        f.write(data)
    print("%-28s %8d bytes, %8d in JSON" % (name, len(data), len(text)))


def write_formula():
    write("formula.json", formula.check())


def write_ops():
    write("ops.json.gz", ops.records())


PARTS = {"formula": write_formula, "ops": write_ops}


def main(names):
    unknown = [n for n in names if n not in PARTS]
    if unknown:
        sys.exit("generate.py: no part %s; there are %s" % (", ".join(unknown), ", ".join(PARTS)))
    for n in names or PARTS:
        PARTS[n]()


if __name__ == "__main__":
    main(sys.argv[1:])

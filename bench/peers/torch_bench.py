#!/usr/bin/env python3
"""PyTorch as a peer of bench/compare: reads requests, one a line, on standard
input and answers each with one line of JSON. The protocol is in bench/README.md.
"""

import argparse
import json
import os
import sys
import time

sys.dont_write_bytecode = True

import torch

import torch_gan
import torch_image
import torch_lm

# A step of training, of models that train in ways of their own.
STEPS = {**torch_lm.STEPS, **torch_gan.STEPS}


def step(model, batch, size):
    if model in STEPS:
        return STEPS[model](batch, size)
    return torch_image.step(model, batch, size)


def generate(texts):
    """The maker of the function to time, from those of the models."""

    def make(model, batch, size):
        if model not in texts:
            raise ValueError("%s does not generate text in this way" % model)
        return texts[model](batch, size)

    return make


# What can be asked for: kind -> variant -> maker of the function to time, which
# is called with the model, the batch and the size.
KINDS = {
    "infer": {"eager": torch_image.eager, "frozen": torch_image.frozen},
    "train": {"eager": step},
    "generate": {"eager": generate(torch_lm.TEXTS), "cached": generate(torch_lm.CACHED_TEXTS)},
}
# Variants that only some models have: kind -> variant -> models.
ONLY = {"generate": {"cached": list(torch_lm.CACHED_TEXTS)}}
WARM_UP = 3


class Runs:
    """The function made last, warmed up: one net at a time is enough, and keeps
    the memory small."""

    def __init__(self):
        self.key, self.run = None, None

    def get(self, model, kind, variant, batch, size):
        key = (model, kind, variant, batch, size)
        if key != self.key:
            self.key = self.run = None
            run = KINDS[kind][variant](model, batch, size)
            for _ in range(WARM_UP):
                run()
            self.key, self.run = key, run
        return self.run


def serve(runs, line):
    words = line.split()
    if len(words) != 7 or words[0] != "run":
        raise ValueError("want: run MODEL KIND VARIANT BATCH SIZE N")
    model, kind, variant = words[1:4]
    batch, size, n = map(int, words[4:])
    run = runs.get(model, kind, variant, batch, size)
    run()  # the other contender has just had the caches
    ms = []
    for _ in range(n):
        start = time.perf_counter()
        run()
        ms.append(1e3 * (time.perf_counter() - start))
    return {"ms": ms}


def name():
    """PyTorch, its version, and what it multiplies matrices with, on which linear
    layers and language models depend by factors of 10."""
    blas = "MKL" if torch.backends.mkl.is_available() else ""
    if not blas and os.path.exists("/proc/self/maps"):
        with open("/proc/self/maps") as f:
            maps = f.read()
        blas = "OpenBLAS" if "openblas" in maps else "reference BLAS" if "libblas.so" in maps else ""
    return ", ".join(["PyTorch " + torch.__version__.split("a")[0]] + [blas] * bool(blas))


def say(answer):
    print(json.dumps(answer), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    torch.set_num_threads(parser.parse_args().threads)
    kinds = {k: [v for v in variants if v not in ONLY.get(k, {})] for k, variants in KINDS.items()}
    say({"name": name(), "kinds": kinds, "only": ONLY})
    runs = Runs()
    for line in sys.stdin:
        try:
            say(serve(runs, line))
        except Exception as e:
            say({"error": "%s: %s" % (type(e).__name__, e)})


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""PyTorch's side of the race from the start of a process to its first
prediction: loads a state dict, classifies one image, prints the class and waits
until standard input ends. With --write it makes the file instead.

    torch_predict.py [--threads N] [--write] MODEL SIZE FILE
"""

import argparse
import sys

sys.dont_write_bytecode = True

import torch

from torch_image import build


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("model")
    parser.add_argument("size", type=int)
    parser.add_argument("file")
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    net = build(a.model, a.size).eval()
    if a.write:
        torch.save(net.state_dict(), a.file)
        return
    net.load_state_dict(torch.load(a.file))
    with torch.inference_mode():
        print(int(net(torch.randn(1, 3, a.size, a.size)).argmax()), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()

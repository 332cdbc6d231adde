#!/usr/bin/env python3
"""Write a model as ONNX for the peers that read it:

    export_onnx.py MODEL BATCH SIZE FILE
"""

import sys

sys.dont_write_bytecode = True

import torch

from torch_image import build


def main(model, batch, size, path):
    x = torch.randn(int(batch), 3, int(size), int(size))
    net = build(model, int(size)).eval()
    with torch.no_grad():
        torch.onnx.export(net, x, path, input_names=["x"], output_names=["logits"], opset_version=13)


if __name__ == "__main__":
    main(*sys.argv[1:])

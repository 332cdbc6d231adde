#!/usr/bin/env python3
"""Pillow's and torchvision's side of decoding JPEG files; bench/README.md has the
protocol. With --write it makes the files instead.

    jpeg_decode.py [--write] FOLDER
"""

import argparse
import io
import json
import os
import sys
import time

sys.dont_write_bytecode = True

import numpy as np
from PIL import Image, features


def photograph(h, w):
    """A picture whose spectrum falls off as that of photographs does, with noise."""
    rng = np.random.RandomState(7)
    f = np.hypot(np.fft.fftfreq(h)[:, None], np.fft.rfftfreq(w)[None, :])
    f[0, 0] = 1
    planes = []
    for _ in range(3):
        s = np.fft.irfft2((rng.randn(*f.shape) + 1j * rng.randn(*f.shape)) / f**1.15, s=(h, w))
        planes.append(s / s.std())
    rgb = [128 + 55 * (0.85 * planes[0] + 0.3 * p) + 3 * rng.randn(h, w) for p in planes]
    return Image.fromarray(np.stack(rgb, axis=-1).clip(0, 255).astype(np.uint8))


def write(folder):
    for h, w in ((32, 32), (224, 224), (375, 500)):
        img = photograph(h, w)
        for quality, sampling, progressive in (
            (75, "4:2:0", False), (90, "4:2:0", False), (95, "4:2:0", False), (90, "4:4:4", False), (90, "4:2:0", True),
        ):
            name = "%dx%d, quality %d, %s%s" % (w, h, quality, sampling, ", progressive" * progressive)
            img.save(os.path.join(folder, name + ".jpg"), quality=quality, subsampling=sampling, progressive=progressive)


def pillow(data):
    return lambda: Image.open(io.BytesIO(data)).convert("RGB").load()


def variants():
    """What decodes here, by name."""
    found = {"Pillow %s, libjpeg-turbo %s" % (Image.__version__, features.version("libjpeg_turbo")): pillow}
    try:
        import torch
        import torchvision

        torch.set_num_threads(1)

        def decoder(data):
            tensor = torch.frombuffer(bytearray(data), dtype=torch.uint8)
            return lambda: torchvision.io.decode_jpeg(tensor)

        torchvision.io.decode_jpeg  # not all builds have it
        found["torchvision " + torchvision.__version__] = decoder
    except (ImportError, AttributeError):
        pass
    return found


def answer(line, decoders, folder):
    variant, name, n = json.loads(line)
    with open(os.path.join(folder, name), "rb") as f:
        decode = decoders[variant](f.read())
    ms = []
    for _ in range(n):
        start = time.perf_counter()
        decode()
        ms.append((time.perf_counter() - start) * 1e3)
    return {"ms": ms}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("folder")
    a = parser.parse_args()
    if a.write:
        write(a.folder)
        return
    decoders = variants()
    print(json.dumps({"variants": list(decoders)}), flush=True)
    for line in sys.stdin:
        try:
            reply = answer(line, decoders, a.folder)
        except Exception as e:  # told in one line; the next request may fare better
            reply = {"error": "%s: %s" % (type(e).__name__, str(e).split("\n")[0])}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()

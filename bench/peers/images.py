#!/usr/bin/env python3
"""Pillow's and torchvision's side of decoding JPEG files and transforming images;
bench/README.md has the protocol. With --write it makes the files instead.

    images.py [--write] FOLDER
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


def decoders():
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


def transforms():
    """What torchvision does to Pillow's images, by the names of bench/images: whether
    it begins with the file, and what comes then."""
    import torch
    from torchvision import transforms as t

    torch.set_num_threads(1)
    tensor = [t.ToTensor(), t.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
    evaluated, trained = [t.Resize(256), t.CenterCrop(224)], [t.RandomResizedCrop(224), t.RandomHorizontalFlip()]
    padded = [t.RandomCrop(32, padding=4), t.RandomHorizontalFlip()]
    trivial = [t.TrivialAugmentWide()]
    return {
        "Resize(256), CenterCrop(224)": (False, evaluated),
        "RandomResizedCrop(224), flip": (False, trained),
        "RandomCrop(32, padding=4), flip": (False, padded),
        "ColorJitter(0.4, 0.4, 0.4, 0.1)": (False, [t.ColorJitter(0.4, 0.4, 0.4, 0.1)]),
        "TrivialAugmentWide": (False, trivial),
        "RandAugment": (False, [t.RandAugment()]),
        "ToTensor, Normalize": (False, tensor),
        "ToTensor, Normalize, RandomErasing(p=1)": (False, tensor + [t.RandomErasing(p=1)]),
        "file, RandomResizedCrop(224), flip, to tensor": (True, trained + tensor),
        "file, Resize(256), CenterCrop(224), to tensor": (True, evaluated + tensor),
        "RandomCrop(32, padding=4), flip, to tensor": (False, padded + tensor),
        "TrivialAugmentWide, crop, flip, tensor, erasing": (False, trivial + padded + tensor + [t.RandomErasing(p=0.25)]),
    }


def transformer(data, job):
    """What does a job of transforms() to the file."""
    from torchvision.transforms import Compose

    begins, steps = transforms()[job]
    apply = Compose(steps)
    if begins:
        return lambda: apply(Image.open(io.BytesIO(data)).convert("RGB"))
    img = Image.open(io.BytesIO(data)).convert("RGB")
    return lambda: apply(img)


def pipelines():
    """What transforms images here."""
    try:
        import torchvision

        return ["torchvision %s with Pillow %s" % (torchvision.__version__, Image.__version__)]
    except ImportError:
        return []


def answer(line, decode, folder):
    variant, job, name, n = json.loads(line)
    with open(os.path.join(folder, name), "rb") as f:
        data = f.read()
    do = decode[variant](data) if variant in decode else transformer(data, job)
    ms = []
    for _ in range(n):
        start = time.perf_counter()
        do()
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
    decode = decoders()
    print(json.dumps({"decode": list(decode), "transform": pipelines()}), flush=True)
    for line in sys.stdin:
        try:
            reply = answer(line, decode, a.folder)
        except Exception as e:  # told in one line; the next request may fare better
            reply = {"error": "%s: %s" % (type(e).__name__, str(e).split("\n")[0])}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()

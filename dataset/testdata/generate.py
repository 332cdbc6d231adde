#!/usr/bin/python3
"""Writes the fixtures beside it: what Pillow and torchvision make of small images.

Run with Pillow 9.4, PyTorch 1.13 and torchvision 0.14 (Debian's python3-pil,
python3-torch and python3-torchvision), and cjpeg of libjpeg-turbo-progs:

    python3 dataset/testdata/generate.py

Everything is computed from formulas, so that a second run changes nothing.
"""

import base64
import hashlib
import io
import json
import math
import os
import struct
import subprocess
import zlib

import numpy as np
import torch
import torch.nn.functional as F_nn
from PIL import Image, ImageOps
from torchvision import transforms as T
from torchvision.transforms import functional as F
from torchvision.transforms.autoaugment import _apply_op

HERE = os.path.dirname(os.path.abspath(__file__))


def save(img, path, **options):
    path = os.path.join(HERE, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    img.save(path, **options)


def picture(h, w):
    """A colourful RGB image with smooth, sharp and saturated parts."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    r = 127.5 + 127.5 * np.sin(x * 0.31 + y * 0.07)
    g = 255.0 * ((x * 3 + y * 5) % 37) / 36
    b = np.where((x // 7 + y // 5) % 2 == 0, 240.0, 15.0) - x * 10 / w
    rgb = np.stack([r, g, b], axis=-1)
    rgb[: h // 6, : w // 6] = 255  # white, black and grey corners
    rgb[-(h // 6) :, -(w // 6) :] = 0
    rgb[: h // 6, -(w // 6) :] = 128
    return Image.fromarray(rgb.clip(0, 255).astype(np.uint8))


def smooth(h, w):
    """An RGB image without sharp edges, as JPEG likes it."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    rgb = np.stack([40 + 170 * x / w, 200 - 150 * y / h, 128 + 90 * np.sin((x + y) * 0.12)], axis=-1)
    return Image.fromarray(rgb.clip(0, 255).astype(np.uint8))


def transforms():
    """Deterministic transforms: an operation, its arguments, input and output."""
    sources = {"colour": picture(47, 61), "grey": picture(40, 33).convert("L"), "tiny": picture(1, 1), "line": picture(2, 50)}
    for name, img in sources.items():
        save(img, f"transforms/{name}.png")
    cases = []

    def case(source, op, args, img):
        out = f"transforms/{source}-{op}-{'-'.join(str(a) for a in args)}.png"
        save(img, out)
        cases.append({"op": op, "args": list(args), "in": f"transforms/{source}.png", "out": out})

    for source in ("colour", "grey"):
        img = sources[source]
        for h, w in ((20, 26), (47, 30), (64, 64), (7, 90), (1, 1), (100, 61)):
            case(source, "resizeto", (h, w), T.Resize((h, w))(img))
        for size in (24, 40, 71):
            case(source, "resize", (size,), T.Resize(size)(img))
        for h, w in ((20, 26), (21, 27), (46, 32), (60, 20), (51, 70)):
            case(source, "centercrop", (h, w), T.CenterCrop((h, w))(img))
        for box in ((3, 5, 20, 31, 24, 24), (0, 0, 40, 33, 17, 50)):
            case(source, "resizedcrop", box, F.resized_crop(img, *box[:4], list(box[4:])))
        case(source, "hflip", (), F.hflip(img))
        for factor in (0.0, 0.4, 1.0, 1.37, 3.0):
            case(source, "brightness", (factor,), F.adjust_brightness(img, factor))
            case(source, "contrast", (factor,), F.adjust_contrast(img, factor))
            case(source, "saturation", (factor,), F.adjust_saturation(img, factor))
        for shift in (-0.5, -0.05, 0.0, 0.2, 0.5):
            case(source, "hue", (shift,), F.adjust_hue(img, shift))
        for mode in ("constant", "edge", "reflect", "symmetric"):
            case(source, "pad", (mode, 6, 77), F.pad(img, 6, 77, mode))
    for source in ("tiny", "line"):
        img = sources[source]
        case(source, "resizeto", (5, 3), T.Resize((5, 3))(img))
        case(source, "resize", (4,), T.Resize(4)(img))
        case(source, "centercrop", (3, 2), T.CenterCrop((3, 2))(img))
        for mode in ("edge", "symmetric", "reflect"):
            case(source, "pad", (mode, 5, 0), F.pad(img, 5, 0, mode))
    case("colour", "channels", (1,), F.to_grayscale(sources["colour"], 1))
    case("grey", "channels", (3,), F.to_grayscale(sources["grey"], 3))
    return cases


def augment():
    """The policies: for each operation its magnitudes in turn, those that may be
    negative once more as such, and CRC-32 of the planes that each gives."""
    sources = {
        "colour": picture(47, 61), "grey": picture(40, 33).convert("L"), "square": picture(32, 32),
        "line": picture(2, 50), "flat": Image.new("RGB", (20, 21), (9, 200, 0)),
    }
    for source in ("square", "flat"):
        save(sources[source], f"transforms/{source}.png")
    policies = {"wide": (T.TrivialAugmentWide(), lambda h, w: ()), "rand": (T.RandAugment(), lambda h, w: ((h, w),))}
    cases = []
    for policy, (transform, args) in policies.items():
        for source, img in sources.items():
            ops = []
            for op, (magnitudes, signed) in transform._augmentation_space(31, *args(img.height, img.width)).items():
                bins = [float(m) for m in magnitudes.reshape(-1)]
                if signed:
                    bins += [-m for m in bins]
                crc = []
                for m in bins:
                    out = np.asarray(_apply_op(img, op, m, T.InterpolationMode.NEAREST, None))
                    planes = out if out.ndim == 2 else np.ascontiguousarray(out.transpose(2, 0, 1))
                    crc.append(zlib.crc32(planes.tobytes()))
                ops.append({"op": op, "signed": signed, "magnitudes": bins, "crc": crc})
            cases.append({"policy": policy, "in": f"transforms/{source}.png", "ops": ops})
    return cases


def digests():
    """SHA-256 of colour conversions over all their inputs."""
    v = np.arange(256, dtype=np.uint8)
    cube = np.stack(np.meshgrid(v, v, v, indexing="ij"), axis=-1).reshape(4096, 4096, 3)

    def sha(img):
        return hashlib.sha256(np.asarray(img).tobytes()).hexdigest()

    pairs = np.stack(np.meshgrid(v, v, indexing="ij"), axis=-1)
    a, b = Image.fromarray(pairs[..., 0].copy()), Image.fromarray(pairs[..., 1].copy())
    return {
        "rgb to luma": sha(Image.fromarray(cube).convert("L")),
        "rgb to hsv": sha(Image.fromarray(cube).convert("HSV")),
        "hsv to rgb": sha(Image.frombytes("HSV", (4096, 4096), cube.tobytes()).convert("RGB")),
        "blend": {str(f): sha(Image.blend(a, b, f)) for f in (0.0, 0.1, 0.6, 0.999, 1.0, 1.4, 2.5)},
    }


def normalize():
    """Every byte in three channels through ToTensor and Normalize, as float32 bits."""
    img = Image.fromarray(np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 256, 3))
    norm = T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    bits = norm(T.ToTensor()(img)).numpy().astype("<f4").view("<u4")
    return hashlib.sha256(bits.tobytes()).hexdigest(), T.ToTensor()(img).numpy().astype("<f4").tobytes()


def quantiles(values):
    return [float(q) for q in np.quantile(np.asarray(values, dtype=np.float64), np.linspace(0, 1, 21))]


def draws(n=20000):
    """What torchvision draws: quantiles of the boxes, and the boxes it falls back to."""
    torch.manual_seed(1)
    out = {"n": n, "resizedcrop": [], "erasing": [], "fallback": []}
    for h, w, scale, ratio in ((224, 300, (0.08, 1.0), (3 / 4, 4 / 3)), (48, 31, (0.5, 0.7), (0.9, 2.0))):
        img = torch.zeros(1, h, w)
        boxes = np.array([T.RandomResizedCrop.get_params(img, list(scale), list(ratio)) for _ in range(n)])
        out["resizedcrop"].append({
            "h": h, "w": w, "scale": scale, "ratio": ratio,
            "height": quantiles(boxes[:, 2]), "width": quantiles(boxes[:, 3]),
            "top": quantiles(boxes[:, 0]), "left": quantiles(boxes[:, 1]),
        })
    for h, w, scale, ratio in ((32, 32, (0.02, 0.33), (0.3, 3.3)), (20, 64, (0.3, 0.9), (0.5, 0.6))):
        img = torch.zeros(1, h, w)
        boxes = np.array([T.RandomErasing.get_params(img, scale, ratio, [0.0])[:4] for _ in range(n)])
        done = boxes[(boxes[:, 2] != h) | (boxes[:, 3] != w)]
        out["erasing"].append({
            "h": h, "w": w, "scale": scale, "ratio": ratio, "erased": len(done) / n,
            "height": quantiles(done[:, 2]), "width": quantiles(done[:, 3]),
            "top": quantiles(done[:, 0]), "left": quantiles(done[:, 1]),
        })
    for h, w in ((10, 1000), (1000, 10), (333, 20), (3, 40)):
        box = T.RandomResizedCrop.get_params(torch.zeros(1, h, w), [1.0, 1.0], [3 / 4, 4 / 3])
        out["fallback"].append({"h": h, "w": w, "box": list(box)})
    return out


def mixed(x, target, share, box=None):
    """The last lines of RandomMixup and RandomCutmix in torchvision's references."""
    x, target = x.clone(), target.clone()
    rolled, target_rolled = x.roll(1, 0), target.roll(1, 0)
    if box is None:
        rolled.mul_(1.0 - share)
        x.mul_(share).add_(rolled)
    else:
        x1, y1, x2, y2 = box
        x[:, :, y1:y2, x1:x2] = rolled[:, :, y1:y2, x1:x2]
    target_rolled.mul_(1.0 - share)
    target.mul_(share).add_(target_rolled)
    return x, target


def cutmix_box(share, h, w):
    """The box of RandomCutmix, and the share that it leaves."""
    r_x, r_y = torch.randint(w, (1,)), torch.randint(h, (1,))
    r = 0.5 * math.sqrt(1.0 - share)
    r_w_half, r_h_half = int(r * w), int(r * h)
    x1 = int(torch.clamp(r_x - r_w_half, min=0))
    y1 = int(torch.clamp(r_y - r_h_half, min=0))
    x2 = int(torch.clamp(r_x + r_w_half, max=w))
    y2 = int(torch.clamp(r_y + r_h_half, max=h))
    return (x1, y1, x2, y2), float(1.0 - (x2 - x1) * (y2 - y1) / (w * h))


def mixing(n=20000):
    """What mixup and CutMix make of a batch, and quantiles of what they draw."""
    shape, labels, classes = (4, 3, 5, 6), [2, 0, 2, 4], 5
    i = np.arange(np.prod(shape))
    x = torch.from_numpy((i * 37 % 101 / 50 - 1).astype(np.float32).reshape(shape))
    target = F_nn.one_hot(torch.tensor(labels), classes).float()
    cases = []
    for share, box in ((0.7, None), (0.1, None), (1.0, None), (0.0, None), (1 / 3, None), (0.9, (1, 2, 4, 3)), (1.0, (0, 0, 0, 0)), (0.0, (0, 0, 6, 5))):
        if box is not None:
            share = 1.0 - (box[2] - box[0]) * (box[3] - box[1]) / (shape[2] * shape[3])
        images, targets = mixed(x, target, share, box)
        cases.append({
            "share": share, "box": box, "images": zlib.crc32(images.numpy().astype("<f4").tobytes()),
            "targets": targets.flatten().tolist(),
        })
    torch.manual_seed(2)
    draws = []
    for alpha in (0.2, 1.0, 3.0):
        shares = [float(torch._sample_dirichlet(torch.tensor([alpha, alpha]))[0]) for _ in range(n)]
        boxes = np.array([(*box, share) for box, share in (cutmix_box(s, 32, 40) for s in shares)])
        draws.append({
            "alpha": alpha, "mixup": quantiles(shares), "cutmix": quantiles(boxes[:, 4]),
            "left": quantiles(boxes[:, 0]), "top": quantiles(boxes[:, 1]),
            "width": quantiles(boxes[:, 2] - boxes[:, 0]), "height": quantiles(boxes[:, 3] - boxes[:, 1]),
        })
    return {"shape": shape, "labels": labels, "classes": classes, "cases": cases, "n": n, "h": 32, "w": 40, "draws": draws}


def png(width, height, depth, colour_type, rows, interlace=0):
    """A PNG file of raw rows, for what Pillow cannot write."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlace)
    data = b"".join(b"\0" + row for row in rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")


def write(path, data):
    path = os.path.join(HERE, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def adam7(rgb):
    """The rows of an interlaced image, pass after pass."""
    for y0, x0, dy, dx in ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)):
        part = rgb[y0::dy, x0::dx]
        if part.size:
            yield from (row.tobytes() for row in part)


def formats():
    """Images in every format and mode, and what Pillow's convert("RGB") gives."""
    img, soft = picture(29, 37), smooth(45, 59)
    alpha = Image.fromarray((np.mgrid[0:29, 0:37][1] * 7 % 256).astype(np.uint8))
    rgba = img.copy()
    rgba.putalpha(alpha)
    palette = img.quantize(17)
    save(img, "formats/rgb.png")
    save(img.convert("L"), "formats/grey.png")
    save(img.convert("1"), "formats/bilevel.png")
    save(img.quantize(4), "formats/palette2bit.png")
    save(palette, "formats/palette.png")
    save(palette, "formats/palette-transparent.png", transparency=bytes(range(0, 255, 15)))
    save(rgba, "formats/rgba.png")
    save(rgba.convert("LA"), "formats/grey-alpha.png")

    raw = np.asarray(img)
    write("formats/interlaced.png", png(37, 29, 8, 2, adam7(raw), interlace=1))
    wide = raw.astype(np.uint16) * 257 - raw % 7 * 3 % (raw.astype(np.uint16) + 1)
    write("formats/rgb16.png", png(37, 29, 16, 2, (row.astype(">u2").tobytes() for row in wide)))
    wide_alpha = np.concatenate([wide, np.asarray(alpha, dtype=np.uint16)[..., None] * 257], axis=-1)
    write("formats/rgba16.png", png(37, 29, 16, 6, (row.astype(">u2").tobytes() for row in wide_alpha)))
    write("formats/grey16.png", png(37, 29, 16, 0, (row.astype(">u2").tobytes() for row in wide[..., 0])))

    save(soft, "formats/444.jpg", quality=90, subsampling=0)
    save(soft, "formats/422.jpg", quality=90, subsampling=1)
    save(soft, "formats/420.jpg", quality=90, subsampling=2)
    save(img, "formats/420-sharp.jpg", quality=92, subsampling=2)
    save(img, "formats/422-sharp.jpg", quality=92, subsampling=1)
    save(soft.crop((0, 0, 1, 1)), "formats/420-1x1.jpg", quality=90, subsampling=2)
    save(soft, "formats/progressive.jpg", quality=90, progressive=True)
    save(soft.convert("L"), "formats/grey.jpg", quality=90)
    save(soft.convert("CMYK"), "formats/cmyk.jpg", quality=90)
    with open(os.path.join(HERE, "formats/cmyk.jpg"), "rb") as f:
        data = bytearray(f.read())
    at = data.index(b"Adobe") + 11  # the transform byte: 0 is CMYK, 2 is YCCK
    assert data[at] == 0
    data[at] = 2
    write("formats/ycck.jpg", bytes(data))
    # Subsamplings that Pillow does not write: other factors in the frame header
    # over the same number of blocks. The picture is scrambled, the file valid.
    for name, subsampling, factors in (("440", 1, 0x12), ("411", 2, 0x41)):
        save(smooth(64, 64), f"formats/{name}.jpg", quality=90, subsampling=subsampling)
        with open(os.path.join(HERE, f"formats/{name}.jpg"), "rb") as f:
            data = bytearray(f.read())
        data[data.index(b"\xff\xc0") + 11] = factors
        write(f"formats/{name}.jpg", bytes(data))

    cases = []
    for name in sorted(os.listdir(os.path.join(HERE, "formats"))):
        want = f"formats/want/{name}.png"
        if name == "want":
            continue
        with Image.open(os.path.join(HERE, "formats", name)) as f:
            if name == "grey16.png":
                # Pillow opens it as 32-bit integers and clips those to 255: a
                # white image. The upper byte is what the format means.
                grey = Image.fromarray((np.asarray(f) >> 8).astype(np.uint8))
                save(grey.convert("RGB"), want)
            else:
                save(f.convert("RGB"), want)  # warns of the palette's alpha, which is dropped
        cases.append({"in": f"formats/{name}", "out": want})
    return cases


def exif(orientation, order, padding=0):
    """EXIF data that says an orientation, after some other entries."""
    o = "<" if order == b"II" else ">"
    entries = [struct.pack(o + "HHII", 0x100 + i, 4, 1, i) for i in range(padding)]
    entries.append(struct.pack(o + "HHIHH", 0x112, 3, 1, orientation, 0))
    return b"Exif\0\0" + order + struct.pack(o + "HI", 42, 8) + struct.pack(o + "H", len(entries)) + b"".join(entries) + bytes(4)


def orientations():
    """One picture as cameras that are held in eight ways store it, and what Pillow's exif_transpose makes of it."""
    cases = []
    for orientation in range(1, 9):
        name, want = f"orientation/{orientation}.jpg", f"orientation/want/{orientation}.png"
        order, padding = (b"II", 3) if orientation % 2 else (b"MM", 0)
        save(smooth(24, 40), name, quality=90, subsampling=0, exif=exif(orientation, order, padding))
        with Image.open(os.path.join(HERE, name)) as f:
            assert f.getexif().get(0x112) == orientation
            save(ImageOps.exif_transpose(f), want)
        cases.append({"in": name, "out": want})
    return cases


def resizes():
    """CRC-32 of the planes of images of many sizes in others, by both filters."""
    cases = []
    for source, h, w in (("transforms/colour.png", 47, 61), ("transforms/grey.png", 40, 33), ("transforms/line.png", 2, 50), ("photographs/wide.png", 300, 421)):
        img = Image.open(os.path.join(HERE, source))
        sizes = [(1, 1), (h, 5), (3, w), (h + 1, w - 1), (h // 2, w // 3), (2 * h + 1, w + 17), (16, 16), (17, 19), (100, 4)]
        for filter in ("bilinear", "bicubic"):
            results = []
            for new in sizes:
                out = np.asarray(T.Resize(new, T.InterpolationMode(filter))(img))
                planes = out if out.ndim == 2 else np.ascontiguousarray(out.transpose(2, 0, 1))
                results.append({"size": new, "crc": zlib.crc32(planes.tobytes())})
            cases.append({"in": source, "interpolation": filter, "results": results})
    return cases


def photographs():
    """JPEG files of some size through what evaluation on ImageNet does to them."""
    cases = []
    for name, h, w, subsampling in (("wide", 300, 421, 2), ("high", 500, 280, 0), ("small", 97, 130, 2)):
        y, x = np.mgrid[0:h, 0:w].astype(np.float64)
        wave = np.sin(np.hypot(x - w / 3, y - h / 2) * 0.15)
        rgb = np.stack([128 + 100 * wave, 30 + 200 * x / w, 220 - 180 * y / h * (0.6 + 0.4 * wave)], axis=-1)
        rgb[h // 4 : h // 3, w // 5 : w // 2] = (250, 240, 20)  # sharp edges
        source = f"photographs/{name}.jpg"
        save(Image.fromarray(rgb.clip(0, 255).astype(np.uint8)), source, quality=85, subsampling=subsampling)
        with Image.open(os.path.join(HERE, source)) as f:
            # What Pillow decodes, so that decoding and the rest are measured apart.
            save(f.convert("RGB"), f"photographs/{name}.png")
            for mode in ("bilinear", "bicubic"):
                t = T.Compose([T.Resize(256, T.InterpolationMode(mode)), T.CenterCrop(224)])
                want = f"photographs/{name}-{mode}.png"
                save(t(f.convert("RGB")), want)
                cases.append({"in": source, "decoded": f"photographs/{name}.png", "interpolation": mode, "out": want})
    return cases


def jpegs():
    """JPEG files of every kind that Pillow writes, and the digests of what it reads.

    The pictures have noise in them, so that all coefficients are used and samples
    are clipped at both ends.
    """
    rng = np.random.RandomState(5)
    cases = []

    def case(name, file):
        pixels = np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
        cases.append({
            "name": name,
            "file": base64.b64encode(file).decode(),
            "shape": pixels.shape[:2],
            "digest": hashlib.sha256(pixels.transpose(2, 0, 1).tobytes()).hexdigest(),
        })

    for i, (h, w) in enumerate([(1, 1), (1, 9), (8, 8), (9, 17), (16, 16), (17, 15), (33, 31), (40, 24)] * 6):
        smoothed = np.asarray(smooth(h, w)).astype(int)
        noise = rng.randint(-90, 90, (h, w, 3)) * (i % 3)
        img = Image.fromarray((smoothed + noise).clip(0, 255).astype(np.uint8))
        if i % 7 == 3:
            img = img.convert("L")
        if i % 11 == 5:
            img = img.convert("CMYK")
        options = {
            "quality": (10, 50, 75, 90, 96, 100)[i % 6 if i % 4 else 5 - i % 6],
            "subsampling": (0, 1, 2, 2)[i // 8 % 4] if img.mode != "L" else -1,
            "progressive": i % 2 == 1, "optimize": i % 5 == 0,
        }
        f = io.BytesIO()
        img.save(f, "JPEG", **options)
        case("%dx%d %s %s" % (w, h, img.mode, " ".join("%s=%s" % kv for kv in options.items())), f.getvalue())
    # What Pillow does not write: restart markers, RGB, and unusual sampling.
    noise = rng.randint(-50, 50, (17, 33, 3))
    ppm = b"P6 33 17 255\n" + (np.asarray(smooth(17, 33)).astype(int) + noise).clip(0, 255).astype(np.uint8).tobytes()
    for options in (
        "-sample 2x2 -restart 1", "-sample 2x2 -restart 1B", "-sample 2x1 -restart 3B -progressive", "-sample 1x2 -restart 1",
        "-sample 4x1", "-sample 4x2 -progressive", "-sample 1x4", "-sample 2x4 -optimize", "-grayscale -restart 2B", "-rgb",
        "-sample 3x1", "-sample 1x3 -progressive", "-sample 3x2", "-sample 2x2,2x1,1x1", "-sample 1x1,2x2,1x1",
        "-sample 2x1,1x1,2x1 -progressive", "-sample 4x1,2x1,1x1 -optimize", "-sample 4x1 -restart 1 -progressive",
    ):
        case(options, cjpeg(ppm, options))
    for name, file in damaged(ppm):
        case(name, file)
    return cases


def cjpeg(ppm, options):
    return subprocess.run(["cjpeg", "-quality", "85"] + options.split(), input=ppm, stdout=subprocess.PIPE, check=True).stdout


def damaged(ppm):
    """Files with damage in the data of their last scan, which libjpeg only warns of."""
    end = b"\xff\xd9"
    for options in ("-sample 2x2", "-sample 2x1 -restart 1", "-progressive -restart 1", "-sample 1x1 -restart 1B"):
        file = cjpeg(ppm, options)
        at = file.rindex(b"\xff\xda") + 20
        third = at + (len(file) - at) // 3
        yield "flipped bits, " + options, file[:third] + bytes(255 - v & 0x7F for v in file[third : third + 3]) + file[third + 3 :]
        yield "missing bytes, " + options, file[:third] + file[third + 20 :]
        yield "an early end, " + options, file[:third] + end
        if "restart" in options:
            first = file.index(b"\xff\xd0", at)
            for ahead in (1, 2, 3, 5, 6, 7):
                yield "restart marker %d ahead, %s" % (ahead, options), file[:first] + bytes((0xFF, 0xD0 + ahead)) + file[first + 2 :]
            yield "no restart marker, " + options, file[:first] + file[first + 2 :]
            yield "another marker in the scan, " + options, file[:first] + b"\xff\x01" + file[first:]
            yield "the end in the scan, " + options, file[:first] + end + file[first:]


def dump(name, value, indent=1):
    with open(os.path.join(HERE, name), "w") as f:
        json.dump(value, f, indent=indent)
        f.write("\n")


if __name__ == "__main__":
    dump("transforms.json", transforms())
    dump("augment.json", augment(), indent=None)
    dump("mixing.json", mixing())
    dump("formats.json", formats())
    dump("jpeg.json", jpegs())
    dump("resizes.json", resizes(), indent=None)
    dump("orientation.json", orientations())
    dump("photographs.json", photographs())
    normalized, scaled = normalize()
    dump("reference.json", {
        "digests": digests(),
        "normalize": normalized,
        "to tensor": hashlib.sha256(scaled).hexdigest(),
        "draws": draws(),
    })

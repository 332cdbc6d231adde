"""Reads an event file with nothing but the standard library, by the definitions
of TFRecord files and of tensorflow/core/util/event.proto, and prints a JSON
object for each event. A checksum that is wrong ends it."""

import json
import struct
import sys
import zlib


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        length, check = struct.unpack_from("<QI", data, at)
        assert masked(data[at : at + 8]) == check, f"checksum of the length at {at}"
        body = data[at + 12 : at + 12 + length]
        (check,) = struct.unpack_from("<I", data, at + 12 + length)
        assert masked(body) == check, f"checksum of the data at {at}"
        yield body
        at += 16 + length


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """The fields of a message: a list of values for each number."""
    out, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 1:
            (value,), at = struct.unpack_from("<d", data, at), at + 8
        elif kind == 2:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        elif kind == 5:
            (value,), at = struct.unpack_from("<f", data, at), at + 4
        else:
            raise ValueError(f"wire type {kind}")
        out.setdefault(number, []).append(value)
    return out


def png(data):
    """Width, height and colour type of a picture all of whose chunks are whole."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        chunk = data[at + 4 : at + 8 + length]
        (check,) = struct.unpack_from(">I", data, at + 8 + length)
        assert zlib.crc32(chunk) == check
        if chunk[:4] == b"IHDR":
            width, height, _, colour = struct.unpack_from(">IIBB", chunk, 4)
        at += 12 + length
    return [width, height, colour]


def value(data):
    v = fields(data)
    out = {"tag": v[1][0].decode()}
    if 2 in v:
        out["scalar"] = v[2][0] if v[2][0] == v[2][0] else None
    if 4 in v:
        image = fields(v[4][0])
        out["image"] = [image[2][0], image[1][0], image[3][0]] + png(image[4][0])
    if 5 in v:
        h = fields(v[5][0])
        out["histogram"] = [h[i][0] for i in range(1, 6)]
        for name, number in ("ends", 6), ("counts", 7):
            packed = h[number][0]
            out[name] = list(struct.unpack(f"<{len(packed) // 8}d", packed))
    if 8 in v:
        tensor = fields(v[8][0])
        out["type"] = tensor[1][0]
        out["text"] = tensor[8][0].decode()
        out["plugin"] = fields(fields(v[9][0])[1][0])[1][0].decode()
    return out


def node(data):
    n = fields(data)
    entry = fields(n[5][0])
    shape = fields(fields(fields(entry[2][0])[1][0])[7][0])
    return {
        "name": n[1][0].decode(),
        "op": n[2][0].decode(),
        "inputs": [i.decode() for i in n.get(3, [])],
        "attribute": entry[1][0].decode(),
        "shape": [fields(dim)[1][0] for dim in shape.get(2, [])],
    }


def event(data):
    e = fields(data)
    out = {"time": e[1][0], "step": e[2][0]}
    if 3 in e:
        out["version"] = e[3][0].decode()
    if 4 in e:
        out["graph"] = [node(n) for n in fields(e[4][0])[1]]
    if 5 in e:
        out["values"] = [value(v) for v in fields(e[5][0])[1]]
    if 7 in e:
        out["session"] = fields(e[7][0])[1][0]
    return out


with open(sys.argv[1], "rb") as file:
    for record in records(file.read()):
        print(json.dumps(event(record)))

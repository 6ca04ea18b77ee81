"""Damages files of every kind from a seed: blindly, and inside their structure with right checksums."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.random import Generator

    Mutator = Callable[[bytearray, Generator], bytearray]

#: what breaks the arithmetic of parsers: nothing, one, signs, ends of types, one more than fits
_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_BOXES_WITH_BOXES = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf", b"moof", b"traf", b"mvex"}
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def mutated(whole: bytes, kind: str, seed: int) -> bytes:
    """`whole`, a file of `kind` (one of `_INSIDE`), damaged in one to three ways."""
    draw = np.random.default_rng([seed, *kind.encode()])
    data = bytearray(whole)
    ways = [*_BLIND, *(_INSIDE[kind],) * len(_BLIND)]
    for _ in range(int(draw.integers(1, 4))):
        data = ways[int(draw.integers(len(ways)))](data, draw)
    return bytes(data)


def _flip(data: bytearray, draw: Generator) -> bytearray:
    for _ in range(int(draw.integers(1, 65))):
        data[int(draw.integers(len(data)))] ^= 1 << int(draw.integers(8))
    return data


def _truncate(data: bytearray, draw: Generator) -> bytearray:
    return data[: max(1, int(draw.integers(len(data))))]


def _swap(data: bytearray, draw: Generator) -> bytearray:
    """Two blocks of equal length change places."""
    size = max(1, int(draw.integers(1, max(2, len(data) // 4))))
    one, other = (int(draw.integers(max(1, len(data) - size))) for _ in range(2))
    data[one : one + size], data[other : other + size] = data[other : other + size], data[one : one + size]
    return data


def _repeat(data: bytearray, draw: Generator) -> bytearray:
    begin = int(draw.integers(len(data)))
    block = data[begin : begin + int(draw.integers(1, 4096))]
    at = int(draw.integers(len(data)))
    return data[:at] + block * int(draw.integers(1, 9)) + data[at:]


def _cut_out(data: bytearray, draw: Generator) -> bytearray:
    begin = int(draw.integers(len(data)))
    return data[:begin] + data[begin + int(draw.integers(1, 1024)) :] or data


def _fill(data: bytearray, draw: Generator) -> bytearray:
    begin = int(draw.integers(len(data)))
    end = min(len(data), begin + int(draw.integers(1, 512)))
    data[begin:end] = bytes([int(draw.choice([0, 0xFF]))]) * (end - begin)
    return data


def _header(data: bytearray, draw: Generator) -> bytearray:
    """A number near the beginning becomes an awkward one."""
    return _number(data, int(draw.integers(min(256, len(data)))), draw)


_BLIND: tuple[Mutator, ...] = (_flip, _truncate, _swap, _repeat, _cut_out, _fill, _header)


def _number(data: bytearray, at: int, draw: Generator) -> bytearray:
    value = int(draw.choice(_NUMBERS))
    width = int(draw.choice([1, 2, 4]))
    order = "big" if draw.random() < 0.5 else "little"
    data[at : at + width] = (value & (256**width - 1)).to_bytes(width, order)  # type: ignore[arg-type]
    return data


def _in_png(data: bytearray, draw: Generator) -> bytearray:
    """A chunk's field is changed, or chunks change places, with all checksums right."""
    chunks = []
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        chunks.append((bytes(data[at + 4 : at + 8]), bytearray(data[at + 8 : at + 8 + length])))
        at += 12 + length
    if not chunks:
        return data
    which = int(draw.integers(len(chunks)))
    how = draw.random()
    if how < 0.6 and chunks[which][1]:
        _number(chunks[which][1], int(draw.integers(len(chunks[which][1]))), draw)
    elif how < 0.8:
        other = int(draw.integers(len(chunks)))
        chunks[which], chunks[other] = chunks[other], chunks[which]
    else:
        chunks.insert(int(draw.integers(len(chunks) + 1)), chunks[which])
    packed = (_png_chunk(name, bytes(body)) for name, body in chunks)
    return data[:8] + b"".join(packed)


def _png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _in_jpeg(data: bytearray, draw: Generator) -> bytearray:
    """A number inside or just behind a marker: sizes, tables, components, scans."""
    markers = [at for at in range(len(data) - 1) if data[at] == 0xFF and data[at + 1] not in (0, 0xFF)]
    return _number(data, _one(markers, draw) + int(draw.integers(1, 24)), draw) if markers else data


def _in_riff(data: bytearray, draw: Generator) -> bytearray:
    """A number of a WebP chunk's head: its size, its canvas, where a frame lies, how long it shows."""
    names = (b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L", b"EXIF", b"RIFF")
    found = [at for name in names for at in _all(data, name)]
    return _number(data, _one(found, draw) + int(draw.integers(4, 34)), draw) if found else data


def _in_gif(data: bytearray, draw: Generator) -> bytearray:
    """A number of an image descriptor, a control block, or the screen."""
    found = [6, *_all(data, b"\x21\xf9"), *_all(data, b"\x2c\x00")]
    return _number(data, _one(found, draw) + int(draw.integers(12)), draw)


def _in_mp4(data: bytearray, draw: Generator) -> bytearray:
    """A number anywhere in a box that is not the pictures themselves, or the box's size."""
    boxes = [box for box in _boxes(data, 0, len(data)) if data[box[0] + 4 : box[0] + 8] != b"mdat"]
    if not boxes:
        return data
    begin, end = boxes[int(draw.integers(len(boxes)))]
    return _number(data, begin + int(draw.integers(max(1, min(end - begin, 96)))), draw)


def _boxes(data: bytearray, begin: int, end: int) -> Iterator[tuple[int, int]]:
    while begin + 8 <= end:
        size = int.from_bytes(data[begin : begin + 4], "big")
        if size < 8 or begin + size > end:
            return
        yield begin, begin + size
        if bytes(data[begin + 4 : begin + 8]) in _BOXES_WITH_BOXES:
            yield from _boxes(data, begin + 8, begin + size)
        begin += size


def _in_mkv(data: bytearray, draw: Generator) -> bytearray:
    """A byte of the head's elements, or of an FFV1 packet whose last slice gets its checksum again."""
    blocks = _all(data, b"\xa3")
    if draw.random() < 0.5 or not blocks:
        return _number(data, int(draw.integers(min(640, len(data)))), draw)
    at = _one(blocks, draw)
    size, width = _ebml_size(data, at + 1)
    begin, end = at + 1 + width + 4, at + 1 + width + size
    if not 16 < end - begin < len(data) - begin:
        return data
    changed = begin + int(draw.integers(end - begin - 8))
    data[changed] ^= 1 << int(draw.integers(8))
    slice_begin = end - 8 - int.from_bytes(data[end - 8 : end - 5], "big")
    if begin <= slice_begin < end:
        data[end - 4 : end] = _ffv1_checksum(bytes(data[slice_begin : end - 4]))
    return data


def _ebml_size(data: bytearray, at: int) -> tuple[int, int]:
    """The size an element states, and how many bytes state it."""
    first = data[at] if at < len(data) else 0
    width = 9 - first.bit_length()
    if not 1 <= width <= 8:
        return 0, 1
    return int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1), width


def _ffv1_checksum(part: bytes) -> bytes:
    """What must stand behind `part` so that the CRC-32 of both, from the highest bit down, is zero."""
    mirrored = zlib.crc32(part.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2).to_bytes(4, "big")


def _all(data: bytearray, name: bytes) -> list[int]:
    found, at = [], data.find(name)
    while at >= 0 and len(found) < 200:
        found.append(at)
        at = data.find(name, at + 1)
    return found


def _one(places: list[int], draw: Generator) -> int:
    return places[int(draw.integers(len(places)))]


_INSIDE: dict[str, Mutator] = {
    "png": _in_png,
    "apng": _in_png,
    "jpeg": _in_jpeg,
    "webp": _in_riff,
    "gif": _in_gif,
    "mp4": _in_mp4,
    "mkv": _in_mkv,
    "avif": _in_mp4,
    "webm": _in_mkv,
}

"""GIFs whose pictures cover a part of the canvas and go away as they are told, which no writer here makes."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SIDE_PX = 32
#: the palette; the last is the background that the file names and nobody shows
PALETTE = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (10, 20, 30))
#: left, top, width, height, colour, and what becomes of it: 1 stays, 2 is cleared, 3 gives back what was there
Part = tuple[int, int, int, int, int, int]


def gif(path: Path, parts: Sequence[Part]) -> Path:
    """A GIF of one flat part of the canvas after the other, 100 ms each."""
    head = b"GIF89a" + struct.pack("<HHBBB", SIDE_PX, SIDE_PX, 0xF1, len(PALETTE) - 1, 0)
    body = b""
    for left, top, width, height, colour, disposal in parts:
        body += b"\x21\xf9\x04" + struct.pack("<BHBB", disposal << 2, 10, 0, 0)
        body += b"\x2c" + struct.pack("<HHHHB", left, top, width, height, 0)
        body += b"\x02" + b"".join(_blocks(_flat(colour, width * height))) + b"\0"
    path.write_bytes(head + bytes(sum(PALETTE, ())) + body + b";")
    return path


def _flat(colour: int, count: int) -> bytes:
    """So many pixels of one colour in codes of three bits, with the table cleared before it would grow."""
    codes = [code for at in range(count) for code in ((4, colour) if at % 2 == 0 else (colour,))] + [5]
    bits = sum(code << 3 * at for at, code in enumerate(codes))
    return bits.to_bytes((3 * len(codes) + 7) // 8, "little")


def _blocks(packed: bytes) -> Iterator[bytes]:
    for at in range(0, len(packed), 255):
        part = packed[at : at + 255]
        yield bytes([len(part)]) + part

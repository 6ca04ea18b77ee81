"""Small ICC profiles, made from primaries and a gamma as the format's text says."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: x and y of red, green and blue
ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
DISPLAY_P3 = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_D65 = (0.3127, 0.3290)
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def rgb_profile(primaries: Sequence[tuple[float, float]], gamma: float) -> bytes:
    """A profile of RGB under daylight (D65)."""
    columns = _to_d50() @ rgb_to_xyz(primaries)
    tags = [(b"wtpt", _xyz(_D50))]
    tags += [(name, _xyz(columns[:, at])) for at, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))]
    tags += [(name, _curve(gamma)) for name in (b"rTRC", b"gTRC", b"bTRC")]
    return _profile(b"RGB ", tags)


def grey_profile(gamma: float) -> bytes:
    """A profile of grey."""
    return _profile(b"GRAY", [(b"wtpt", _xyz(_D50)), (b"kTRC", _curve(gamma))])


def rgb_to_xyz(primaries: Sequence[tuple[float, float]]) -> Floats:
    """The matrix from linear RGB of these primaries to CIE XYZ, both under D65."""
    columns = np.stack([_of_chromaticity(*each) for each in primaries], axis=1)
    return np.asarray(columns * np.linalg.solve(columns, _of_chromaticity(*_D65)))


def stored_under(
    rgb: NDArray[np.uint8], primaries: Sequence[tuple[float, float]], gamma: float
) -> NDArray[np.uint8]:
    """How sRGB pixels `(H, W, 3)` are stored under such a profile."""
    unit = rgb / 255.0
    linear = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)
    other = linear @ (np.linalg.inv(rgb_to_xyz(primaries)) @ rgb_to_xyz(SRGB)).T
    return np.asarray(np.round(255 * np.clip(other, 0, 1) ** (1 / gamma))).astype(np.uint8)


def _of_chromaticity(x: float, y: float) -> Floats:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _to_d50() -> Floats:
    scale = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ _of_chromaticity(*_D65)))
    return np.asarray(np.linalg.inv(_BRADFORD) @ scale @ _BRADFORD)


def _xyz(value: Floats) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(part * 65536) for part in value))


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def _profile(colours: bytes, tags: list[tuple[bytes, bytes]]) -> bytes:
    text = b"text\0\0\0\0none\0\0\0\0"
    named = [(b"desc", b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(79)), (b"cprt", text), *tags]
    table, body = b"", b""
    begin = 128 + 4 + 12 * len(named)
    for name, content in named:
        table += struct.pack(">4sII", name, begin + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(
        ">I4sI4s4s4s12x4s28x3i",
        begin + len(body),
        b"test",
        0x02400000,
        b"mntr",
        colours,
        b"XYZ ",
        b"acsp",
        *(round(part * 65536) for part in _D50),
    )
    return head.ljust(128, b"\0") + struct.pack(">I", len(named)) + table + body

"""How stored pixels lie on the screen: turned or mirrored by a matrix, widened where they are not square."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from models.errors import BadInput

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from numpy.typing import NDArray

#: a b u, c d v, x y w: a pixel at (p, q) is shown at (a p + c q + x, b p + d q + y)
_MATRIX = struct.Struct("=9i")
_ONE = 1 << 30
#: share of the larger entries up to which the others are rounding
_NOTHING = 0.01


@dataclass(frozen=True, slots=True)
class Turn:
    """One of the eight ways in which a picture may lie: rows for columns first, then mirrored."""

    transposed: bool = False
    mirrored_x: bool = False
    mirrored_y: bool = False

    def of(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture `(H, W, 3)` as it is shown; the same array where nothing is turned."""
        if self == UPRIGHT:
            return rgb
        turned = rgb.transpose(1, 0, 2) if self.transposed else rgb
        columns = slice(None, None, -1 if self.mirrored_x else 1)
        rows = slice(None, None, -1 if self.mirrored_y else 1)
        return np.ascontiguousarray(turned[rows, columns])


UPRIGHT = Turn()


def turn_of(path: Path, matrix: bytes) -> Turn:
    """What a display matrix (nine 32-bit numbers) does; its scale is in the pixel aspect already.

    Raises:
        BadInput: it does more than turn by quarters and mirror.
    """
    a, b, u, c, d, v, _, _, w = _MATRIX.unpack(matrix[: _MATRIX.size])
    straight, crossed = max(abs(a), abs(d)), max(abs(b), abs(c))
    whole, rest = max(straight, crossed), min(straight, crossed)
    if not whole:
        # A matrix of zeros shows nothing; players take it for one that was never filled in.
        return UPRIGHT
    both = (a and d) if straight >= crossed else (b and c)
    if u or v or w not in (0, _ONE) or rest > _NOTHING * whole or not both:
        raise BadInput(
            f"{path.name} is shown slanted: its display matrix does more than turn by quarters and mirror.",
            hint="Export it upright.",
        )
    if straight >= crossed:
        return Turn(False, a < 0, d < 0)
    return Turn(True, c < 0, b < 0)


def shown_width(width: int, pixel_aspect: Fraction) -> int:
    """The width in square pixels of `width` pixels that are `pixel_aspect` times as wide as high."""
    return max(1, round(width * pixel_aspect))


def widened(rgb: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """The picture `(H, W, 3)` at its shown width in pixels; the same array where that is its own."""
    if width == rgb.shape[1]:
        return rgb
    return np.array(Image.fromarray(rgb).resize((width, rgb.shape[0]), Image.Resampling.LANCZOS))

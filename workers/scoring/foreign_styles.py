"""The same picture in other styles: the out-of-style pool that a style reference is calibrated against.

Made from the project's own frames by code, so that content is equal and only the style differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from workers.scoring.frames import short_side

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

#: style is looked at in this size, so it is also made in it
_SIDE_PX = 256


def photographic(picture: Picture) -> Picture:
    """No ink lines, soft edges, film grain."""
    soft = cv2.GaussianBlur(cv2.medianBlur(picture, 9), (0, 0), 2.0)
    return as_bytes(soft.astype(np.float32) + _grain(picture.shape, 9.0))


def lineless(picture: Picture) -> Picture:
    """The ink lines painted over by what surrounds them."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    return as_bytes(cv2.morphologyEx(picture, cv2.MORPH_CLOSE, kernel))


def greyscale(picture: Picture) -> Picture:
    return as_bytes(cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))


def posterised(picture: Picture) -> Picture:
    """Three levels a channel."""
    return as_bytes(np.round(picture.astype(np.float32) / 127.5) * 127.5)


def noisy(picture: Picture) -> Picture:
    """Strong grain over everything."""
    return as_bytes(picture.astype(np.float32) + _grain(picture.shape, 32.0))


def sketch(picture: Picture) -> Picture:
    """Pencil lines on white paper."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    paper = cv2.divide(grey, cv2.GaussianBlur(grey, (0, 0), 4.0), scale=256.0)
    return as_bytes(cv2.cvtColor(paper, cv2.COLOR_GRAY2RGB))


def negative(picture: Picture) -> Picture:
    """Every colour its opposite."""
    return as_bytes(255 - picture)


def hue_turned(picture: Picture) -> Picture:
    """Every hue a third of the circle further: green skin."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + 60) % 180
    return as_bytes(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))


def pixelated(picture: Picture) -> Picture:
    """Blocks of eight pixels."""
    height, width = picture.shape[:2]
    tiny = cv2.resize(picture, (max(1, width // 8), max(1, height // 8)), interpolation=cv2.INTER_AREA)
    return as_bytes(cv2.resize(tiny, (width, height), interpolation=cv2.INTER_NEAREST))


def painted(picture: Picture) -> Picture:
    """Patches of colour with rough edges, as with a broad brush."""
    brushed = cv2.medianBlur(picture, 13).astype(np.float32)
    canvas = cv2.GaussianBlur(_grain(picture.shape, 60.0), (0, 0), 1.5)
    return as_bytes(brushed + canvas)


def sepia(picture: Picture) -> Picture:
    """Brown and pale, like an old print."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None]
    return as_bytes(40.0 + 0.75 * grey * np.array([1.0, 0.86, 0.66], dtype=np.float32))


def _grain(shape: tuple[int, ...], deviation: float) -> NDArray[np.float32]:
    """The same noise each time, so that a reference made twice is the same."""
    noise = np.random.default_rng(7).standard_normal(shape, dtype=np.float32)
    return noise * np.float32(deviation)


def as_bytes(values: NDArray[np.generic]) -> Picture:
    """Values `(H, W, 3)` of any range as a picture, cut off at 0 and 255."""
    return np.clip(np.asarray(values, dtype=np.float32), 0.0, 255.0).round().astype(np.uint8)


def at_style_size(style: Callable[[Picture], Picture]) -> Callable[[Picture], Picture]:
    """The style, made of the picture at the size at which style is looked at."""
    return lambda picture: style(short_side(picture, _SIDE_PX))


FOREIGN_STYLES: Mapping[str, Callable[[Picture], Picture]] = {
    style.__name__: at_style_size(style)
    for style in (
        photographic, lineless, greyscale, posterised, noisy, sketch,
        negative, hue_turned, pixelated, painted, sepia,
    )
}  # fmt: skip

"""Styles that no network and no reference learns from: they try what was learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from workers.scoring.foreign_styles import as_bytes, at_style_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workers.scoring.foreign_styles import Picture


def washed_out(picture: Picture) -> Picture:
    """Half the contrast, most of the colour gone."""
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB).astype(np.float32)
    return as_bytes(110.0 + 0.5 * (0.3 * picture + 0.7 * grey - 110.0))


def halftone(picture: Picture) -> Picture:
    """Dots of a coarse print."""
    rows, columns = np.indices(picture.shape[:2])
    screen = (np.sin(rows * 1.3) * np.sin(columns * 1.3) + 1.0) * 127.5
    return as_bytes(np.where(picture > screen[..., None], 255, 0.35 * picture))


def out_of_focus(picture: Picture) -> Picture:
    """Nothing sharp."""
    return as_bytes(cv2.GaussianBlur(picture, (0, 0), 3.0))


def heavy_lines(picture: Picture) -> Picture:
    """Every line three times as thick."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    return as_bytes(cv2.erode(picture, kernel))


def neon(picture: Picture) -> Picture:
    """Colours pushed as far as they go over a dark ground."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 1] = np.clip(hsv[..., 1] * 2.5 + 60, 0, 255)
    hsv[..., 2] = 255.0 * (hsv[..., 2] / 255.0) ** 2.2
    return as_bytes(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB))


UNSEEN_STYLES: Mapping[str, Callable[[Picture], Picture]] = {
    style.__name__: at_style_size(style) for style in (washed_out, halftone, out_of_focus, heavy_lines, neon)
}

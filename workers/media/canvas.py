"""The canvas of a GIF or APNG: what no picture covers, or a picture clears, is transparent and shows white."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

#: by format: the attribute in which Pillow keeps what becomes of a picture after its time, and its values for
#: clearing it and for putting back what was there before
_DISPOSALS = {"GIF": ("disposal_method", 2, 3), "PNG": ("dispose_op", 1, 2)}


class Canvas:
    """Shown the pictures in order, knows which pixels are drawn; Pillow fills the others with a colour."""

    def __init__(self, image: Image.Image) -> None:
        width, height = image.size
        self._disposal = _DISPOSALS.get(image.format or "")
        self._drawn: NDArray[np.bool_] = np.zeros((height, width), np.bool_)

    def show(self, image: Any, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The loaded picture `(H, W, 3)` with white where nothing is drawn."""
        extent = getattr(image, "dispose_extent", None)
        if self._disposal is None or not extent or rgb.shape[:2] != self._drawn.shape:
            return rgb
        attribute, clear, restore = self._disposal
        left, top, right, bottom = extent
        area = (slice(top, bottom), slice(left, right))
        before = self._drawn[area].copy()
        self._drawn[area] = True
        if not self._drawn.all():
            rgb = np.where(self._drawn[..., None], rgb, np.uint8(255))
        disposal = getattr(image, attribute, 0)
        if disposal in (clear, restore):
            self._drawn[area] = before if disposal == restore else False
        return rgb

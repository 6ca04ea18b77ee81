"""Pictures and animated pictures (PNG, APNG, JPEG, WebP, GIF, BMP), read with Pillow."""

from __future__ import annotations

import struct
import warnings
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from models.errors import BadInput
from workers.media.limits import require_bounded, require_few_scans
from workers.media.pace import MILLISECOND, Pace
from workers.media.pixels import over_white

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_ORIENTATION = 0x0112
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
#: formats whose further pictures are an animation; a camera's JPEG may hold other views of the same moment
_ANIMATED = frozenset({"PNG", "WEBP", "GIF"})
#: what damaged bytes make Pillow's parsers raise; running out of memory or of time is not among them
_PARSER_ERRORS = (
    OSError,
    SyntaxError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    struct.error,
    Image.DecompressionBombError,
)


class StillSource:
    """An opened picture; an animated one yields each of its frames."""

    def __init__(self, path: Path, image: Image.Image) -> None:
        self._path = path
        self._image = image
        count = int(getattr(image, "n_frames", 1)) if image.format in _ANIMATED else 1
        self.is_motion = count > 1
        self._count = count
        self._duration_ms = Fraction(0)
        # GIF counts hundredths of a second.
        self.pace = Pace(10 * MILLISECOND if image.format == "GIF" else MILLISECOND)

    @property
    def fps(self) -> Fraction:
        """Frames over the durations read so far (files keep whole milliseconds); 0 for a still."""
        if not self.is_motion or not self._duration_ms:
            return Fraction(0)
        return (1000 * self._count / self._duration_ms).limit_denominator(1001)

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Decode one after the other; Pillow keeps only the current one."""
        with self._image:
            for index in range(self._count):
                yield self._decode(index)

    def _decode(self, index: int) -> NDArray[np.uint8]:
        with _translated_damage(self._path, f" at frame {index}"):
            self._image.seek(index)
            self._image.load()
            shown_ms = Fraction(self._image.info.get("duration", 0)).limit_denominator(1000)
            self._duration_ms += shown_ms
            self.pace.hold(float(shown_ms) / 1000)
            return _as_rgb(self._image)


def open_still(path: Path) -> StillSource | None:
    """The picture in `path`, or None when it is no picture.

    Raises:
        BadInput: a picture, but a damaged or an oversized one.
    """
    image = open_picture(path)
    if image is None:
        return None
    try:
        require_bounded(path, *image.size)
        if image.format == "JPEG":
            require_few_scans(path)
        # Counting an animation's frames reads all their headers.
        with _translated_damage(path):
            return StillSource(path, image)
    except BadInput:
        image.close()
        raise


def open_picture(path: Path) -> Image.Image | None:
    """The picture in `path` with nothing of it decoded, or None when it is no picture.

    Raises:
        BadInput: a picture, but its header is damaged, or it is larger than anything that could be decoded.
    """
    try:
        with warnings.catch_warnings(), _translated_damage(path):
            # Pillow warns of large pictures before we can look at the size; our own limit is stricter.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(path, formats=_FORMATS)
    except BadInput as refused:
        if isinstance(refused.__cause__, UnidentifiedImageError):
            return None
        if isinstance(refused.__cause__, Image.DecompressionBombError):
            raise BadInput(
                f"{path.name} is too large to decode safely: {refused.__cause__}", hint="Scale it down."
            ) from refused.__cause__
        raise


@contextmanager
def _translated_damage(path: Path, where: str = "") -> Iterator[None]:
    try:
        yield
    except _PARSER_ERRORS as error:
        raise BadInput(
            f"{path.name} is cut short or damaged{where}: {str(error).rstrip('.') or type(error).__name__}.",
            hint="Copy or render it again.",
        ) from error


def _as_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """One upright 8-bit RGB frame; transparent parts show white."""
    # Only a picture that is to be turned is copied; it may be a quarter of a gigabyte.
    upright = ImageOps.exif_transpose(image) if image.getexif().get(_ORIENTATION, 1) != 1 else image
    if upright.mode.startswith("I"):
        # 16-bit grey: Pillow's own conversion clips at 255 instead of scaling.
        grey = (np.asarray(upright).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if upright.has_transparency_data:
        return over_white(np.asarray(upright if upright.mode == "RGBA" else upright.convert("RGBA")))
    return np.array(upright if upright.mode == "RGB" else upright.convert("RGB"))

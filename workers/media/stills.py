"""Pictures and animated pictures (PNG, APNG, JPEG, WebP, GIF, AVIF, BMP), read with Pillow."""

from __future__ import annotations

import struct
import warnings
from contextlib import contextmanager
from fractions import Fraction
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from models.errors import BadInput
from models.rates import meant_rate
from workers.media.canvas import Canvas
from workers.media.colours import in_srgb
from workers.media.descriptions import require_plain_picture
from workers.media.holds import frames_held
from workers.media.limits import Unpacked, require_bounded, require_few_scans
from workers.media.pace import MILLISECOND, Pace
from workers.media.pixels import over_white

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_ORIENTATION = 0x0112
#: an empty canvas by mode: transparent, or what is laid behind the transparent
_BLANK: dict[str, int | tuple[int, ...]] = {
    "RGBA": (0, 0, 0, 0),
    "LA": (0, 0),
    "RGB": (255, 255, 255),
    "L": 255,
}
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP")
#: formats whose further pictures are an animation; a camera's JPEG may hold other views of the same moment
_ANIMATED = frozenset({"PNG", "WEBP", "GIF", "AVIF"})
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
    """An opened picture; an animated one yields each of its pictures for as many frames as it is held."""

    def __init__(self, path: Path, image: Image.Image, rate: Fraction) -> None:
        self._path = path
        self._image = image
        self._rate = rate
        count = int(getattr(image, "n_frames", 1)) if image.format in _ANIMATED else 1
        # A poster is for programs that know no animation, and no part of it.
        self._has_poster = count > 1 and bool(image.info.get("default_image"))
        self._pictures = range(int(self._has_poster), count)
        #: pictures of an animation, however long each is held; 0 for a still
        self.drawings = len(self._pictures) if len(self._pictures) > 1 else 0
        self.is_motion = self.drawings > 0
        self._frames = 0
        self._shown_ms = Fraction(0)
        # GIF counts hundredths of a second.
        self._tick_s = 10 * MILLISECOND if image.format == "GIF" else MILLISECOND
        self.pace = Pace(self._tick_s)

    @property
    def fps(self) -> Fraction:
        """Frames over their time on screen so far (files keep whole milliseconds); 0 for a still."""
        if not self.is_motion or not self._shown_ms:
            return Fraction(0)
        stated = (1000 * self._frames / self._shown_ms).limit_denominator(1001)
        # The end is rounded to a whole millisecond, which tells 30 from 29.97 a second; hundredths do not.
        rounded_ms = Fraction(0) if self._image.format == "GIF" else Fraction(1, 2)
        return meant_rate(stated, rounded_ms / self._shown_ms)

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Decode one after the other; Pillow keeps only the current one."""
        canvas = Canvas(self._image)
        with self._image:
            if not self.is_motion:
                yield canvas.show(self._image, self._decode(self._pictures[0]))
                return
            for index, count in zip(self._pictures, self._frames_held(), strict=False):
                frame = canvas.show(self._image, self._decode(index))
                shown_ms = _shown_ms(self._image)
                for _ in range(count):
                    self._frames += 1
                    self._shown_ms += shown_ms / count
                    self.pace.hold(float(shown_ms / count) / 1000)
                    yield frame

    def _frames_held(self) -> Iterator[int]:
        """For each picture in turn; one each from where the file is damaged, which reading it will say."""
        times_ms = []
        unpacked = Unpacked(self._path)
        try:
            for index in self._pictures:
                unpacked.add(*self._image.size)
                self._load(index)
                times_ms.append(_shown_ms(self._image))
        except BadInput:
            return repeat(1)
        tick_ms = Fraction(round(1000 * self._tick_s))
        return iter(frames_held(times_ms, tick_ms=tick_ms, rate=self._rate))

    def _decode(self, index: int) -> NDArray[np.uint8]:
        self._load(index)
        with _translated_damage(self._path, f" at frame {index}"):
            return _as_rgb(self._path, self._image)

    def _load(self, index: int) -> None:
        with _translated_damage(self._path, f" at frame {index}"):
            if self._has_poster and index == self._pictures[0]:
                self._clear_poster()
            self._image.seek(index)
            self._image.load()

    def _clear_poster(self) -> None:
        """An animation begins on an empty canvas; Pillow would lay its first picture over the poster."""
        self._image.seek(0)
        self._image.load()
        if self._image.mode in _BLANK:
            self._image.paste(_BLANK[self._image.mode], (0, 0, *self._image.size))


def open_still(path: Path, rate: Fraction = Fraction(0)) -> StillSource | None:
    """The picture in `path`, or None when it is no picture; `rate` is that of the frames it is counted in.

    Raises:
        BadInput: a picture, but a damaged or an oversized one, or one that looks other than its pixels.
    """
    image = open_picture(path)
    if image is None:
        return None
    try:
        require_bounded(path, *image.size)
        # By its parser: Pillow gives a JPEG of several pictures another name.
        if isinstance(image, JpegImageFile):
            require_few_scans(path)
        # Counting an animation's frames reads all their headers.
        with _translated_damage(path):
            require_plain_picture(path, image)
            return StillSource(path, image, rate)
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


def _shown_ms(image: Image.Image) -> Fraction:
    return Fraction(image.info.get("duration", 0)).limit_denominator(1000)


def _as_rgb(path: Path, image: Image.Image) -> NDArray[np.uint8]:
    """One upright 8-bit RGB frame in sRGB; transparent parts show white."""
    # Only a picture that is to be turned is copied; it may be a quarter of a gigabyte.
    upright = ImageOps.exif_transpose(image) if image.getexif().get(_ORIENTATION, 1) != 1 else image
    if upright.mode.startswith("I"):
        # 16-bit grey: Pillow's own conversion clips at 255 instead of scaling.
        upright = Image.fromarray((np.asarray(upright).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    upright = in_srgb(path, upright, image.info.get("icc_profile"))
    if upright.has_transparency_data:
        return over_white(np.asarray(upright if upright.mode == "RGBA" else upright.convert("RGBA")))
    return np.array(upright if upright.mode == "RGB" else upright.convert("RGB"))

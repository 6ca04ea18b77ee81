"""From a decoded frame of a clip to the picture that a player shows of it."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.sidedata.sidedata import Type

from models.errors import BadInput
from workers.media.colours import guessed_matrix, require_shown_as_coded, rgb_in_srgb
from workers.media.display import UPRIGHT, shown_width, turn_of, widened
from workers.media.limits import MAX_CLIP_FRAME_PX, require_bounded
from workers.media.pixels import is_transparent, over_white

if TYPE_CHECKING:
    from pathlib import Path

    from av.video.stream import VideoStream
    from numpy.typing import NDArray

#: beside a PNG lies a profile with a name, which PyAV frees a second time: the process dies of it
_UNREADABLE_BESIDE = frozenset({"png", "apng"})
#: what a frame says beside its pixels, compared from one to the next
_Look = tuple[object, ...]


class Screen:
    """Shows one clip's frames in order; what a frame says of itself is asked of every one."""

    def __init__(self, path: Path, stream: VideoStream) -> None:
        self._path = path
        self._codec = stream.codec_context
        #: the container's word for the shape of a pixel, which wins over the codec's; None when it says nothing
        self._pixel_aspect: Fraction | None = stream.sample_aspect_ratio or None
        self._coded_aspect: Fraction | None = None
        self._look: _Look | None = None
        self._turn = UPRIGHT
        self._width = 0
        self._profile: bytes | None = None
        self._shown = 0

    def show(self, frame: av.VideoFrame, alpha: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """One upright 8-bit RGB frame in sRGB with square pixels; what its own or `alpha` clears is white.

        Raises:
            BadInput: the frame is too large, or would look other than what can be shown here.
        """
        matrix, profile = self._beside(frame)
        look = (*_look_of(frame), self._codec.sample_aspect_ratio, matrix, profile)
        if look != self._look:
            self._look_at(frame)
            self._turn = turn_of(self._path, matrix) if matrix else UPRIGHT
            self._look, self._profile = look, profile
        self._shown += 1
        rgb = rgb_in_srgb(self._path, self._rgb(frame, alpha), self._profile)
        return self._turn.of(widened(rgb, self._width))

    def _look_at(self, frame: av.VideoFrame) -> None:
        """Refuse what cannot be shown, and keep what this frame and those like it need."""
        since = f" from frame {self._shown} on" if self._shown else ""
        require_bounded(self._path, frame.width, frame.height, MAX_CLIP_FRAME_PX)
        if frame.interlaced_frame:
            raise BadInput(
                f"{self._path.name} is interlaced{since}: each frame shows two moments at once.",
                hint="Deinterlace it first.",
            )
        require_shown_as_coded(self._path, frame.color_trc, frame.color_primaries, frame.colorspace, since)
        self._width = shown_width(frame.width, self._aspect(since))
        require_bounded(self._path, self._width, frame.height, MAX_CLIP_FRAME_PX)

    def _beside(self, frame: av.VideoFrame) -> tuple[bytes | None, bytes | None]:
        """The display matrix and the colour profile that lie beside a frame, each None where none does."""
        if self._codec.name not in _UNREADABLE_BESIDE:
            # PyAV does not know the newest kinds, and says so of all of them.
            with suppress(ValueError):
                kept: Any = frame.side_data
                beside = (kept.get(kind) for kind in (Type.DISPLAYMATRIX, Type.ICC_PROFILE))
                matrix, profile = (None if each is None else bytes(each) for each in beside)
                return matrix, profile
        if frame.rotation:
            raise BadInput(
                f"{self._path.name} is turned or mirrored by its container in a way that cannot be read here.",
                hint="Export it upright.",
            )
        return None, None

    def _aspect(self, since: str) -> Fraction:
        """Width over height of a pixel."""
        coded = self._codec.sample_aspect_ratio or None
        if since and coded != self._coded_aspect:
            raise BadInput(
                f"{self._path.name} has pixels of another shape{since}.", hint="Export it with square pixels."
            )
        self._coded_aspect = coded
        return self._pixel_aspect or coded or Fraction(1)

    def _rgb(self, frame: av.VideoFrame, alpha: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
        try:
            rgba = _converted(frame, "rgba") if is_transparent(frame.format) else None
            rgb = _converted(frame, "rgb24") if rgba is None else rgba
        except av.FFmpegError as error:
            raise BadInput(
                f"{self._path.name} holds pixels that cannot be shown here ({frame.format.name}).",
                hint="Export it as H.264 in BT.709, or as FFV1.",
            ) from error
        if alpha is not None:
            if alpha.shape != rgb.shape[:2]:
                raise BadInput(
                    f"{self._path.name} has a transparency of another size than its picture.",
                    hint="Export it again.",
                )
            rgba = np.dstack([rgb[..., :3], alpha])
        return rgb if rgba is None else over_white(rgba)


def _look_of(frame: av.VideoFrame) -> _Look:
    return (
        frame.width,
        frame.height,
        frame.interlaced_frame,
        frame.colorspace,
        frame.color_trc,
        frame.color_primaries,
    )


def _converted(frame: av.VideoFrame, pixel_format: str) -> NDArray[np.uint8]:
    """8-bit pixels; an unsaid matrix is the one that players guess."""
    guessed = None
    if not frame.format.is_rgb:
        guessed = guessed_matrix(frame.colorspace, frame.width, frame.height)
    pixels = frame.to_ndarray(format=pixel_format, src_colorspace=guessed)
    return pixels.astype(np.uint8, copy=False)

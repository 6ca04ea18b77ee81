"""Clips (Matroska, MP4, WebM, ...), decoded with PyAV."""

from __future__ import annotations

from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np

from models.errors import BadInput
from workers.media import ffv1
from workers.media.limits import require_bounded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer
    from numpy.typing import NDArray

#: half the machine's smallest worker: decoding runs beside a render
_THREADS = 2


class ClipSource:
    """An opened clip's first video stream."""

    is_motion = True

    def __init__(self, path: Path, container: InputContainer) -> None:
        self._path = path
        self._container = container
        self._stream = container.streams.video[0]
        # Damage must be an error: by default FFmpeg paints over it with what is around or was before.
        self._stream.codec_context.options = {"err_detect": "crccheck+explode"}
        self._stream.codec_context.thread_count = _THREADS
        self._stream.thread_type = "AUTO"
        # Asked now: a stream whose container was closed must not be asked for anything.
        #: the average rate the container states; 0 when it states none
        self.fps = self._stream.average_rate or self._stream.guessed_rate or Fraction(0)
        self._promised_frames = _promised_frames(container, self.fps)

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Decode one after the other, then hold the count against what the container promised."""
        count = 0
        with self._container, _damage_told(self._path):
            for frame in self._decoded():
                require_bounded(self._path, frame.width, frame.height)
                yield _as_rgb(frame)
                count += 1
        self._require_complete(count)

    def _decoded(self) -> Iterator[av.VideoFrame]:
        has_checksums = self._stream.codec_context.name == "ffv1"
        for packet in self._container.demux(self._stream):
            if has_checksums and packet.size and ffv1.is_damaged(bytes(packet)):
                raise _damaged(self._path)
            for frame in packet.decode():
                if frame.is_corrupt:
                    raise _damaged(self._path)
                yield frame

    def _require_complete(self, count: int) -> None:
        """Refuse a clip that ends before its header says: a download or a copy was cut short."""
        # Two frames of slack: durations are rounded, and an edit list may trim an end.
        if count < self._promised_frames - 2:
            raise BadInput(
                f"{self._path.name} is cut short: it promises about {self._promised_frames} frames "
                f"and holds {count}.",
                hint="Copy or render it again.",
            )


def open_clip(path: Path) -> ClipSource:
    """The clip in `path`.

    Raises:
        BadInput: no clip, no video in it, or an oversized one.
    """
    try:
        # Naming the protocol keeps a playlist-like file from making us open other files or addresses.
        container = av.open(str(path), options={"protocol_whitelist": "file"})
    except (av.FFmpegError, UnicodeDecodeError) as error:
        raise _unreadable(path) from error
    if not container.streams.video:
        container.close()
        raise BadInput(f"{path.name} holds no picture.", hint="Name a picture or a clip.")
    size = container.streams.video[0].codec_context
    try:
        if not size.width:
            raise _unreadable(path)
        require_bounded(path, size.width, size.height)
    except BadInput:
        container.close()
        raise
    return ClipSource(path, container)


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    try:
        yield
    except av.FFmpegError as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> BadInput:
    return BadInput(
        f"{path.name} is cut short or damaged and cannot be decoded to its end.",
        hint="Copy or render it again.",
    )


def _unreadable(path: Path) -> BadInput:
    return BadInput(
        f"{path.name} is neither a picture nor a clip that can be read.",
        hint="PNG, JPEG, WebP, GIF, MKV, MP4 and WebM are known; a clip cut short looks like this.",
    )


def _as_rgb(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """One upright 8-bit RGB frame; transparent parts show white."""
    if any(component.is_alpha for component in frame.format.components):
        rgba = frame.to_ndarray(format="rgba").astype(np.uint16)
        alpha = rgba[..., 3:]
        rgb: NDArray[np.uint8] = ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    else:
        rgb = frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
    quarter_turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb, quarter_turns)) if quarter_turns else rgb


def _promised_frames(container: InputContainer, fps: Fraction) -> int:
    """How many frames the header speaks of; 0 when it does not say."""
    stream = container.streams.video[0]
    if stream.frames:
        return stream.frames
    seconds = _tagged_seconds(stream.metadata.get("DURATION", ""))
    if not seconds and len(container.streams) == 1 and container.duration:
        seconds = Fraction(container.duration, 1_000_000)
    return round(seconds * fps)


def _tagged_seconds(text: str) -> Fraction:
    """Seconds of Matroska's `HH:MM:SS.fraction`; 0 when it says something else."""
    try:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    except ValueError:
        return Fraction(0)

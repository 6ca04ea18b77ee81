"""Clips (Matroska, MP4, WebM, ...), decoded with PyAV."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import ColorTrc

from models.errors import BadInput
from workers.media import ffv1
from workers.media.limits import MAX_CLIP_FRAME_PX, require_bounded
from workers.media.pace import Pace
from workers.media.pixels import over_white

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

#: half the machine's smallest worker: decoding runs beside a render
_THREADS = 2
#: a disk that stalls for longer is away
_STALL_S = 60
#: Naming the protocol and the formats keeps a playlist-like file from making us open other files or addresses.
_OPEN = {
    "protocol_whitelist": "file",
    "format_whitelist": "matroska,webm,mov,mp4,avi,mpegts,mpeg,flv,ogg,asf,mxf,ivf,nut,yuv4mpegpipe,"
    "wav,mp3,flac,aac",
    "max_pixels": str(MAX_CLIP_FRAME_PX),
}
# Damage must be an error: by default FFmpeg paints over it with what is around or was before.
_DECODE = {"err_detect": "crccheck+explode", "max_pixels": str(MAX_CLIP_FRAME_PX)}
#: Digits alone, and few: a fraction may also be written 1e9999999999, which is never worked out.
_DURATION = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2}(?:\.\d{1,12})?)", re.ASCII)
#: PQ and HLG: brightness coded for other screens, which no mark of ours was made for
_HDR = frozenset({ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67})


class ClipSource:
    """An opened clip's first video stream."""

    is_motion = True

    def __init__(self, path: Path, container: InputContainer, stream: VideoStream) -> None:
        self._path = path
        self._container = container
        self._stream = stream
        self._stream.codec_context.options = _DECODE
        self._stream.codec_context.thread_count = _THREADS
        self._stream.thread_type = "AUTO"
        # Asked now: a stream whose container was closed must not be asked for anything.
        #: the average rate the container states; 0 when it states none
        self.fps = stream.average_rate or stream.guessed_rate or Fraction(0)
        self._promised_frames = _promised_frames(container, stream, self.fps)
        self.pace = Pace()

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Decode one after the other, then hold the count against what the container promised."""
        count = 0
        with self._container:
            for frame in _translated(self._path, self._decoded()):
                require_bounded(self._path, frame.width, frame.height, MAX_CLIP_FRAME_PX)
                if count == 0:
                    _require_plain(self._path, frame)
                self.pace.show(frame.time)
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
    container = open_container(path)
    try:
        return ClipSource(path, container, _video(path, container))
    except (BadInput, av.FFmpegError, ArithmeticError) as error:
        container.close()
        if isinstance(error, BadInput):
            raise
        raise _unreadable(path) from error


def open_container(path: Path) -> InputContainer:
    """The file itself, and nothing that it may point at; raises `BadInput` when it is no clip."""
    try:
        # Without its protocol a file called `ep01:sc010.mp4` would be asked of a protocol `ep01`.
        return av.open(f"file:{path}", options=_OPEN, metadata_errors="replace", timeout=_STALL_S)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _unreadable(path) from error


def _video(path: Path, container: InputContainer) -> VideoStream:
    """The first stream of pictures; the cover of a record is none."""
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        raise BadInput(f"{path.name} holds no picture.", hint="Name a picture or a clip.")
    size = streams[0].codec_context
    if not size or not size.width:
        raise _unreadable(path)
    require_bounded(path, size.width, size.height, MAX_CLIP_FRAME_PX)
    return streams[0]


def _require_plain(path: Path, frame: av.VideoFrame) -> None:
    """Refuse what would be measured as something else than what is seen."""
    if frame.color_trc in _HDR:
        raise BadInput(
            f"{path.name} is HDR; every metric and mark here is for standard dynamic range.",
            hint="Export it as SDR (BT.709).",
        )
    if frame.interlaced_frame:
        raise BadInput(
            f"{path.name} is interlaced: each frame shows two moments at once.",
            hint="Deinterlace it first.",
        )


def _translated(path: Path, frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """The same frames; only what FFmpeg says of the file is translated, never what happens at the yield."""
    while True:
        try:
            frame = next(frames, None)
        except av.FFmpegError as error:
            raise _damaged(path) from error
        if frame is None:
            return
        yield frame


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
        rgb = over_white(frame.to_ndarray(format="rgba").astype(np.uint8, copy=False))
    else:
        rgb = frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
    quarter_turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb, quarter_turns)) if quarter_turns else rgb


def _promised_frames(container: InputContainer, stream: VideoStream, fps: Fraction) -> int:
    """How many frames the header speaks of; 0 when it does not say."""
    if stream.frames:
        return stream.frames
    seconds = _tagged_seconds(stream.metadata.get("DURATION", ""))
    if not seconds and len(container.streams) == 1 and container.duration:
        seconds = Fraction(container.duration, 1_000_000)
    return round(seconds * fps)


def _tagged_seconds(text: str) -> Fraction:
    """Seconds of Matroska's `HH:MM:SS.fraction`; 0 when it says something else."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return Fraction(0)
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)

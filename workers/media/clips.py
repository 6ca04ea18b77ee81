"""Clips (Matroska, MP4, WebM, ...), decoded with PyAV."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.stream import Disposition

from models.errors import BadInput
from models.rates import meant_rate
from workers.media import alpha, ffv1
from workers.media.alpha import AlphaBeside
from workers.media.descriptions import require_no_profile, require_plain_clip
from workers.media.limits import MAX_CLIP_FRAME_PX, require_bounded, require_few_scans
from workers.media.pace import Pace
from workers.media.screen import Screen
from workers.media.whole import Wholeness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
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
#: pictures that belong to a file or to moments of it, and no film
_NO_FILM = Disposition.attached_pic | Disposition.timed_thumbnails


class ClipSource:
    """An opened clip's stream of pictures that a player would choose."""

    is_motion = True
    drawings = 0

    def __init__(self, path: Path, container: InputContainer, stream: VideoStream) -> None:
        self._path = path
        self._container = container
        self._stream = stream
        self._stream.codec_context.options = _DECODE
        self._stream.codec_context.thread_count = _THREADS
        self._stream.thread_type = "AUTO"
        # Asked now: a stream whose container was closed must not be asked for anything.
        #: the average rate the container states; 0 when it states none
        self.fps = meant_rate(stream.average_rate or stream.guessed_rate or Fraction(0))
        self._wholeness = Wholeness(path, container, stream)
        self._screen = Screen(path, stream)
        self._alpha = (
            AlphaBeside(stream.codec_context.name, _DECODE) if _may_have_alpha_beside(stream) else None
        )
        self.pace = Pace()

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Decode one after the other, then hold what came against what the container promised."""
        count = 0
        with self._container:
            for frame in _translated(self._path, self._decoded()):
                self.pace.show(frame.time)
                yield self._screen.show(frame, self._alpha.of(frame) if self._alpha else None)
                count += 1
        self._wholeness.require(count, self.pace)

    def _decoded(self) -> Iterator[av.VideoFrame]:
        codec = self._stream.codec_context.name
        for packet in self._container.demux(self._stream):
            if codec == "ffv1" and packet.size and ffv1.is_damaged(bytes(packet)):
                raise _damaged(self._path)
            if codec == "mjpeg" and packet.size:
                require_few_scans(self._path, bytes(packet))
            if codec == "png" and packet.size:
                require_no_profile(self._path, bytes(packet))
            if self._alpha:
                self._alpha.take(packet)
            for frame in packet.decode():
                if frame.is_corrupt:
                    raise _damaged(self._path)
                yield frame


def open_clip(path: Path) -> ClipSource:
    """The clip in `path`.

    Raises:
        BadInput: no clip, no video in it, or an oversized one.
    """
    container = open_container(path)
    try:
        stream = _video(path, container)
        require_plain_clip(path, stream)
        return ClipSource(path, container, stream)
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
    """The stream of pictures that a player chooses; the cover of a record is none."""
    streams = [s for s in container.streams.video if not s.disposition & _NO_FILM]
    if not streams:
        raise BadInput(f"{path.name} holds no picture.", hint="Name a picture or a clip.")
    best = container.streams.best("video")
    # FFmpeg's choice: what is marked as default, and of equals the one that holds most.
    stream = next((each for each in streams if best is not None and each.index == best.index), streams[0])
    size = stream.codec_context
    if not size or not size.width:
        raise _unreadable(path)
    require_bounded(path, size.width, size.height, MAX_CLIP_FRAME_PX)
    return stream


def _may_have_alpha_beside(stream: VideoStream) -> bool:
    return stream.codec_context.name in alpha.CODECS


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
        hint="PNG, JPEG, WebP, GIF, AVIF, MKV, MP4 and WebM are known; a clip cut short looks like this.",
    )

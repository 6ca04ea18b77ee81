"""Clips of many kinds from a few drawings, and small changes to their boxes that no writer here offers."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Frame = NDArray[np.uint8]

#: x264 that keeps what it is given nearly as it is
FINE = {"crf": "4", "preset": "veryfast"}
_HOLDS_BOXES = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})


def drawing(index: int = 0, width: int = 96, height: int = 64) -> Frame:
    """Four flat quarters and a dark bar that moves to the right; no two ways of laying it are equal."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = (200, 60, 60)
    picture[: height // 2, width // 2 :] = (60, 170, 80)
    picture[height // 2 :, : width // 2] = (70, 90, 200)
    picture[height // 2 :, width // 2 :] = (230, 210, 150)
    left = 4 + 2 * index % (width - 12)
    picture[8 : height - 8, left : left + 6] = 30
    return picture


def filmed(path: Path, frames: Iterable[Frame], **how: Any) -> Path:
    """Frames `(H, W, 3 or 4)` in the container of the path's suffix.

    `codec`, `pix_fmt`, `rate`, `options`; `times` in frames; `reformat` is for the frames, `context` for the
    encoder, `container` for the muxer, and `prepare` is handed the stream.
    """
    with av.open(str(path), "w", options=how.get("container", {})) as container:
        fill(container, add_track(container, **how), frames, **how)
    return path


def add_track(file: Any, /, **how: Any) -> Any:
    """A track with nothing in it; all tracks of a container are added before the first is filled."""
    codec, options = how.get("codec", "libx264"), how.get("options", FINE)
    stream = file.add_stream(codec, rate=Fraction(how.get("rate", 24)), options=options)
    stream.width, stream.height = how.get("size", (96, 64))
    stream.pix_fmt = how.get("pix_fmt", "yuv420p")
    for name, value in how.get("context", {}).items():
        setattr(stream.codec_context, name, value)
    prepare: Callable[[Any], None] = how.get("prepare", lambda stream: None)
    prepare(stream)
    return stream


def fill(file: Any, stream: Any, frames: Iterable[Frame], /, **how: Any) -> None:
    """Code the frames of a track."""
    times: Sequence[int] | None = how.get("times")
    for index, pixels in enumerate(frames):
        if not stream.codec_context.is_open:
            stream.height, stream.width = pixels.shape[:2]
        frame = av.VideoFrame.from_ndarray(
            np.ascontiguousarray(pixels), format="rgba" if pixels.shape[2] == 4 else "rgb24"
        ).reformat(format=stream.pix_fmt, **how.get("reformat", {}))
        frame.pts = times[index] if times else index
        frame.time_base = 1 / Fraction(how.get("rate", 24))
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))


def with_edits(path: Path, edits: Sequence[tuple[int, int]]) -> Path:
    """An MP4 of one track with this edit list: (milliseconds on screen, ticks of the media, -1 for nothing)."""
    body = b"".join(struct.pack(">IiI", length, begin, 0x10000) for length, begin in edits)
    edit_list = struct.pack(">II", 0, len(edits)) + body
    edts = _box(b"edts", _box(b"elst", edit_list))

    def changed(name: bytes, body: bytes) -> bytes | None:
        if name == b"edts":
            return b""
        # A reader takes the list only from in front of what it edits.
        return _box(name, body) + edts if name == b"tkhd" else None

    path.write_bytes(_rewritten(path.read_bytes(), changed))
    return path


def with_box_inside(path: Path, inside: bytes, box: bytes) -> Path:
    """An MP4 with one more box at the end of each box of this name (a sample entry such as `avc1`)."""

    def changed(name: bytes, body: bytes) -> bytes | None:
        if name == b"stsd":
            head, entry = body[:8], body[8:]
            assert entry[4:8] == inside
            return _box(name, head + _box(inside, entry[8:] + box))
        return None

    path.write_bytes(_rewritten(path.read_bytes(), changed))
    return path


def with_auxiliary_track(path: Path) -> Path:
    """An MP4 whose track says that it belongs to another one: transparency, or depth."""

    def changed(name: bytes, body: bytes) -> bytes | None:
        return _box(name, body[:8] + b"auxv" + body[12:]) if name == b"hdlr" else None

    path.write_bytes(_rewritten(path.read_bytes(), changed))
    return path


def media_ticks(path: Path) -> int:
    """How many ticks a second the first track of a clip counts."""
    with av.open(str(path)) as container:
        return int(1 / Fraction(container.streams.video[0].time_base or 1))


def clean_aperture(width: int, height: int) -> bytes:
    """The box that says that the middle of the stored picture alone is shown."""
    return _box(b"clap", struct.pack(">8I", width, 1, height, 1, 0, 1, 0, 1))


def pixel_shape(across: int, down: int) -> bytes:
    """The box that says how wide and how high a pixel is."""
    return _box(b"pasp", struct.pack(">II", across, down))


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body


def _rewritten(boxes: bytes, changed: Callable[[bytes, bytes], bytes | None]) -> bytes:
    """The same boxes, each replaced by what `changed` makes of it; None keeps it. Pictures stay in front."""
    written, at = b"", 0
    while at + 8 <= len(boxes):
        size, name = struct.unpack(">I4s", boxes[at : at + 8])
        whole, body = boxes[at : at + size], boxes[at + 8 : at + size]
        replaced = changed(name, body)
        if replaced is None and name in _HOLDS_BOXES:
            replaced = _box(name, _rewritten(body, changed))
        written += whole if replaced is None else replaced
        at += size
    return written

"""Whether a clip is all there by what it says itself: its outermost boxes, and the index of its frames."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

from models.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.video.stream import VideoStream

    from workers.media.pace import Pace

_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_ISO_START = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp", b"pnot"})
#: sizes that mean "not known yet", as a recorder leaves them
_UNSAID = frozenset({0, 0xFFFFFFFF})
#: a day in fragments of a tenth of a second; a file of nothing but empty boxes has more
_MOST_BOXES = 2_000_000


#: frames by which a promise may be rounded, or an edit list trim an end
_SLACK_FRAMES = 2


class Wholeness:
    """What a clip promises when it is opened, held against what came of it.

    An edit list hides frames that are stored, and a long hold is one frame: no product of time and rate counts.
    """

    def __init__(self, path: Path, container: InputContainer, stream: VideoStream) -> None:
        self._path = path
        self._length = path.stat().st_size
        self._stated_bytes = stated_bytes(path)
        self._listed_frames = _listed_frames(stream, self._length)
        self._ends_s = _stated_end_s(container) if self._stated_bytes is None else 0.0

    def require(self, frames: int, pace: Pace) -> None:
        """Refuse a clip that ends before it says: a download or a copy was cut short.

        Raises:
            BadInput: bytes, frames or time are missing at its end.
        """
        if frames < self._listed_frames - _SLACK_FRAMES:
            missing = f"it promises about {self._listed_frames} frames and holds {frames}"
        elif (self._stated_bytes or 0) > self._length:
            missing = f"it says that it has {self._stated_bytes} bytes and has {self._length}"
        elif pace.ends_s + _SLACK_FRAMES * pace.longest_s < self._ends_s:
            missing = f"it says that it ends after {self._ends_s:.3f} s and ends after {pace.ends_s:.3f} s"
        else:
            return
        raise BadInput(f"{self._path.name} is cut short: {missing}.", hint="Copy or render it again.")


def stated_bytes(path: Path) -> int | None:
    """How long the file should be by its outermost boxes (MP4, Matroska, AVI); None where it does not say."""
    with path.open("rb") as file:
        start = file.read(12)
        if start[:4] == _EBML:
            return _matroska_end(file)
        if start[:4] == b"RIFF":
            size = int.from_bytes(start[4:8], "little")
            # Some writers count the eight bytes in front, which RIFF does not.
            return None if size in _UNSAID else size
        if is_iso(start):
            return max(end for _, _, end in iso_boxes(file))
    return None


def is_iso(start: bytes) -> bool:
    """Whether a file that starts so is an MP4, MOV or AVIF."""
    return start[4:8] in _ISO_START


def iso_boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and end of each outermost box of an MP4, MOV or AVIF; the last may end behind the file."""
    length, begin = os.fstat(file.fileno()).st_size, 0
    for _ in range(_MOST_BOXES):
        if begin + 8 > length:
            return
        file.seek(begin)
        head = file.read(16)
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        # A size of 0 reaches to the end; what is smaller than its own head is no box.
        end = begin + size if size >= 8 else length
        yield head[4:8], begin, end
        begin = end


def _listed_frames(stream: VideoStream, length: int) -> int:
    """How many frames the index of a file of `length` bytes lists as shown; many list key frames alone."""
    if stream.frames > length:
        # No frame takes less than a byte.
        return stream.frames
    return sum(not entry.is_discard for entry in stream.index_entries)


def _stated_end_s(container: InputContainer) -> float:
    """When the only stream of a container ends by its head, in seconds; 0 when it does not say."""
    if len(container.streams) != 1 or not container.duration:
        return 0.0
    return ((container.start_time or 0) + container.duration) / 1_000_000


def _matroska_end(file: BinaryIO) -> int | None:
    """The end of the Segment, the one element behind the head; None where a recorder never filled it in."""
    end_of_head = _element_end(file, 0)
    if end_of_head is None:
        return None
    file.seek(end_of_head)
    return _element_end(file, end_of_head) if file.read(4) == _SEGMENT else None


def _element_end(file: BinaryIO, begin: int) -> int | None:
    """Where an EBML element with an ID of four bytes ends; None for one of unknown size."""
    file.seek(begin + 4)
    head = file.read(8)
    width = 9 - head[0].bit_length() if head else 9
    if not 1 <= width <= len(head):
        return None
    unknown = (1 << 7 * width) - 1
    size = int.from_bytes(head[:width], "big") & unknown
    return None if size == unknown else begin + 4 + width + size

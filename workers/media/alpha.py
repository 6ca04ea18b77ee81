"""The transparency that WebM keeps beside its pictures: a second VP8 or VP9 stream whose luma it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import av
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

#: the codecs whose decoders here see the picture alone
CODECS = frozenset({"vp8", "vp9"})
_BESIDE: Final = "matroska_block_additional"
#: a number of 64 bits stands in front, and this one says: transparency
_IS_ALPHA = (1).to_bytes(8, "big")


class AlphaBeside:
    """Decodes what lies beside the packets; asked for each frame's part in the order of the frames."""

    def __init__(self, codec: str, options: Mapping[str, str]) -> None:
        self._decoder: VideoCodecContext = av.CodecContext.create(codec, "r")  # type: ignore[assignment]
        self._decoder.options = dict(options)
        # One thread gives each picture back at once, never later than the frame it belongs to.
        self._decoder.thread_count = 1
        self._planes: dict[int | None, NDArray[np.uint8]] = {}

    def take(self, packet: av.Packet[VideoStream]) -> None:
        """Decode what lies beside one packet, if anything does; raises `av.FFmpegError` where it is damaged."""
        if not packet.has_sidedata(_BESIDE):
            return
        beside = bytes(packet.get_sidedata(_BESIDE))
        if not beside.startswith(_IS_ALPHA):
            return
        coded = av.Packet(beside[len(_IS_ALPHA) :])
        coded.pts, coded.time_base = packet.pts, packet.time_base
        for frame in self._decoder.decode(coded):
            self._planes[frame.pts] = _luma(frame)

    def of(self, frame: av.VideoFrame) -> NDArray[np.uint8] | None:
        """The alpha `(H, W)` of this frame, 255 for opaque; None where nothing lies beside it."""
        plane = self._planes.pop(frame.pts, None)
        # What belonged to frames that are never shown is not kept.
        for pts in [pts for pts in self._planes if _is_before(pts, frame.pts)]:
            del self._planes[pts]
        return plane


def _is_before(one: int | None, other: int | None) -> bool:
    return one is None or (other is not None and one < other)


def _luma(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """The first plane as it was stored: alpha has its full range whatever the stream says of luma."""
    plane = frame.planes[0]
    rows = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]

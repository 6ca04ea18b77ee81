"""Small, playable stand-ins for a master: MP4 for motion, WebP for a still, a PNG poster for reports."""

from __future__ import annotations

from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
from PIL import Image

from models.takes import THUMBNAIL, THUMBNAIL_PX
from workers.media.files import written_whole
from workers.media.pixels import require_rgb
from workers.media.reading import read_frames

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from av.video.stream import VideoStream
    from numpy.typing import NDArray

_THREADS = 2
#: x264 repeats itself only with a pinned number of threads and without its look-ahead tree (libx264 is GPL)
_H264 = {"crf": "18", "preset": "veryfast", "x264-params": "mbtree=0", "flags": "+bitexact"}
_BT709 = 1


class ProxyEncoder:
    """Takes frames in order and encodes them as H.264; made by `open_proxy`."""

    def __init__(self, path: Path, fps: int | Fraction, tags: Mapping[str, str]) -> None:
        # MP4 knows few tags by name; this lets it keep any.
        options = {"fflags": "+bitexact", "movflags": "+faststart+use_metadata_tags"}
        self._container = av.open(str(path), "w", format="mp4", options=options)
        self._container.metadata.update(tags)
        self._fps = fps
        self._frames = 0
        self._stream: VideoStream | None = None

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Append one frame `(H, W, 3)` uint8 RGB."""
        require_rgb(frame)
        frame = _padded_to_even(frame)
        if self._stream is None:
            self._stream = self._add_stream(width=frame.shape[1], height=frame.shape[0])
        picture = av.VideoFrame.from_ndarray(frame).reformat(
            format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
        )
        picture.pts, picture.time_base = self._frames, Fraction(1, self._fps)
        self._container.mux(self._stream.encode(picture))
        self._frames += 1

    def flush(self) -> None:
        """Bring the frames still inside the encoder into the file."""
        if self._stream is not None:
            self._container.mux(self._stream.encode(None))

    def close(self) -> None:
        """Finish the container."""
        self._container.close()

    def _add_stream(self, *, width: int, height: int) -> VideoStream:
        stream = self._container.add_stream("libx264", rate=self._fps, options=_H264)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.thread_count = _THREADS
        # Said aloud, because players guess the colour matrix from the size of the picture.
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        return stream


@contextmanager
def open_proxy(
    path: Path, fps: int | Fraction, tags: Mapping[str, str] | None = None
) -> Iterator[ProxyEncoder]:
    """An encoder whose MP4 (yuv420p, faststart) with these tags appears as `path` when the body ends well.

    An odd side is padded by repeating its last row or column, since yuv420p has none.

    Raises:
        StepFailed: the disk is full or the folder cannot be written.
    """
    with written_whole(path) as partial:
        encoder = ProxyEncoder(partial, fps, tags or {})
        try:
            yield encoder
            encoder.flush()
        finally:
            encoder.close()


def write_still_proxy(
    path: Path, frame: NDArray[np.uint8], *, max_side_px: int = 1024, xmp: bytes = b""
) -> Path:
    """Write a WebP of at most `max_side_px`, small enough for a web page, with `xmp` inside it."""
    require_rgb(frame)
    picture = Image.fromarray(frame)
    picture.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS)
    with written_whole(path) as partial:
        picture.save(partial, format="WEBP", quality=88, method=2, xmp=xmp)
    return path


def poster(source: Path, target: Path, *, max_side_px: int = 480) -> Path:
    """Write the first frame of `source` as a small picture, PNG or WebP as `target` is called.

    Raises:
        BadInput: `source` cannot be read.
    """
    picture = Image.fromarray(next(read_frames(source)))
    picture.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS)
    with written_whole(target) as partial:
        picture.save(partial, format=target.suffix[1:].upper())
    return target


def thumbnail(master: Path) -> Path:
    """Write the first frame of a take beside its master, as lists of many takes show it."""
    return poster(master, master.with_name(THUMBNAIL), max_side_px=THUMBNAIL_PX)


def _padded_to_even(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width, _ = frame.shape
    if height % 2 or width % 2:
        return np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(frame)

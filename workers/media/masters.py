"""Lossless masters: PNG for a still, FFV1 in Matroska for motion."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Self

import av
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from models.errors import StepFailed
from models.vocabulary import ErrorKind
from workers.media.files import PartialFile, disk_errors_told, written_whole
from workers.media.pixels import require_rgb

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from av.container import OutputContainer
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

#: FFV1 slices are coded side by side; the bytes depend on the slices, never on the number of threads
_THREADS = 2
_FFV1 = {"level": "3", "slices": "4", "slicecrc": "1", "g": "1", "flags": "+bitexact"}


class MasterWriter:
    """Writes frames to `<stem>.mkv` as FFV1 `bgr0`, which keeps RGB exactly; odd sizes too.

    As a context manager: a clean exit publishes the file, an exception removes it. The same frames give the
    same bytes.

    Raises:
        StepFailed: the disk is full, the folder cannot be written, or the frames do not make a clip.
    """

    def __init__(self, stem: Path, fps: int | Fraction, tags: Mapping[str, str] | None = None) -> None:
        """`tags` are written into the file, beside the frames."""
        if fps < 1:
            raise ValueError(f"A clip needs at least one frame per second, not {fps}.")
        self.path = stem.with_name(stem.name + ".mkv")
        self.fps = fps
        self.frames = 0
        self._tags = dict(tags or {})
        self._size = (0, 0)
        self._file = PartialFile(self.path)
        self._container: OutputContainer | None = None
        self._stream: VideoStream

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Append one frame `(H, W, 3)` uint8 RGB; all frames of a clip have one size."""
        require_rgb(frame)
        height, width, _ = frame.shape
        with disk_errors_told(self.path):
            if self._container is None:
                self._container = self._open(width, height)
            if self._size != (width, height):
                raise StepFailed(
                    f"Frame {self.frames} is {width}x{height}, but the clip began as "
                    f"{self._size[0]}x{self._size[1]}.",
                    error_kind=ErrorKind.BAD_OUTPUT,
                )
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame)).reformat(format="bgr0")
            picture.pts, picture.time_base = self.frames, Fraction(1, self.fps)
            self._container.mux(self._stream.encode(picture))
        self.frames += 1

    def publish(self) -> Path:
        """Finish the file and give it its name."""
        if self._container is None:
            raise StepFailed(
                f"The renderer made no frame for {self.path.name}.", error_kind=ErrorKind.BAD_OUTPUT
            )
        try:
            with disk_errors_told(self.path):
                self._container.mux(self._stream.encode(None))
                self._container.close()
            self._file.publish()
        finally:
            self._file.discard()
        return self.path

    def discard(self) -> None:
        """Remove what was written so far; harmless after `publish`."""
        if self._container is not None:
            # Closing writes the index into a file that is about to vanish: a full disk matters no more.
            with suppress(OSError):
                self._container.close()
        self._file.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self.publish()
        else:
            self.discard()

    def _open(self, width: int, height: int) -> OutputContainer:
        container = av.open(str(self._file.partial), "w", format="matroska", options={"fflags": "+bitexact"})
        container.metadata.update(self._tags)
        self._stream = container.add_stream("ffv1", rate=self.fps, options=_FFV1)
        self._stream.codec_context.thread_count = _THREADS
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "bgr0"
        self._size = (width, height)
        return container


def write_still(path: Path, frame: NDArray[np.uint8], text: Mapping[str, str] | None = None) -> Path:
    """Write one frame `(H, W, 3)` uint8 RGB as PNG, with `text` as its embedded key-value notes.

    Raises:
        StepFailed: the disk is full or the folder cannot be written.
    """
    require_rgb(frame)
    notes = PngInfo()
    for key, value in (text or {}).items():
        notes.add_itxt(key, value)
    with written_whole(path) as partial:
        # Level 1 is four times faster than Pillow's default and a few per cent larger.
        Image.fromarray(frame).save(partial, format="PNG", compress_level=1, pnginfo=notes)
    return path

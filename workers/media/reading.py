"""Any picture or clip, read one frame at a time, or refused with one sentence.

Alpha is laid over white (`pixels.over_white`), wherever it is kept; rotation and mirroring, oblong pixels of a
clip and colour profiles are applied; 10- and 16-bit, grey, palette and CMYK become 8-bit RGB in sRGB. An edit
list hides what it hides, and a drawing held in an animated picture is as many frames as it is held. What would
be measured as something else than what is seen (HDR, a wide gamut without a profile, interlace, slanting) is
refused by name, on whichever frame it begins. One frame is kept at a time; `limits` bounds frames and files.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from models.errors import BadInput
from workers.media import clips, stills
from workers.media.foreign import require_kind_that_is_read
from workers.media.limits import Unpacked

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from workers.media.pace import Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaInfo:
    """What a file really holds, counted by decoding it to its end."""

    kind: Literal["still", "motion"]
    frames: int
    width: int  #: pixels, after rotation
    height: int  #: pixels, after rotation
    fps: Fraction  #: 0 for a still
    duration_s: float  #: 0.0 for a still


class FrameReader:
    """Frames of one file in order; `info` is complete once they are all read.

    Iterate once. One decode serves every reader: hash, structure, metrics and proxy are fed from it.
    """

    def __init__(self, path: Path, rate: Fraction | int = 0) -> None:
        """`rate` is the ordered frames per second, 0 for none: held drawings count in them where they fit."""
        self._path = path
        self._frames = 0
        self._size = (0, 0)
        self._finished = False
        require_file(path)
        require_kind_that_is_read(path)
        self._source: stills.StillSource | clips.ClipSource
        self._source = stills.open_still(path, Fraction(rate)) or clips.open_clip(path)

    @property
    def is_motion(self) -> bool:
        """Whether this is a clip or an animated picture."""
        return self._source.is_motion

    @property
    def fps(self) -> Fraction:
        """Frames per second as the container says, 0 for a still; an animated picture knows it at its end."""
        return self._source.fps

    @property
    def drawings(self) -> int:
        """Pictures of an animated picture, however long each is held; 0 for a still and for a clip."""
        return self._source.drawings

    @property
    def pace(self) -> Pace:
        """How evenly the frames read so far follow one another."""
        return self._source.pace

    def __iter__(self) -> Generator[NDArray[np.uint8], None, None]:
        unpacked = Unpacked(self._path)
        for frame in self._source.frames():
            unpacked.add(frame.shape[1], frame.shape[0])
            self._size = (frame.shape[1], frame.shape[0])
            self._frames += 1
            yield frame
        if self._frames == 0:
            raise BadInput(f"{self._path.name} holds no picture.", hint="Render or export it again.")
        self._finished = True

    @property
    def info(self) -> MediaInfo:
        """What was read.

        Raises:
            RuntimeError: the frames were not read to the end.
        """
        if not self._finished:
            raise RuntimeError("The frames must be read to the end before they can be counted.")
        fps = self._source.fps
        return MediaInfo(
            kind="motion" if self._source.is_motion else "still",
            frames=self._frames,
            width=self._size[0],
            height=self._size[1],
            fps=fps,
            duration_s=float(self._frames / fps) if fps else 0.0,
        )


def read_frames(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Each frame of a PNG, JPEG, WebP, GIF, APNG, AVIF, BMP or any clip FFmpeg reads, `(H, W, 3)` uint8 RGB.

    Raises:
        BadInput: missing, not to be opened, empty, not a picture, cut short, damaged, too large, or shown in a
            way that cannot be applied. A file that is cut short raises after its last whole frame.
    """
    return iter(FrameReader(path))


def require_file(path: Path) -> None:
    """Refuse what cannot be opened, and what would never end, with the reason the system gives.

    Raises:
        BadInput: missing, empty, not to be opened, or no file at all.
    """
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            with path.open("rb"):
                pass
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInput(f"There is no file {path}.", hint="Check the path.") from error
    except PermissionError as error:
        raise BadInput(f"{path} may not be read by this user.", hint="Change its permissions.") from error
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise BadInput(f"{str(path)!r} cannot be opened: {reason}.", hint="Check the path.") from error
    if stat.S_ISDIR(status.st_mode):
        raise BadInput(f"{path} is a folder, not a picture or a clip.", hint="Name one file in it.")
    if not stat.S_ISREG(status.st_mode):
        raise BadInput(f"{path} is a pipe or a device, not a file.", hint="Write it to a file first.")
    if status.st_size == 0:
        raise BadInput(f"{path.name} is empty (0 bytes).", hint="Render or export it again.")

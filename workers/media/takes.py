"""From the frames of a recipe to a master that was read back, its proxy and its hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import av
import PIL

from models.disk import sha256_of
from models.errors import BadInput, StepFailed
from models.vocabulary import ErrorKind
from workers.media import provenance
from workers.media.masters import MasterWriter, write_still
from workers.media.pixels import PixelHash
from workers.media.provenance import Provenance
from workers.media.proxies import open_proxy, write_still_proxy
from workers.media.reading import FrameReader
from workers.media.rendered import Rendered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from models.recipe import Recipe
    from workers.media.reading import MediaInfo


class TakeWriter:
    """Writes the take of one recipe into a folder: `master.png` or `master.mkv`, and its proxy.

    A motion recipe takes any number of frames (the gate counts them, not the writer), a still exactly one.
    Leaving the `with` block without `finish` leaves no file behind.

        with TakeWriter(into, recipe) as take:
            for frame in frames:
                take.add(frame)
            return take.finish(environment={...})
    """

    def __init__(self, into: Path, recipe: Recipe) -> None:
        self._stem = into / "master"
        self._recipe = recipe
        self._pixels = PixelHash()
        # A clip's tags stand in front of its frames: what really ran is known only after them.
        tags = {provenance.KEY: Provenance(recipe=recipe).to_text()}
        self._motion = MasterWriter(self._stem, recipe.fps, tags) if recipe.job_type.is_motion else None
        self._still: NDArray[np.uint8] | None = None

    @property
    def frames(self) -> int:
        return self._pixels.frames

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Add one frame `(H, W, 3)` uint8 RGB.

        Raises:
            StepFailed: the disk is full, or the frame does not fit the take.
        """
        self._pixels.add(frame)
        if self._motion is not None:
            self._motion.add(frame)
        elif self._still is None:
            self._still = frame.copy()
        else:
            raise StepFailed(
                f"A {self._recipe.job_type} is one picture, and a second one was rendered.",
                error_kind=ErrorKind.BAD_OUTPUT,
            )

    def finish(
        self, *, environment: Mapping[str, str] | None = None, resolved: Mapping[str, Any] | None = None
    ) -> Rendered:
        """Close the master, read it back, hash it, make its proxy.

        Raises:
            StepFailed: no frame was added (BAD_OUTPUT), the master reads back differently (BAD_OUTPUT), or the
                disk is full.
        """
        versions = {**media_versions(), **(environment or {})}
        origin = Provenance(recipe=self._recipe, environment=versions, resolved=resolved or {})
        if self._motion is not None:
            master = self._motion.publish()
        elif self._still is not None:
            note = {provenance.KEY: origin.to_text()}
            master = write_still(self._stem.with_suffix(".png"), self._still, note)
        else:
            raise StepFailed("The renderer made no picture.", error_kind=ErrorKind.BAD_OUTPUT)
        return finish(
            master,
            fps=self._recipe.fps,
            expected_pixel_sha256=self._pixels.hexdigest(),
            origin=origin,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ending: object) -> None:
        if self._motion is not None:
            self._motion.discard()


def finish(
    master: Path,
    *,
    fps: int | Fraction,
    expected_pixel_sha256: str | None = None,
    origin: Provenance,
) -> Rendered:
    """Read a master back and describe it, making its proxy beside it from what was really read.

    `origin` is how it was made; it travels in the proxy as in the master.

    `expected_pixel_sha256` is the hash of the frames that were handed in; None when nobody saw them, as with a
    file fetched from another program.

    Raises:
        StepFailed: the master cannot be read or shows other pixels (BAD_OUTPUT), or the disk is full; master
            and proxy are then removed.
    """
    info, pixels, proxy = _read_back_right(master, fps, origin, expected_pixel_sha256)
    return Rendered(
        master=master,
        proxy=proxy,
        frames=info.frames,
        width=info.width,
        height=info.height,
        fps=fps,
        pixel_sha256=pixels,
        file_sha256=sha256_of(master),
        size_bytes=master.stat().st_size,
        environment=dict(origin.environment),
        resolved=dict(origin.resolved),
    )


def media_versions() -> dict[str, str]:
    """The libraries that wrote and read the files, for a take's environment."""
    codec = ".".join(str(part) for part in av.library_versions["libavcodec"])
    return {"pyav": av.__version__, "libavcodec": codec, "pillow": PIL.__version__}


def _read_back_right(
    master: Path, fps: int | Fraction, origin: Provenance, expected_pixel_sha256: str | None
) -> tuple[MediaInfo, str, Path]:
    """As `_read_back`; a master that shows other pixels, or none, is removed with its proxy."""
    try:
        info, pixels, proxy = _read_back(master, fps, origin)
        if expected_pixel_sha256 not in (None, pixels):
            raise StepFailed(
                f"{master.name} reads back with other pixels than were rendered.",
                error_kind=ErrorKind.BAD_OUTPUT,
                hint="The disk or its memory may be failing.",
            )
    except BadInput as error:
        master.unlink(missing_ok=True)
        raise StepFailed.of(error, ErrorKind.BAD_OUTPUT) from error
    except StepFailed:
        master.unlink(missing_ok=True)
        _proxy_of(master).unlink(missing_ok=True)
        raise
    return info, pixels, proxy


def _read_back(master: Path, fps: int | Fraction, origin: Provenance) -> tuple[MediaInfo, str, Path]:
    """Decode once, for the hash and for the proxy."""
    reader = FrameReader(master)
    pixels = PixelHash()
    proxy = _proxy_of(master)
    if reader.is_motion:
        with open_proxy(proxy, fps, {provenance.KEY: origin.to_text()}) as encoder:
            for frame in reader:
                pixels.add(frame)
                encoder.add(frame)
    else:
        for frame in reader:
            pixels.add(frame)
            write_still_proxy(proxy, frame, xmp=origin.to_xmp())
    return reader.info, pixels.hexdigest(), proxy


def _proxy_of(master: Path) -> Path:
    return master.with_name("proxy.webp" if master.suffix == ".png" else "proxy.mp4")

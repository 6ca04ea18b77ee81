"""Writes what is delivered: pictures decoded from a take's master, or the master itself, with its recipe."""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from farm.delivery.words import TakeDamaged
from models.disk import sha256_of
from models.errors import BadInput
from models.rates import plain_rate
from models.takes import SIDECAR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from farm.delivery.words import Chosen
    from workers.media.provenance import Provenance


def write(
    chosen: Chosen, master: Path, folder: Path, names: Sequence[str], progress: Callable[[int], None]
) -> None:
    """Write the take's files and sidecar into `folder`; what was written shows the very pixels of the take.

    Raises:
        TakeDamaged: the master is gone, cannot be read, or shows other pixels than were recorded.
        StepFailed: the disk is full, or the folder cannot be written.
    """
    from workers.media.reading import require_file

    try:
        require_file(master)
    except BadInput as error:
        raise TakeDamaged(f"its master cannot be read: {error.message}") from error
    sidecar = _provenance(chosen, master)
    if names[0].endswith(".png"):
        shown = _write_pictures(master, [folder / name for name in names], sidecar.to_text(), progress)
        if shown != chosen.take.pixel_sha256:
            raise TakeDamaged("its master shows other pixels than were recorded")
    else:
        _copy(chosen, master, folder / names[0])
        progress(1)
    (folder / SIDECAR).write_text(sidecar.to_text() + "\n", encoding="utf-8")


def _provenance(chosen: Chosen, master: Path) -> Provenance:
    """How the take was made, as its own sidecar tells it or else the database, and which cut it is of."""
    from workers.media import provenance

    detail, name = chosen.detail, chosen.name
    recorded = provenance.Provenance(
        recipe=detail.recipe,
        environment={word: str(value) for word, value in detail.environment.items()},
        resolved={"file_hashes": dict(detail.file_hashes)},
    )
    beside = master.with_name(SIDECAR)
    # The pixels are what is delivered, and their hash was checked: without a sidecar the database answers.
    with suppress(BadInput):
        recorded = provenance.read(beside)
    place = {"show": name.show, "cut": chosen.cut, "phase": name.phase.value}
    known = {
        "job_id": str(detail.row.id),
        "verdict": detail.row.verdict.value if detail.row.verdict else None,
        "pixel_sha256": chosen.take.pixel_sha256,
        "file_sha256": chosen.take.file_sha256,
        "frames": chosen.take.frames,
        "fps": plain_rate(chosen.take.fps),
        **({"not_drawn": list(detail.not_drawn)} if detail.not_drawn else {}),
    }
    return provenance.Provenance(
        recipe=recorded.recipe,
        environment=recorded.environment,
        resolved=recorded.resolved,
        take={**recorded.take, **known, **place},
    )


def _write_pictures(master: Path, files: Sequence[Path], note: str, progress: Callable[[int], None]) -> str:
    """Decode the master into these files; the pixel hash of what reads back from them."""
    from workers.media import provenance
    from workers.media.masters import write_still
    from workers.media.pixels import PixelHash
    from workers.media.reading import read_frames

    pixels = PixelHash()
    try:
        for index, frame in enumerate(read_frames(master)):
            if index == len(files):
                raise TakeDamaged(f"its master holds more than the {len(files)} frames that were recorded")
            written = write_still(files[index], frame, {provenance.KEY: note})
            pixels.add(next(read_frames(written)))
            progress(index + 1)
    except TakeDamaged:
        raise
    except BadInput as error:
        raise TakeDamaged(f"its master cannot be read: {error.message}") from error
    return pixels.hexdigest()


def _copy(chosen: Chosen, master: Path, target: Path) -> None:
    """A copy and no hard link: whoever gets the delivery must not be able to change the take."""
    from workers.media.files import disk_errors_told

    with disk_errors_told(target):
        shutil.copyfile(master, target)
        copied = sha256_of(target)
    if copied != chosen.take.file_sha256:
        raise TakeDamaged("its master is not the file that was recorded")

"""A networks folder with the `spec` profile's files: real formats and full shapes, seeded weights.

The catalogue knows the hashes of the published files, so a process that is to use these must be told theirs.
ArcFace's zip holds the two small networks of `tests.support.onnx_files`, which find red squares.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from unittest.mock import patch

from models.disk import sha256_of
from tests.support import onnx_files
from tests.support.vit_files import write_clip, write_dino
from workers.scoring import weights
from workers.scoring.networks import clip_vit, dino_vitb16

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SEEDED = ("dino-vitb16", "clip-vit-b32", "buffalo_l")


def write(folder: Path, real: Path) -> None:
    """The seeded files, and beside them the real ones that the profile takes as they are."""
    folder.mkdir()
    for path in real.iterdir():
        if path.is_file():
            (folder / path.name).symlink_to(path.resolve())
    dino, clip, faces = (folder / weights.entry(name).file for name in _SEEDED)
    for path in (dino, clip, faces):
        path.unlink(missing_ok=True)  # What this machine has pulled is not written over.
    write_dino(dino, dino_vitb16.SHAPE)
    write_clip(clip, clip_vit.B32)
    onnx_files.buffalo(faces)


@contextmanager
def known(folder: Path) -> Iterator[None]:
    """Inside, this process's catalogue describes the seeded files of the folder."""
    honest = weights.entry
    digests = {name: sha256_of(folder / honest(name).file) for name in _SEEDED}
    seeded = {
        name: replace(honest(name), sha256=digest, kept_sha256=digest) for name, digest in digests.items()
    }
    with patch.object(weights, "entry", lambda name: seeded.get(name) or honest(name)):
        yield

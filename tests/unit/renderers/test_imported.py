"""A file that a person gave becomes a take as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.disk import sha256_of
from models.errors import LeaseLost, StepFailed
from models.recipe import InputPicture
from models.vocabulary import ErrorKind, JobType
from tests.support.factories import a_recipe
from workers.media.masters import MasterWriter, write_still
from workers.media.reading import read_frames
from workers.renderers import registry

if TYPE_CHECKING:
    from pathlib import Path

    from models.recipe import Recipe
    from workers.media.rendered import Rendered


def a_frame(shade: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
    ramp = np.arange(48 * 32 * 3, dtype=np.uint64).reshape(32, 48, 3)
    return ((ramp + shade) % 256).astype(np.uint8)


def of(file: Path, kind: JobType = JobType.STILL_IMAGE, **more: Any) -> Recipe:
    start = InputPicture(path=str(file), sha256=sha256_of(file))
    size = {"width": 48, "height": 32, "frame_count": 1}
    return a_recipe(renderer="imported", job_type=kind, start_image=start, **{**size, **more})


def rendered(recipe: Recipe, into: Path, *, alive: bool = True) -> Rendered:
    return registry.renderer("imported").render(recipe, into, progress=lambda *_: None, alive=lambda: alive)


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    with MasterWriter(tmp_path / "clip", 24) as writer:
        for shade in range(8):
            writer.add(a_frame(shade))
    return writer.path


def test_a_picture_becomes_a_master_of_the_very_same_pixels(tmp_path: Path, into: Path) -> None:
    take = rendered(of(write_still(tmp_path / "given.png", a_frame())), into)

    assert (next(iter(read_frames(take.master))) == a_frame()).all()
    assert (take.width, take.height, take.frames) == (48, 32, 1)
    assert take.environment["renderer"] == "imported"


def test_a_clip_becomes_a_lossless_master_with_every_frame(clip: Path, into: Path) -> None:
    take = rendered(of(clip, JobType.ANIMATION_LOOP, frame_count=8), into)

    assert take.frames == 8
    assert all((frame == a_frame(shade)).all() for shade, frame in enumerate(read_frames(take.master)))


def test_a_file_that_moves_is_no_still(clip: Path, into: Path) -> None:
    with pytest.raises(StepFailed, match="The file moves") as refused:
        rendered(of(clip), into)
    assert refused.value.error_kind is ErrorKind.BAD_RECIPE


def test_a_file_that_was_changed_or_is_gone_is_not_taken(tmp_path: Path, into: Path) -> None:
    file = write_still(tmp_path / "given.png", a_frame())
    recipe = of(file)

    write_still(file, a_frame(9))
    with pytest.raises(StepFailed, match="not what it was") as changed:
        rendered(recipe, into)
    file.unlink()
    with pytest.raises(StepFailed, match="cannot be read") as gone:
        rendered(recipe, into)

    assert (changed.value.error_kind, gone.value.error_kind) == (ErrorKind.BAD_RECIPE, ErrorKind.UNAVAILABLE)


def test_what_is_no_picture_is_refused_and_what_was_called_off_is_left(tmp_path: Path, into: Path) -> None:
    text = tmp_path / "notes.png"
    text.write_text("no picture")
    with pytest.raises(StepFailed) as refused:
        rendered(of(text), into)
    assert refused.value.error_kind is ErrorKind.BAD_RECIPE
    with pytest.raises(LeaseLost):
        rendered(of(write_still(tmp_path / "given.png", a_frame())), into, alive=False)

"""Two takes are identical, equivalent or different, and the numbers say how far apart they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recipe import Recipe
from models.vocabulary import JobType
from workers.media.comparison import Equality, compare
from workers.media.takes import TakeWriter

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Frame = NDArray[np.uint8]


def frames(count: int = 4, size: tuple[int, int] = (48, 64)) -> list[Frame]:
    draw = np.random.default_rng(7)
    return [draw.integers(20, 200, (*size, 3), dtype=np.uint8) for _ in range(count)]


def take(folder: Path, pictures: list[Frame]) -> Path:
    folder.mkdir()
    recipe = Recipe(
        renderer="null", job_type=JobType.ANIMATION_LOOP, seed=1, width=64, height=48, frame_count=4
    )
    with TakeWriter(folder, recipe) as writer:
        for picture in pictures:
            writer.add(picture)
        return writer.finish().master


def far(one: Frame, other: Frame) -> float:
    return 0.5


def near(one: Frame, other: Frame) -> float:
    return 0.001


def test_the_same_pixels_are_identical_and_nobody_looks_closer(tmp_path: Path) -> None:
    def asked(one: Frame, other: Frame) -> float:
        raise AssertionError

    told = compare(take(tmp_path / "a", frames()), take(tmp_path / "b", frames()), asked)

    assert told.equality is Equality.IDENTICAL
    assert (told.mean_error, told.max_error, told.lpips, told.worst_frame) == (0.0, 0.0, None, None)


def test_rounding_that_nobody_sees_is_equivalent_and_is_counted(tmp_path: Path) -> None:
    changed = frames()
    changed[2] = changed[2] + np.uint8(1)

    told = compare(take(tmp_path / "a", frames()), take(tmp_path / "b", changed), near)

    assert told.equality is Equality.EQUIVALENT
    assert (told.mean_error, told.max_error, told.lpips, told.worst_frame) == (1.0, 1.0, 0.001, 2)


@pytest.mark.parametrize(
    ("step", "distance"), [(1, far), (40, near), (1, None)], ids=["looks", "pixels", "unseen"]
)
def test_what_looks_or_measures_otherwise_is_different(tmp_path: Path, step: int, distance: object) -> None:
    changed = [frame + np.uint8(step) for frame in frames()]

    told = compare(take(tmp_path / "a", frames()), take(tmp_path / "b", changed), distance)  # type: ignore[arg-type]

    assert told.equality is Equality.DIFFERENT


def test_a_distance_that_is_no_number_is_never_equivalent(tmp_path: Path) -> None:
    changed = frames()
    changed[2] = changed[2] + np.uint8(1)

    told = compare(take(tmp_path / "a", frames()), take(tmp_path / "b", changed), lambda *_: math.nan)

    assert (told.equality, told.lpips) == (Equality.DIFFERENT, None)


@pytest.mark.parametrize(("height", "width", "error"), [(8, 8, 40.0), (4, 4, 10.0)], ids=["eyes", "an edge"])
def test_a_spot_that_catches_the_eye_is_different_however_small_the_mean(
    tmp_path: Path, height: int, width: int, error: float
) -> None:
    changed = frames()
    changed[1][16 : 16 + height, 24 : 24 + width] += np.uint8(40)

    told = compare(take(tmp_path / "a", frames()), take(tmp_path / "b", changed), near)

    assert told.mean_error is not None
    assert told.mean_error < 1.0
    assert told.spot_error == error
    assert told.equality is (Equality.DIFFERENT if error > 16 else Equality.EQUIVALENT)


@pytest.mark.parametrize(("size", "pixels"), [((8, 8), 64), ((15, 23), 15 * 15), ((5, 16), 5 * 8)])
def test_what_is_left_of_a_side_belongs_to_the_last_spot_and_is_no_sliver(
    tmp_path: Path, size: tuple[int, int], pixels: int
) -> None:
    changed = frames(1, size)
    changed[0][-1:, -1:] += np.uint8(40)

    told = compare(take(tmp_path / "a", frames(1, size)), take(tmp_path / "b", changed), near)

    assert told.spot_error == round(40 / pixels, 2)


@pytest.mark.parametrize(
    ("other", "reason"),
    [(frames(3), "4 frames, the other 3"), (frames(4, (48, 80)), "64 x 48 pixels .* 80 x 48")],
    ids=["count", "size"],
)
def test_another_count_or_size_is_different_and_says_why(
    tmp_path: Path, other: list[Frame], reason: str
) -> None:
    import re

    told = compare(take(tmp_path / "a", frames()), take(tmp_path / "b", other), near)

    assert told.equality is Equality.DIFFERENT
    assert re.search(reason, told.reason)

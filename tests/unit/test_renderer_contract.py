"""Every renderer of the registry keeps the one contract: real files, real progress, and it stops when told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.errors import LeaseLost, StepFailed, UnknownName
from models.recipe import CharacterLook, Recipe
from models.vocabulary import ErrorKind, JobType
from workers.media.pixels import pixel_sha256
from workers.media.reading import read_frames
from workers.renderers import registry

if TYPE_CHECKING:
    from pathlib import Path


def recipe(name: str, kind: JobType, model_name: str = "", **attributes: str) -> Recipe:
    return Recipe(
        renderer=name,
        job_type=kind,
        seed=3,
        width=64,
        height=80,
        frame_count=4 if kind.is_motion else 1,
        model_name=model_name,
        characters=(CharacterLook(name="Aoi", attributes=attributes),),
    )


@pytest.mark.parametrize("kind", list(JobType))
@pytest.mark.parametrize("name", registry.names())
def test_a_take_is_read_back_as_it_is_described(name: str, kind: JobType, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    take = registry.renderer(name).render(
        recipe(name, kind),
        tmp_path,
        progress=lambda done, total: seen.append((done, total)),
        alive=lambda: True,
    )

    count = 4 if kind.is_motion else 1
    assert seen == [(i + 1, count) for i in range(count)]
    assert take.frames == count
    assert take.pixel_sha256 == pixel_sha256(read_frames(take.master))
    assert take.environment["renderer"] == name
    assert {path.name for path in tmp_path.iterdir()} >= {take.master.name}


@pytest.mark.parametrize("name", registry.names())
def test_the_same_recipe_gives_the_same_pixels(name: str, tmp_path: Path) -> None:
    hashes = set()
    for part in ("first", "second"):
        (tmp_path / part).mkdir()
        order = recipe(name, JobType.ANIMATION_LOOP)
        take = registry.renderer(name).render(
            order, tmp_path / part, progress=lambda *_: None, alive=lambda: True
        )
        hashes.add(take.pixel_sha256)

    assert len(hashes) == 1


@pytest.mark.parametrize("name", registry.names())
def test_a_renderer_stops_when_the_work_is_no_longer_ours(name: str, tmp_path: Path) -> None:
    answers = iter([True, True])

    with pytest.raises(LeaseLost):
        registry.renderer(name).render(
            recipe(name, JobType.ANIMATION_LOOP),
            tmp_path,
            progress=lambda *_: None,
            alive=lambda: next(answers, False),
        )

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", registry.names())
def test_capabilities_are_known_without_loading_the_renderer(name: str) -> None:
    can = registry.capabilities(name)

    assert can == registry.renderer(name).capabilities()
    assert can.job_types == tuple(JobType)


def test_an_unknown_renderer_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match="toon"):
        registry.renderer("toons")


def test_an_attribute_nobody_can_draw_is_a_bad_recipe(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="pink") as refused:
        registry.renderer("toon").render(
            recipe("toon", JobType.STILL_IMAGE, hair_color="pinc"),
            tmp_path,
            progress=lambda *_: None,
            alive=lambda: True,
        )

    assert refused.value.error_kind is ErrorKind.BAD_RECIPE


@pytest.mark.parametrize(
    ("model_name", "kind"),
    [("null:fail=out_of_memory", ErrorKind.OUT_OF_MEMORY), ("null:seconds=soon", ErrorKind.BAD_RECIPE)],
)
def test_the_null_renderer_fails_as_ordered(model_name: str, kind: ErrorKind, tmp_path: Path) -> None:
    with pytest.raises(StepFailed) as failed:
        registry.renderer("null").render(
            recipe("null", JobType.ANIMATION_LOOP, model_name),
            tmp_path,
            progress=lambda *_: None,
            alive=lambda: True,
        )

    assert failed.value.error_kind is kind


def test_the_null_renderer_hangs_until_the_work_is_taken_away(tmp_path: Path) -> None:
    answers = iter([True] * 3)

    with pytest.raises(LeaseLost):
        registry.renderer("null").render(
            recipe("null", JobType.STILL_IMAGE, "null:hang"),
            tmp_path,
            progress=lambda *_: None,
            alive=lambda: next(answers, False),
        )

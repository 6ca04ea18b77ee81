"""Every renderer of the registry keeps the one contract: real files, real progress, and it stops when told."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.errors import LeaseLost, StepFailed, UnknownName
from models.recipe import CharacterLook, InputPicture, Recipe
from models.vocabulary import ErrorKind, JobType
from tests.support.media import pixel_sha256
from workers.media.masters import MasterWriter, write_still
from workers.media.reading import read_frames
from workers.renderers import registry
from workers.renderers.comfyui.queued_prompt import Patience

if TYPE_CHECKING:
    from tests.support.comfyui_fixture import StandInProcess
    from workers.renderers.renderer import Renderer

QUICK = Patience(poll=0.05, unknown=0.6, silent=3.0, cancel=5.0)


@pytest.fixture(params=registry.names())
def renderer(request: pytest.FixtureRequest) -> Renderer:
    """Each renderer there is; the one that needs a server gets the stand-in."""
    if request.param != "comfyui":
        return registry.renderer(request.param)
    comfyui: StandInProcess = request.getfixturevalue("comfyui")
    return registry.renderer("comfyui", url=comfyui.url, patience=QUICK)


@pytest.fixture
def first_frame(tmp_path_factory: pytest.TempPathFactory) -> InputPicture:
    """What a ComfyUI loop or video begins with; other renderers look at it as little as at a LoRA."""
    path = write_still(tmp_path_factory.mktemp("start") / "first.png", np.full((80, 64, 3), 90, np.uint8))
    return given(path, JobType.STILL_IMAGE)


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


def given(picture: Path, kind: JobType) -> InputPicture:
    """What a person gives as such a take: the picture, or a clip of four that lies beside it."""
    path = picture
    if kind.is_motion:
        with MasterWriter(picture.with_suffix(""), 24) as clip:
            for shade in range(4):
                clip.add(np.full((80, 64, 3), shade, np.uint8))
        path = clip.path
    return InputPicture(path=str(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def ordered(renderer: Renderer, kind: JobType, first_frame: InputPicture) -> Recipe:
    """An order that this renderer can make: ComfyUI wants a checkpoint for a still, a picture for the rest.

    What is imported wants its file.
    """
    if renderer.name == "imported":
        return replace(recipe("imported", kind), start_image=given(Path(first_frame.path), kind))
    if renderer.name != "comfyui":
        return recipe(renderer.name, kind)
    if kind is JobType.STILL_IMAGE:
        return recipe("comfyui", kind, "tiny.safetensors")
    return replace(recipe("comfyui", kind), start_image=first_frame)


@pytest.mark.parametrize("kind", list(JobType))
def test_a_take_is_read_back_as_it_is_described(
    renderer: Renderer, kind: JobType, tmp_path: Path, first_frame: InputPicture
) -> None:
    seen: list[tuple[int, int]] = []

    def see(done: int, total: int, of: str = "frames", /) -> None:
        if of == "frames":
            seen.append((done, total))

    take = renderer.render(
        ordered(renderer, kind, first_frame),
        tmp_path,
        progress=see,
        alive=lambda: True,
    )

    count = 4 if kind.is_motion else 1
    assert seen == [(i + 1, count) for i in range(count)]
    assert take.frames == count
    assert take.pixel_sha256 == pixel_sha256(read_frames(take.master))
    assert take.environment["renderer"] == renderer.name
    assert {path.name for path in tmp_path.iterdir()} >= {take.master.name}


def test_the_same_recipe_gives_the_same_pixels(
    renderer: Renderer, tmp_path: Path, first_frame: InputPicture
) -> None:
    hashes = set()
    for part in ("first", "second"):
        (tmp_path / part).mkdir()
        order = ordered(renderer, JobType.ANIMATION_LOOP, first_frame)
        take = renderer.render(order, tmp_path / part, progress=lambda *_: None, alive=lambda: True)
        hashes.add(take.pixel_sha256)

    assert len(hashes) == 1


@pytest.mark.parametrize("kind", [JobType.STILL_IMAGE, JobType.ANIMATION_LOOP])
def test_what_decides_the_pixels_is_told_before_a_render_as_it_is_recorded_after(
    renderer: Renderer, kind: JobType, tmp_path: Path, first_frame: InputPicture
) -> None:
    order = ordered(renderer, kind, first_frame)

    facts = renderer.facts(order)

    take = renderer.render(order, tmp_path, progress=lambda *_: None, alive=lambda: True)
    assert facts.environment["renderer_version"] == renderer.version
    assert facts.environment.items() <= take.environment.items()
    assert facts.file_hashes == take.resolved.get("file_hashes", {})


def test_a_renderer_stops_when_the_work_is_no_longer_ours(
    renderer: Renderer, tmp_path: Path, first_frame: InputPicture
) -> None:
    answers = iter([True, True])

    with pytest.raises(LeaseLost):
        renderer.render(
            ordered(renderer, JobType.ANIMATION_LOOP, first_frame),
            tmp_path,
            progress=lambda *_: None,
            alive=lambda: next(answers, False),
        )

    assert list(tmp_path.iterdir()) == []


def test_capabilities_are_known_without_loading_the_renderer(renderer: Renderer) -> None:
    can = registry.capabilities(renderer.name)

    assert can == renderer.capabilities()
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


def test_the_null_renderer_goes_on_until_a_file_is_there(tmp_path: Path) -> None:
    sign, looks = tmp_path / "enough", []

    def alive() -> bool:
        looks.append(sign.exists())
        if len(looks) == 3:
            sign.touch()
        return True

    registry.renderer("null").render(
        recipe("null", JobType.STILL_IMAGE, f"null:until={sign}"),
        tmp_path,
        progress=lambda *_: None,
        alive=alive,
    )

    assert looks[:3] == [False] * 3
    assert len(looks) <= 4


def test_the_null_renderer_hangs_until_the_work_is_taken_away(tmp_path: Path) -> None:
    answers = iter([True] * 3)

    with pytest.raises(LeaseLost):
        registry.renderer("null").render(
            recipe("null", JobType.STILL_IMAGE, "null:hang"),
            tmp_path,
            progress=lambda *_: None,
            alive=lambda: next(answers, False),
        )

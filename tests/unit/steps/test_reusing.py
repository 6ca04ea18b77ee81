"""When a take of an equal recipe may stand in for a render, and what equal recipes are."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
import skia

from db.queue import EqualTake
from models.recipe import ControlNet, InputPicture, IpAdapter, Recipe, fingerprint_of
from models.vocabulary import JobType
from tasks.steps.reusing import difference
from workers.renderers import registry
from workers.renderers.renderer import Facts

JOB = UUID("018f0000-0000-7000-8000-000000000001")

RECIPE = Recipe(
    renderer="toon",
    job_type=JobType.STILL_IMAGE,
    seed=3,
    width=64,
    height=64,
    start_image=InputPicture(path="/here/first.png", sha256="a" * 64),
    controlnet_models=(
        ControlNet(name="pose", model="p.pth", image_path="/here/p.png", image_sha256="b" * 64),
    ),
    ipadapter_refs=(IpAdapter(reference_image_path="/here/face.png", sha256="c" * 64),),
)


def take(**facts: dict[str, str]) -> EqualTake:
    said = {
        "environment": {"renderer_version": "1", "skia": "87.0", "device": "cpu"},
        "file_hashes": {},
    } | facts
    return EqualTake(
        job_id=JOB,
        drawn_by_job_id=JOB,
        master_path="m",
        proxy_path=None,
        pixel_sha256="",
        file_sha256="",
        size_bytes=1,
        frames=1,
        width=1,
        height=1,
        fps=24,
        model_hash=None,
        comfyui_workflow=None,
        environment=said["environment"],
        file_hashes=said["file_hashes"],
    )


NOW = Facts(environment={"renderer_version": "1", "skia": "87.0"})


def test_only_what_decides_the_pixels_must_be_the_same() -> None:
    assert difference(take(environment={"renderer_version": "1", "skia": "87.0", "device": "gpu"}), NOW) == ""


@pytest.mark.parametrize(
    ("recorded", "now", "told"),
    [
        (take(environment={"renderer_version": "1"}), NOW, "skia was not recorded and is 87.0 here"),
        (take(file_hashes={"a.pt": "1"}), NOW, "a.pt was 1 and is not used here"),
        (take(), replace(NOW, file_hashes={"a.pt": "2"}), "a.pt was not recorded and is 2 here"),
        (take(file_hashes={"a.pt": ""}), replace(NOW, file_hashes={"a.pt": "2"}), "a.pt was not recorded"),
    ],
)
def test_what_differs_is_named(recorded: EqualTake, now: Facts, told: str) -> None:
    assert difference(recorded, now).startswith(told)


def test_one_file_whose_content_is_unknown_is_enough() -> None:
    facts = Facts(environment={}, file_hashes={"a.pt": "1", "b.pt": ""}, unknown_pictures=("face.png",))

    assert facts.unknown == ("b.pt", "face.png")


def test_the_toon_renderer_draws_other_edges_with_another_skia() -> None:
    assert registry.renderer("toon").facts(RECIPE).environment["skia"] == skia.__version__


def test_pictures_count_by_content_wherever_they_lie() -> None:
    moved = replace(
        RECIPE,
        start_image=InputPicture(path="/there/1.png", sha256="a" * 64),
        controlnet_models=(
            ControlNet(name="pose", model="p.pth", image_path="/there/2.png", image_sha256="b" * 64),
        ),
        ipadapter_refs=(IpAdapter(reference_image_path="/there/3.png", sha256="c" * 64),),
    )

    assert moved.fingerprint() == RECIPE.fingerprint()
    for other in (
        replace(RECIPE, start_image=InputPicture(path="/here/first.png", sha256="d" * 64)),
        replace(RECIPE, start_image=InputPicture(path="/here/first.png")),
        replace(RECIPE, ipadapter_refs=()),
        replace(RECIPE, seed=4),
    ):
        assert other.fingerprint() != RECIPE.fingerprint()


def test_a_picture_nobody_hashed_counts_by_its_place() -> None:
    here = replace(RECIPE, start_image=InputPicture(path="/here/first.png"))
    there = replace(RECIPE, start_image=InputPicture(path="/there/first.png"))

    assert here.fingerprint() != there.fingerprint()


def test_the_fingerprint_leaves_the_recipe_s_json_as_it_is() -> None:
    told = RECIPE.to_json()

    assert fingerprint_of(told) == RECIPE.fingerprint()
    assert told == RECIPE.to_json()

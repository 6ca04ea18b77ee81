"""The ComfyUI renderer keeps the renderer's contract at a server with every trap in it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from PIL import Image

from models.errors import LeaseLost, StepFailed
from models.recipe import InputPicture, Recipe
from models.vocabulary import ErrorKind, JobType
from tests.comfyui_server import png_bytes
from tests.support.media import pixel_sha256
from workers.media import provenance
from workers.media.provenance import Provenance
from workers.media.reading import read_frames
from workers.renderers.comfyui.client import ComfyUIClient
from workers.renderers.comfyui.queued_prompt import Patience
from workers.renderers.comfyui.renderer import ComfyUIRenderer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.comfyui_fixture import StandInProcess
    from workers.media.rendered import Rendered

QUICK = Patience(poll=0.05, unknown=0.6, silent=3.0, cancel=5.0)


class Studio:
    """A renderer at the stand-in, and a place for its takes."""

    def __init__(self, comfyui: StandInProcess, tmp_path: Path) -> None:
        import numpy as np

        self.comfyui, self.folder = comfyui, tmp_path
        self.renderer = ComfyUIRenderer(comfyui.url, patience=QUICK)
        self.picture = tmp_path / "first.png"
        self.picture.write_bytes(png_bytes(np.full((48, 64, 3), 90, np.uint8)))
        self.attempt = 0

    def recipe(self, kind: JobType, **changed: Any) -> Recipe:
        still = kind is JobType.STILL_IMAGE
        start = InputPicture(
            path=str(self.picture), sha256=hashlib.sha256(self.picture.read_bytes()).hexdigest()
        )
        said: dict[str, Any] = {
            "renderer": "comfyui",
            "job_type": kind,
            "seed": 3,
            "width": 64,
            "height": 64,
            "frame_count": kind.default_frames,
            "model_name": "tiny.safetensors" if still else "",
            "steps": 4,
            "start_image": None if still else start,
        }
        return Recipe(**(said | changed))

    def render(self, recipe: Recipe, **said: Any) -> Rendered:
        self.attempt += 1
        into = self.folder / f"job-{self.attempt}"
        into.mkdir()
        told: dict[str, Any] = {"progress": lambda *_: None, "alive": lambda: True} | said
        return self.renderer.render(recipe, into, **told)


@pytest.fixture
def studio(comfyui: StandInProcess, tmp_path: Path) -> Studio:
    return Studio(comfyui, tmp_path)


@pytest.mark.parametrize(
    ("kind", "frames"),
    [
        (JobType.STILL_IMAGE, 1),
        (JobType.CHARACTER_SHEET, 1),
        (JobType.ANIMATION_LOOP, 16),
        (JobType.FULL_VIDEO, 120),
    ],
)
def test_each_kind_becomes_a_take_that_reads_back_as_it_is_described(
    studio: Studio, kind: JobType, frames: int
) -> None:
    seen: list[tuple[int, int]] = []

    def see(done: int, total: int, of: str = "frames", /) -> None:
        if of == "frames":
            seen.append((done, total))

    take = studio.render(studio.recipe(kind), progress=see)

    assert take.frames == frames
    assert seen == [(n + 1, frames) for n in range(frames)]
    assert take.pixel_sha256 == pixel_sha256(read_frames(take.master))
    assert {path.name for path in take.master.parent.iterdir()} == {
        take.master.name,
        take.proxy.name if take.proxy else "",
    }


def test_what_ran_is_recorded(studio: Studio) -> None:
    take = studio.render(studio.recipe(JobType.STILL_IMAGE))

    assert take.environment["comfyui"] == "0.3.64"
    assert take.resolved["comfyui_workflow"]["sampler"]["inputs"]["seed"] == 3
    assert take.resolved["file_hashes"] == {"tiny.safetensors": ""}


def test_the_same_recipe_gives_the_same_pixels_also_on_a_cold_cache(studio: Studio) -> None:
    one = studio.render(studio.recipe(JobType.STILL_IMAGE))
    two = studio.render(studio.recipe(JobType.STILL_IMAGE), cold=True)
    other = studio.render(studio.recipe(JobType.STILL_IMAGE, seed=4))

    assert one.pixel_sha256 == two.pixel_sha256 != other.pixel_sha256
    assert studio.comfyui.seen().count("free") == 1


def test_a_cold_render_is_cold_also_where_the_server_forgets_too_late(studio: Studio) -> None:
    studio.render(studio.recipe(JobType.STILL_IMAGE))
    studio.comfyui.trap(late_free=1)

    studio.render(studio.recipe(JobType.STILL_IMAGE), cold=True)

    seen = studio.comfyui.seen()
    assert (seen.count("free"), seen.count("prompt")) == (2, 3)


def test_a_server_that_never_forgets_makes_no_cold_render(studio: Studio) -> None:
    studio.render(studio.recipe(JobType.STILL_IMAGE))
    studio.comfyui.trap(late_free=True, keep_warm=True)

    with pytest.raises(StepFailed, match="from its cache") as failed:
        studio.render(studio.recipe(JobType.STILL_IMAGE), cold=True)

    assert failed.value.error_kind.is_worth_repeating


@pytest.mark.parametrize(
    ("trap", "kind"),
    [
        ({"oom": 1}, ErrorKind.OUT_OF_MEMORY),
        ({"node_error": 1}, ErrorKind.BUG),
        ({"vanish": 1}, ErrorKind.WORKER_LOST),
        ({"junk_view": True}, ErrorKind.BAD_OUTPUT),
        ({"half_view": True}, ErrorKind.UNAVAILABLE),
        ({"half_graph": 1}, ErrorKind.BAD_RECIPE),
    ],
    ids=str,
)
def test_what_goes_wrong_is_told_as_what_it_is_and_leaves_no_file(
    studio: Studio, trap: dict[str, Any], kind: ErrorKind
) -> None:
    studio.comfyui.trap(**trap)

    with pytest.raises(StepFailed) as failed:
        studio.render(studio.recipe(JobType.STILL_IMAGE))

    assert failed.value.error_kind is kind
    assert list((studio.folder / "job-1").iterdir()) == []


def test_after_memory_ran_out_the_server_frees_it(studio: Studio) -> None:
    studio.comfyui.trap(oom=1)

    with pytest.raises(StepFailed):
        studio.render(studio.recipe(JobType.STILL_IMAGE))

    assert studio.comfyui.seen().count("free") == 1


@pytest.mark.parametrize("trap", [{"half_view": 2}, {"deaf_socket": True}, {"busy": 1}], ids=str)
def test_a_passing_trouble_costs_no_take(studio: Studio, trap: dict[str, Any]) -> None:
    studio.renderer.inventory()
    studio.comfyui.trap(**trap)
    if "busy" in trap:
        with pytest.raises(StepFailed) as failed:
            studio.render(studio.recipe(JobType.STILL_IMAGE))
        assert failed.value.error_kind.is_worth_repeating

    assert studio.render(studio.recipe(JobType.STILL_IMAGE)).frames == 1


def test_a_model_that_is_not_there_is_refused_before_anything_is_queued(studio: Studio) -> None:
    with pytest.raises(StepFailed, match=r"tiny\.safetensor'") as refused:
        studio.render(studio.recipe(JobType.STILL_IMAGE, model_name="tiny.safetensor"))

    assert refused.value.error_kind is ErrorKind.MISSING_CHECKPOINT
    assert "'tiny.safetensors'" in refused.value.hint
    assert "prompt" not in studio.comfyui.seen()


def test_a_picture_that_is_no_longer_the_one_that_was_ordered_is_refused(studio: Studio) -> None:
    ordered = studio.recipe(JobType.ANIMATION_LOOP)
    studio.picture.write_bytes(studio.picture.read_bytes() + b" ")

    with pytest.raises(StepFailed, match="not the one that was ordered") as refused:
        studio.render(ordered)
    studio.picture.unlink()
    with pytest.raises(StepFailed, match="cannot be read"):
        studio.render(ordered)

    assert refused.value.error_kind is ErrorKind.BAD_RECIPE
    assert "prompt" not in studio.comfyui.seen()


@pytest.mark.parametrize("fault", ["cut short", "an animation", "no picture"])
def test_a_picture_that_cannot_be_decoded_is_the_orders_fault(studio: Studio, fault: str) -> None:
    data = studio.picture.read_bytes()
    if fault == "an animation":
        noise = [Image.effect_noise((64, 48), sigma) for sigma in (40, 60)]
        noise[0].save(studio.picture, "PNG", save_all=True, append_images=noise[1:])
    else:
        studio.picture.write_bytes(data[: len(data) // 2] if fault == "cut short" else b"text")
    ordered = studio.recipe(JobType.ANIMATION_LOOP)

    with pytest.raises(StepFailed, match=r"first\.png cannot be used: .") as refused:
        studio.render(ordered)

    assert refused.value.error_kind is ErrorKind.BAD_RECIPE
    assert "\n" not in refused.value.message
    assert "prompt" not in studio.comfyui.seen()


def test_what_leaves_the_studio_names_no_place_on_its_machines(studio: Studio) -> None:
    ordered = studio.recipe(JobType.ANIMATION_LOOP)
    take = studio.render(ordered)
    made = Provenance(recipe=ordered, environment=take.environment, resolved=take.resolved)

    notes = [made, *(provenance.read(file) for file in (take.master, take.proxy) if file)]

    assert str(studio.folder) not in made.to_text()
    assert not any(str(studio.folder) in str(note) for note in notes[1:])
    assert all('"path":"first.png"' in note.to_text() for note in notes)
    for file in (take.master, take.proxy):
        assert file is None or str(studio.folder).encode() not in file.read_bytes()
    assert notes[1].recipe.fingerprint() == ordered.fingerprint()
    # What goes to the database keeps the place.
    told = next(node for node in take.resolved["comfyui_workflow"].values() if "farm" in node.get("_meta", {}))
    assert told["_meta"]["farm"]["recipe"] == ordered.to_json()


def test_weights_that_cannot_be_read_and_pictures_nobody_hashed_are_unknown(studio: Studio) -> None:
    ordered = studio.recipe(JobType.ANIMATION_LOOP)

    facts = studio.renderer.facts(ordered)
    unhashed = studio.renderer.facts(replace(ordered, start_image=InputPicture(path=str(studio.picture))))

    assert facts.unknown == tuple(facts.file_hashes)
    assert unhashed.unknown == (*facts.unknown, studio.picture.name)


def test_work_that_is_no_longer_ours_is_cancelled_at_the_server(studio: Studio) -> None:
    studio.comfyui.trap(step_seconds=0.2)
    answers = iter([True] * 6)

    with pytest.raises(LeaseLost):
        studio.render(studio.recipe(JobType.STILL_IMAGE, steps=1000), alive=lambda: next(answers, False))

    assert studio.renderer._client.queue() == []


def test_a_workflow_of_the_studio_runs_from_the_copy_in_the_recipe(studio: Studio) -> None:
    graph = {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "anime_xl.safetensors"}},
        "5": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "mine"}},
    }
    binding = {
        "job_types": ["still_image"],
        "output": "9",
        "inputs": {"width": "5.width", "height": "5.height", "seed": "5.color", "model_name": "4.ckpt_name"},
    }
    ordered = replace(
        studio.recipe(JobType.STILL_IMAGE),
        workflow="mine",
        workflow_source={"graph": graph, "binding": binding},
    )

    take = studio.render(ordered)

    assert (take.width, take.height) == (64, 64)
    assert take.resolved["comfyui_workflow"]["4"]["inputs"]["ckpt_name"] == "tiny.safetensors"


def test_a_picture_that_a_studios_graph_names_by_itself_is_unknown(studio: Studio) -> None:
    nodes = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "pose.png"}},
        "2": {"class_type": "LoadImage", "inputs": {"image": "first.png"}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }
    binding = {"job_types": ["still_image"], "output": "9", "inputs": {"start_image": "2.image"}}
    content = hashlib.sha256(studio.picture.read_bytes()).hexdigest()
    ordered = replace(
        studio.recipe(JobType.STILL_IMAGE),
        workflow="mine",
        workflow_source={"graph": nodes, "binding": binding},
        start_image=InputPicture(path=str(studio.picture), sha256=content),
    )

    assert studio.renderer.facts(ordered).unknown == ("pose.png",)


def test_weights_replaced_under_their_name_are_loaded_anew(studio: Studio, tmp_path: Path) -> None:
    weights = tmp_path / "models" / "checkpoints" / "tiny.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"first")
    studio.renderer = ComfyUIRenderer(
        studio.comfyui.url,
        patience=QUICK,
        models_dir=tmp_path / "models",
        hash_memory=tmp_path / "hashes.json",
    )
    studio.render(studio.recipe(JobType.STILL_IMAGE))
    frees = studio.comfyui.seen().count("free")

    weights.write_bytes(b"second")
    take = studio.render(studio.recipe(JobType.STILL_IMAGE))

    assert studio.comfyui.seen().count("free") == frees + 1
    assert take.resolved["file_hashes"] == {"tiny.safetensors": hashlib.sha256(b"second").hexdigest()}

    studio.render(studio.recipe(JobType.STILL_IMAGE))

    assert studio.comfyui.seen().count("free") == frees + 1


def test_a_render_that_is_stopped_from_outside_leaves_nothing_running(studio: Studio) -> None:
    studio.comfyui.trap(step_seconds=0.5)

    def stop() -> bool:
        if studio.comfyui.seen().count("prompt"):
            raise SoftTimeLimitExceeded
        return True

    with pytest.raises(SoftTimeLimitExceeded):
        studio.render(studio.recipe(JobType.STILL_IMAGE, steps=20), alive=stop)

    assert not ComfyUIClient(studio.comfyui.url).queue()

"""Takes of a ComfyUI are reused only where every file of weights is known to be the same."""

from __future__ import annotations

import hashlib
import json
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.support.floor import Floor
from tests.support.queue_jobs import add_jobs, add_project, one

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any
    from uuid import UUID

    from tests.support.comfyui_fixture import StandInProcess

_SEEDS = count(1)


@pytest.fixture
def checkpoint(comfyui: StandInProcess) -> Path:
    """The file behind the stand-in's `tiny.safetensors`."""
    path = comfyui.folder / "models" / "checkpoints" / "tiny.safetensors"
    path.parent.mkdir(parents=True)
    path.write_text("weights")
    return path


@pytest.fixture
def floor_settings(comfyui: StandInProcess) -> dict[str, str]:
    return {"FARM_COMFYUI_URL": comfyui.url, "FARM_COMFYUI_MODELS_DIR": str(comfyui.folder / "models")}


@pytest.fixture
def floor(floor: Floor) -> Floor:
    """A worker that renders at the stand-in and reads its models; nobody scores."""
    floor.worker("render_queue.comfyui")
    floor.beat()
    return floor


def rendered(floor: Floor, seed: int) -> UUID:
    [job] = add_jobs(
        floor.database,
        add_project(floor.database),
        renderer="comfyui",
        model_name="tiny.safetensors",
        seed=seed,
        reuse=True,
    )
    floor.wait_for(job, step="score", status="ready")
    return job


def take(floor: Floor, job: UUID) -> Any:
    return one(
        floor.database,
        "SELECT t.reused_from_job_id, t.master_path, t.render_seconds, p.file_hashes, p.comfyui_workflow, "
        "p.environment FROM takes t JOIN generation_params p USING (job_id) WHERE job_id = :job",
        job=job,
    )


def why_not(floor: Floor, job: UUID) -> str:
    sidecar = (floor.folder / "artifacts" / take(floor, job).master_path).with_name("take.json")
    return str(json.loads(sidecar.read_text())["take"]["not_reused"])


def test_a_take_is_reused_until_the_checkpoint_is_another(floor, comfyui, checkpoint):
    seed = next(_SEEDS)
    first = rendered(floor, seed)
    prompts = comfyui.seen().count("prompt")

    second = rendered(floor, seed)

    assert comfyui.seen().count("prompt") == prompts
    drawn, reused = take(floor, first), take(floor, second)
    assert reused.reused_from_job_id == first
    assert drawn.file_hashes == {"tiny.safetensors": hashlib.sha256(b"weights").hexdigest()}
    assert (reused.file_hashes, reused.comfyui_workflow) == (drawn.file_hashes, drawn.comfyui_workflow)
    assert reused.environment == drawn.environment

    checkpoint.write_text("WEIGHTS")
    third = rendered(floor, seed)

    assert comfyui.seen().count("prompt") == prompts + 1
    assert take(floor, third).reused_from_job_id is None
    assert "tiny.safetensors was" in why_not(floor, third)


def test_a_take_is_not_reused_while_a_file_cannot_be_read(floor, comfyui, checkpoint):
    seed = next(_SEEDS)
    checkpoint.unlink()
    rendered(floor, seed)

    second = rendered(floor, seed)

    assert take(floor, second).reused_from_job_id is None
    assert why_not(floor, second) == "the content of tiny.safetensors cannot be read here"

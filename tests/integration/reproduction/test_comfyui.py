"""Takes of a ComfyUI are made again on a cold cache, and the file of weights that is another is named."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from db import catalogue
from farm.reproduction import ordering
from models.errors import OrderRefused, Refused
from models.vocabulary import JobState
from tests.support.queue_jobs import execute, one

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from models.jobs import JobDetail
    from tests.support.comfyui_floor import Studio


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file behind the stand-in's `tiny.safetensors`."""
    path = tmp_path_factory.mktemp("models") / "checkpoints" / "tiny.safetensors"
    path.parent.mkdir()
    path.write_text("weights")
    return path


@pytest.fixture(scope="module")
def studio(lasting_studio: Studio, checkpoint: Path) -> Studio:
    """A worker at a stand-in that reads its models, one that scores, one that judges."""
    studio = lasting_studio
    studio.floor.extra["FARM_COMFYUI_MODELS_DIR"] = str(checkpoint.parents[1])
    studio.comfyui("one")
    studio.hire("one")
    for hand in studio.floor.hands:
        if not hand.name.endswith("beat"):
            studio.floor.wait_ready(hand)
    studio.wait_serving()
    return studio


@pytest.fixture(scope="module")
def still(studio: Studio) -> UUID:
    """A finished still."""
    (job_id,) = studio.order()
    studio.finish(job_id)
    return job_id


def waiting(studio: Studio) -> int:
    """How many jobs there are."""
    return int(studio.floor.scalar("SELECT count(*) FROM jobs"))


def again(studio: Studio, job_id: UUID, changes: dict[str, Any] | None = None) -> JobDetail:
    """The reproduction once it is over."""
    with studio.floor.database.transaction() as session:
        made = ordering.reproduce(session, job_id, requested_by="mira", changes=changes)
    studio.finish(made.job_id)
    with studio.floor.database.transaction() as session:
        return catalogue.job_detail(session, made.job_id)


def facts(detail: JobDetail) -> dict[str, tuple[Any, Any]]:
    assert detail.reproduction is not None
    return {each["fact"]: (each["original"], each["again"]) for each in detail.reproduction["differences"]}


def test_everything_that_ran_is_recorded_and_repeats_on_a_cold_cache(studio: Studio) -> None:
    (job_id,) = studio.order()
    studio.finish(job_id)

    made = again(studio, job_id)

    sha256 = hashlib.sha256(b"weights").hexdigest()
    stored = one(studio.floor.database, "SELECT * FROM generation_params WHERE job_id = :job", job=job_id)
    assert (stored.model_hash, stored.file_hashes) == (sha256, {"tiny.safetensors": sha256})
    assert stored.comfyui_workflow["checkpoint"]["inputs"]["ckpt_name"] == "tiny.safetensors"
    assert len(stored.environment_sha256) == 64
    assert made.row.state is JobState.COMPLETED
    assert made.reproduction is not None
    assert (made.reproduction["equality"], made.reproduction["differences"]) == ("identical", [])
    seen = studio.comfyuis["one"].seen()
    assert "free" in seen[seen.index("prompt") + 1 :]


def test_another_file_of_weights_is_named(studio: Studio, checkpoint: Path) -> None:
    (job_id,) = studio.order()
    studio.finish(job_id)
    checkpoint.write_text("other weights")

    made = again(studio, job_id)

    hashes = tuple(hashlib.sha256(text).hexdigest() for text in (b"weights", b"other weights"))
    assert facts(made) == {"file_hashes.tiny.safetensors": hashes}
    checkpoint.write_text("weights")


def test_a_changed_recipe_changes_the_graph_and_both_are_named(studio: Studio, still: UUID) -> None:
    made = again(studio, still, {"seed": "99", "steps": "5"})

    assert made.reproduction is not None
    assert made.reproduction["changed"] == {"seed": [0, 99], "steps": [20, 5]}
    assert list(facts(made))[:2] == ["recipe.seed", "recipe.steps"]
    assert facts(made)["comfyui_workflow.sampler.steps"] == (20, 5)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model_name": "tiny.safetensor"}, "tiny.safetensor"),
        ({"sampler_name": "eulr"}, "eulr"),
        ({"scene.mood": "tense"}, "has no place for scene.mood"),
        ({"workflow_inputs.shift": "5"}, "no field 'workflow_inputs.shift'"),
        ({"width": "63"}, "width of 63 pixels"),
    ],
)
def test_what_no_server_can_make_is_refused_before_it_is_queued(
    studio: Studio, still: UUID, changes: dict[str, Any], says: str
) -> None:
    with studio.floor.database.transaction() as session, pytest.raises(Refused, match=says):
        ordering.reproduce(session, still, requested_by="mira", changes=changes)


@pytest.mark.parametrize("word", ["anime_xl", "anime_xl.safetensors"])
def test_a_change_names_a_checkpoint_as_an_order_does(studio: Studio, still: UUID, word: str) -> None:
    with studio.floor.database.transaction() as session:
        made = ordering.reproduce(session, still, requested_by="mira", changes={"model_name": word}).job_id
        changes = text("SELECT reproduction_changes FROM jobs WHERE id = :j")
        changed = session.execute(changes, {"j": made}).scalar_one()
        session.rollback()

    assert changed == {"model_name": ["tiny.safetensors", "anime_xl.safetensors"]}


@pytest.mark.parametrize("changes", [{}, {"seed": "0"}], ids=["unchanged", "changed into what it was"])
def test_an_unchanged_take_waits_where_it_waited_before(
    studio: Studio, still: UUID, changes: dict[str, Any]
) -> None:
    was = studio.row(still)
    put = "UPDATE render_queue SET pool = :pool, needs = :needs WHERE job_id = :j"
    execute(studio.floor.database, put, pool="comfyui.24g", needs=["ckpt_name=tiny.safetensors"], j=still)

    with studio.floor.database.transaction() as session:
        made = ordering.reproduce(session, still, requested_by="mira", changes=changes).job_id
        row = session.execute(text("SELECT pool, needs FROM render_queue WHERE job_id = :j"), {"j": made}).one()
        session.rollback()

    assert (row.pool, row.needs) == ("comfyui.24g", ["ckpt_name=tiny.safetensors"])
    execute(studio.floor.database, put, pool=was.pool, needs=was.needs, j=still)


def test_a_take_whose_weights_are_gone_is_refused_rather_than_waiting_for_ever(studio: Studio) -> None:
    """Nothing is changed, and still no ComfyUI can make it; the nearest file is named."""
    (job_id,) = studio.order()
    studio.finish(job_id)
    # As if it had been made with a file that was renamed since.
    gone = """UPDATE generation_params SET recipe = recipe || '{"model_name": "tiny-two.safetensors"}'
              WHERE job_id = :job"""
    execute(studio.floor.database, gone, job=job_id)
    before = waiting(studio)

    with studio.floor.database.transaction() as session, pytest.raises(OrderRefused) as refused:
        ordering.reproduce(session, job_id, requested_by="mira")

    assert "tiny-two.safetensors" in refused.value.message
    assert "'tiny.safetensors'" in refused.value.hint
    assert waiting(studio) == before

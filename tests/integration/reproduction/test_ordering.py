"""Takes are made again by real workers and compared: equal pixels, other pixels, and files that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from db import catalogue
from db.catalogue import NewJob, insert_jobs
from farm.explaining.equality import sentence
from farm.reproduction import ordering
from models.errors import Conflict
from models.recipe import CharacterLook, Recipe, SceneLook, environment_sha256
from models.vocabulary import JobState, JobType
from tests.support.floor import CONTROL, SCORE, Floor
from tests.support.queue_jobs import add_jobs, add_project, execute, one
from workers.media import provenance

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from db.engine import Database
    from models.jobs import JobDetail

TWO = (
    CharacterLook(name="aiko", attributes={"hair_color": "pink", "hair_style": "bob"}, position="left"),
    CharacterLook(name="ren", attributes={"hair_color": "black", "outfit": "suit"}, position="right"),
)


@pytest.fixture(scope="module")
def floor(lasting_floor: Floor) -> Floor:
    """One shift for the whole module: a worker that draws, one that scores, one that judges, and a beat."""
    floor = lasting_floor
    hands = [floor.worker(queue, ready=False) for queue in ("render_queue.toon", SCORE)]
    hands.append(floor.worker(CONTROL, pool="threads", concurrency=2, ready=False))
    floor.beat()
    for hand in hands:
        floor.wait_ready(hand)
    return floor


@pytest.fixture(scope="module")
def still(floor: Floor) -> UUID:
    """A finished still of two people."""
    return take(floor, JobType.STILL_IMAGE)


def take(floor: Floor, kind: JobType, **changes: Any) -> UUID:
    """A finished take of the toon renderer."""
    told: dict[str, Any] = {
        "renderer": "toon",
        "job_type": kind,
        "seed": 2**64 - 1,
        "width": 128,
        "height": 96,
        "frame_count": 8 if kind.is_motion else 1,
        "characters": TWO,
        "scene": SceneLook(location="street", time_of_day="night", action="ren waves"),
    }
    recipe = Recipe(**told | changes)
    new = NewJob(
        project_id=add_project(floor.database),
        recipe=recipe,
        pool="toon",
        profile="embedded",
        requested_by="test",
        priority=5,
        max_retries=3,
        max_retakes=0,
        order_data={},
        quality_thresholds={},
    )
    with floor.database.transaction() as session:
        (job_id,) = insert_jobs(session, [new])
    assert job_id is not None
    floor.wait_until_over([job_id])
    return job_id


def again(floor: Floor, job_id: UUID, **changes: Any) -> JobDetail:
    """The reproduction once it is over."""
    with floor.database.transaction() as session:
        made = ordering.reproduce(session, job_id, requested_by="mira", changes=changes)
    floor.wait_until_over([made.job_id])
    floor.settled()
    with floor.database.transaction() as session:
        return catalogue.job_detail(session, made.job_id)


def master(floor: Floor, job_id: UUID) -> Path:
    path = one(floor.database, "SELECT master_path FROM takes WHERE job_id = :job", job=job_id).master_path
    return floor.folder / "artifacts" / str(path)


@pytest.mark.parametrize("kind", [JobType.STILL_IMAGE, JobType.CHARACTER_SHEET, JobType.ANIMATION_LOOP])
def test_a_drawn_take_made_again_is_identical(floor: Floor, kind: JobType) -> None:
    job_id = take(floor, kind, characters=TWO[:1] if kind is JobType.CHARACTER_SHEET else TWO)

    made = again(floor, job_id)

    assert made.row.state is JobState.COMPLETED
    assert made.reproduction is not None
    assert made.reproduction["equality"] == "identical"
    assert made.reproduction["differences"] == []
    assert made.take is not None
    comparison = made.reproduction["comparison"]
    assert comparison["pixel_sha256"] == [made.take.pixel_sha256] * 2
    assert comparison["equal_frames"] == comparison["frames"][0] == made.take.frames
    assert made.take.reused_from_job_id is None


def test_a_changed_recipe_is_different_and_says_what_was_changed(floor: Floor, still: UUID) -> None:
    made = again(floor, still, **{"characters.aiko.hair_color": "green", "seed": "5"})

    told = made.reproduction
    assert told is not None
    assert told["equality"] == "different"
    assert told["changed"] == {"seed": [2**64 - 1, 5], "characters.aiko.hair_color": ["pink", "green"]}
    assert [fact["fact"] for fact in told["differences"]] == [
        "recipe.seed",
        "recipe.characters.aiko.hair_color",
    ]
    # No network is installed on this floor, and no number stands in for what was not measured.
    assert told["comparison"]["lpips"] is None
    assert "lpips-alex is not installed" in told["reason"]
    assert made.reproduction_changes == told["changed"]
    assert (made.row.parent_job_id, made.row.root_job_id) == (still, made.row.id)


def test_a_fact_that_differs_is_named_and_equal_pixels_stay_identical(floor: Floor) -> None:
    job_id = take(floor, JobType.STILL_IMAGE, seed=1)
    facts = """UPDATE generation_params SET renderer_version = '0', file_hashes = '{"ink.safetensors": "ab"}',
               environment = environment || '{"skia": "1.0", "device": "another"}' WHERE job_id = :job"""
    was = one(floor.database, "SELECT * FROM generation_params WHERE job_id = :job", job=job_id)
    execute(floor.database, facts, job=job_id)

    made = again(floor, job_id)

    told = made.reproduction
    assert told is not None
    assert told["equality"] == "identical"
    assert [(fact["fact"], fact["original"]) for fact in told["differences"]] == [
        ("renderer_version", "0"),
        ("environment.device", "another"),
        ("environment.skia", "1.0"),
        ("file_hashes.ink.safetensors", "ab"),
    ]
    assert was.environment_sha256 == made.environment_sha256 == environment_sha256(made.environment)


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        ("failed", "bad_recipe", "failed and made nothing"),
        ("failed", "timeout", "ran out of time and made nothing"),
        ("cancelled", None, "was cancelled and made nothing"),
        ("ready", None, "has no take to compare with"),
    ],
)
def test_a_job_without_a_take_is_refused_in_its_own_words(
    fresh_database: Database, status: str, kind: str | None, says: str
) -> None:
    (job_id,) = add_jobs(fresh_database, add_project(fresh_database), 1)
    ended = "UPDATE render_queue SET status = :status, error_kind = :kind WHERE job_id = :job"
    execute(fresh_database, ended, status=status, kind=kind, job=job_id)

    with fresh_database.transaction() as session, pytest.raises(Conflict, match=says) as refused:
        ordering.reproduce(session, job_id, requested_by="mira")

    assert f"farm {'job' if status == 'ready' else 'retake'} {job_id}" in refused.value.hint
    assert ("Wait" in refused.value.hint) is (status == "ready")


@pytest.mark.parametrize("changes", [{}, {"seed": 9}])
@pytest.mark.parametrize("fault", ["gone", "damaged", "another"])
def test_of_an_original_that_is_gone_or_damaged_only_the_same_pixels_are_known(
    floor: Floor, still: UUID, fault: str, changes: dict[str, Any]
) -> None:
    job_id = take(floor, JobType.STILL_IMAGE, seed=len(fault))
    path = master(floor, job_id)
    whole = path.read_bytes()
    if fault == "gone":
        path.unlink()
    else:
        path.write_bytes(whole[:200] if fault == "damaged" else master(floor, still).read_bytes())

    with floor.database.transaction() as session:
        made = ordering.reproduce(session, job_id, requested_by="mira", changes=changes).job_id
    floor.wait_until_over([made])

    with floor.database.transaction() as session:
        detail = catalogue.job_detail(session, made)
    assert detail.row.state is JobState.COMPLETED
    assert detail.reproduction is not None
    assert detail.reproduction["equality"] == ("not_compared" if changes else "identical")
    assert detail.reproduction["comparison"] is None
    says = {"gone": "is gone", "damaged": "cannot be decoded any more", "another": "was damaged since"}[fault]
    assert says in sentence(detail.reproduction)
    # Whole again for the checks that look at every file of this floor.
    path.write_bytes(whole)


def test_a_sidecar_names_its_environment_and_writes_the_seed_as_text(floor: Floor, still: UUID) -> None:
    made = provenance.read(master(floor, still))

    stored = one(
        floor.database,
        "SELECT environment_sha256, environment FROM generation_params WHERE job_id = :j",
        j=still,
    )
    text = (master(floor, still).with_name("take.json")).read_text()
    assert f'"environment_sha256":"{environment_sha256(made.environment)}"' in text
    assert '"seed_text":"18446744073709551615"' in text
    assert {"renderer", "renderer_version", "skia", "pyav", "device"} <= set(made.environment)
    assert stored.environment_sha256 is not None

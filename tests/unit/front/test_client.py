"""What the SDK says: why a job stands where it stands, and its JSON."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from farm.client import Farm
from farm.client.connection import job_id_of
from farm.explaining.answers import to_json
from farm.explaining.why import changed, explain
from models.errors import BadInput, Unavailable
from models.fleet import WorkerView
from models.jobs import WhyFacts
from models.recipe import Recipe
from models.vocabulary import ErrorKind, JobState, JobType, QueueStatus, Verdict, WorkerStatus
from tests.support.views_by_hand import a_queue, a_row

_NOW = datetime(2026, 1, 2, tzinfo=UTC)
_ID = UUID(int=1)


def _worker() -> WorkerView:
    return WorkerView(
        id="atelier:render:0",
        host="atelier",
        pid=1,
        pools=("toon",),
        queues=("render_queue.toon",),
        slots=1,
        status=WorkerStatus.READY,
        current_job_id=None,
        last_seen_at=_NOW,
        seconds_silent=1.0,
        capabilities={},
    )


def _facts(queue: dict[str, Any] | None = None, row: dict[str, Any] | None = None, **more: Any) -> WhyFacts:
    asked = {"current_frame": 60, "state": JobState.QUEUED, "completed_at": None, **(row or {})}
    return WhyFacts(
        row=a_row(**asked),
        queue=a_queue(**(queue or {})),
        **{
            "ahead_in_pool": 0,
            "running_in_pool": 0,
            "workers": (_worker(),),
            "seconds_until_due": -1.0,
            "seconds_of_lease_left": None,
            "seconds_since_beat": None,
            "last_attempt": None,
            **more,
        },
    )


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (_facts({"status": QueueStatus.HELD, "held_for": "a bigger card"}), "held: a bigger card"),
        (_facts(workers=()), "No worker serves the pool toon"),
        (_facts(ahead_in_pool=3), "3 jobs are ahead of it"),
        (_facts(), "the next one in the pool toon"),
        (_facts(seconds_until_due=7.0), "waits 7 s before try 1"),
        (_facts({"status": QueueStatus.RUNNING}, seconds_of_lease_left=60.0), "is rendering it now"),
        (_facts({"status": QueueStatus.RUNNING}, seconds_of_lease_left=-9.0), "fell silent"),
        (_facts({"status": QueueStatus.CANCELLED}), "called off"),
        (
            _facts(
                {
                    "status": QueueStatus.FAILED,
                    "error_kind": ErrorKind.DISK_FULL,
                    "error_message": "The disk is full.",
                }
            ),
            "failed while rendering (disk full): The disk is full.",
        ),
        (
            _facts({"status": QueueStatus.COMPLETED}, {"verdict": Verdict.RETAKE, "blocking": ("jitter",)}),
            "blocked by jitter",
        ),
        (_facts({"status": QueueStatus.COMPLETED}, {"verdict": Verdict.REVIEW}), "waits for a person"),
        (_facts({"status": QueueStatus.COMPLETED}, {"verdict": Verdict.PASS}), "finished: pass"),
    ],
)
def test_why_a_job_stands_where_it_stands_is_said_first(facts: WhyFacts, words: str) -> None:
    assert words in explain(facts)[0]


def test_a_failure_that_repeating_could_not_mend_says_so() -> None:
    facts = _facts({"status": QueueStatus.FAILED, "error_kind": ErrorKind.DISK_FULL})

    assert any("could not have helped" in sentence for sentence in explain(facts))


def test_a_running_video_tells_how_many_frames_are_done() -> None:
    facts = _facts({"status": QueueStatus.RUNNING}, seconds_of_lease_left=60.0)

    assert "60 of 120 frames are done." in explain(facts)


def test_a_seed_beyond_what_javascript_can_count_stands_as_text_beside_the_number() -> None:
    recipe = Recipe(renderer="toon", job_type=JobType.STILL_IMAGE, seed=2**64 - 1, width=64, height=64)

    told = to_json(recipe)

    assert told["seed"] == 2**64 - 1
    assert told["seed_text"] == "18446744073709551615"


def test_a_view_becomes_plain_json() -> None:
    told = to_json(replace(_facts().row, blocking=("jitter",)))

    assert told["id"] == str(_ID)
    assert told["created_at"] == "2026-01-02T00:00:00+00:00"
    assert told["blocking"] == ["jitter"]


def test_what_a_retake_changed_is_said_in_words() -> None:
    assert changed({"reason": "another seed", "changed": {"seed": [1, 2]}}) == "another seed"
    assert changed({"changed": {"seed": [1, 2]}}) == "new seed"


def test_an_id_that_is_none_is_bad_input() -> None:
    with pytest.raises(BadInput, match="is not a job's id"):
        job_id_of("take-1")


@pytest.mark.parametrize("timeout", [120, 120.0, timedelta(minutes=2), None])
def test_waiting_takes_seconds_as_well_as_a_timedelta(
    monkeypatch: pytest.MonkeyPatch, timeout: timedelta | float | None
) -> None:
    done = replace(_facts().row, state=JobState.COMPLETED, verdict=Verdict.PASS)
    monkeypatch.setattr(Farm, "watch", lambda *_: iter([(done,)]))

    assert Farm.__new__(Farm).wait([_ID], timeout=timeout) == (done,)


@pytest.mark.parametrize("timeout", [-1, timedelta(seconds=-1)])
def test_waiting_ends_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch, timeout: timedelta | float) -> None:
    going = replace(_facts().row, state=JobState.QUEUED)
    monkeypatch.setattr(Farm, "watch", lambda *_: iter([(going,)]))

    with pytest.raises(Unavailable, match="not over yet"):
        Farm.__new__(Farm).wait([_ID], timeout=timeout)

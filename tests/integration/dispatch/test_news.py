"""Echo says what it wants rendered, whom it approves, and what is to become of a take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from models.actors import Actor
from models.metrics import Metric
from tests.support.factories import judged, measured, ordered

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from fastapi.testclient import TestClient
    from httpx import Response

    from db.engine import Database
    from farm.client import Farm
    from models.shows import StoredShow


@pytest.fixture
def say(echo: TestClient) -> Callable[..., Response]:
    """News of this type, over HTTP."""

    def once(event_type: str, **data: Any) -> Response:
        return echo.post("/api/anime/echo/webhook", json={"event_type": event_type, "data": data})

    return once


@pytest.fixture
def take(database: Database, show: StoredShow) -> UUID:
    """A judged take."""
    with database.transaction() as session:
        (job_id,) = ordered(session, show, max_retakes=0)
        judged(session, job_id, measured(Metric.IDENTITY, 0.9))
    return job_id


def test_a_requested_render_is_ordered_once(home: Farm, show: StoredShow, say: Callable[..., Response]) -> None:
    wanted = {"task_id": "n-1", "project_id": show.project, "payload": {"cut": "1/10/20"}}

    first, again = say("render.requested", **wanted), say("render.requested", **wanted)

    assert first.status_code == 200, first.text
    assert first.json() == again.json()
    assert home.job(first.json()["job_id"]).row.cut == "ep001/sc010/c0020"


@pytest.mark.parametrize(("word", "verdict"), [("approved", "approved"), ("reject", "rejected")])
def test_a_decision_is_a_review_in_echos_name(
    home: Farm, take: UUID, say: Callable[..., Response], word: str, verdict: str
) -> None:
    answer = say("quality.decision", job_id=str(take), decision=word, suggestions="The hands are good.")

    assert answer.status_code == 200, answer.text
    (review,) = home.job(take).reviews
    assert (review.verdict, review.by, review.note) == (
        verdict,
        Actor.read("Ada"),
        "The hands are good.",
    )


def test_to_regenerate_is_a_retake_with_what_the_suggestions_change(
    home: Farm, take: UUID, say: Callable[..., Response]
) -> None:
    answer = say(
        "quality.decision",
        job_id=str(take),
        decision="regenerate",
        suggestions={"mood": "calm", "camera_angle": "close-up"},
    )

    assert answer.status_code == 200, answer.text
    again = home.job(answer.json()["job_id"])
    assert (again.row.parent_job_id, again.row.take_number) == (take, 2)
    assert (again.recipe.scene.mood, again.recipe.scene.camera_angle) == ("calm", "close-up")


def test_a_suggestion_that_no_order_knows_is_refused_and_nothing_is_ordered(
    home: Farm, take: UUID, say: Callable[..., Response]
) -> None:
    refused = say("quality.decision", job_id=str(take), decision="regenerate", suggestions={"moood": "calm"})

    assert (refused.status_code, "moood" in refused.json()["detail"]) == (422, True)
    assert len(home.job(take).family) == 1
    assert say("quality.decision", job_id=str(take), decision="maybe").status_code == 422
    assert say("quality.decided", job_id=str(take)).status_code == 404


def test_news_of_the_story_stand_in_the_audit(
    home: Farm, show: StoredShow, say: Callable[..., Response]
) -> None:
    answer = say("story.updated", project_id=show.project, affected_characters=["mio"])

    assert answer.status_code == 200, answer.text
    (entry,) = home.audit(subject=f"story of {show.project}").items
    assert entry.after == {"affected_characters": ["mio"]}
    assert say("story.updated", project_id=show.project, affected_characters=["moi"]).status_code == 404


def test_an_approval_needs_a_picture_and_somebody_who_looks_at_it(
    show: StoredShow, take: UUID, say: Callable[..., Response]
) -> None:
    someone = {"project_id": show.project, "character_id": "mio"}

    outside = say("character.approved", **someone, approved_reference="/etc/passwd")
    unseen = say("character.approved", **someone, approved_reference=str(take))

    assert outside.status_code in (403, 404), outside.text
    assert unseen.status_code >= 400, unseen.text

"""Questions about pictures as they are asked: what is refused at once, and how the others wait."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pytest

from db import catalogue, queue
from farm import broker
from farm.client import Farm
from farm.scheduling.failures import Backoff
from models.access import Caller, Door
from models.actors import Actor
from models.errors import BadInput, Conflict, Forbidden, NoFace, StepFailed, Unavailable, UnknownName
from models.vocabulary import MeasureKind, QueueStatus, Step
from tasks.process import endings
from tests.comfyui_server import png_bytes
from tests.support.factories import ordered, settings_for
from tests.support.queue_jobs import execute, one, render_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from db.engine import Database
    from models.shows import StoredShow

AGENT = Caller(actor=Actor.read("agent:nightly"), door=Door.HTTP, address="10.0.0.9", key_prefix="farm_ab12")
LEASE = timedelta(seconds=60)
AT_ONCE = timedelta(0)


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """The steps whose workers were woken."""
    steps: list[Step] = []
    monkeypatch.setattr(broker, "sender", lambda _settings: None)
    monkeypatch.setattr(broker, "wake_pools", lambda _pools, _sender: None)
    monkeypatch.setattr(broker, "wake", lambda _pool, _count, *, step, sender: steps.append(step))
    return steps


@pytest.fixture
def farm(database: Database, database_url: str, tmp_path: Path, woken: list[Step]) -> Iterator[Farm]:
    execute(database, "DELETE FROM render_queue")
    (tmp_path / "mio.png").write_bytes(png_bytes(np.zeros((64, 64, 3), np.uint8)))
    with Farm(settings_for(tmp_path, given_database_url=database_url), AGENT) as farm:
        yield farm


def claimed(farm: Farm, worker: str = "w", *, networks: tuple[str, ...] = ("toon-id",)) -> Any:
    with farm.database.transaction() as session:
        return queue.claim_score(session, worker_id=worker, lease=LEASE, networks=networks, queue="score")


def settled(farm: Farm, claim: Any, answer: Any, error: Any = None) -> None:
    with farm.database.transaction() as session:
        assert queue.settle_measure(session, claim).counts
        catalogue.store_answer(session, claim.job_id, answer, error)


def test_a_question_waits_in_the_queue_for_score_workers_and_in_no_list_of_jobs(
    farm: Farm, show: StoredShow, woken: list[Step]
) -> None:
    asked = farm.embed_character(show.project, "mio", "mio.png", by="Ada", wait=AT_ONCE)

    assert (asked.kind, asked.status, asked.project) == (MeasureKind.REFERENCE, QueueStatus.READY, show.project)
    assert (asked.asked_by, asked.subject) == (AGENT.actor, "reference of mio")
    assert woken == [Step.MEASURE]
    assert farm.jobs().items == ()
    assert farm.under_way() == []
    with pytest.raises(UnknownName):
        farm.job(asked.id)
    with pytest.raises(Unavailable, match="reference of mio is not measured yet"):
        asked.answered()
    assert "no score worker is alive" in farm.why_not_answered(asked.id)


def test_what_is_asked_comes_before_all_takes_and_its_answer_ends_it(farm: Farm, show: StoredShow) -> None:
    with farm.database.transaction() as session:
        (job,) = ordered(session, show, priority=10)
    render_all(farm.database)
    asked = farm.embed_character(show.project, "mio", "mio.png", by="Ada", wait=AT_ONCE)

    claim = claimed(farm)
    assert (claim.job_id, claim.step, claim.pool) == (asked.id, Step.MEASURE, "measure")
    assert claim.subject == f"{show.project} reference of mio"
    assert claim.next_pool is not None, "the take that is due is left a wake-up"
    settled(farm, claim, {"embedding_stored": True})

    assert farm.measurement(asked.id).answered() == {"embedding_stored": True}
    after = claimed(farm, networks=("dis-flow", "lpips-alex", "toon-id", "toon-style", "toon-scene"))
    assert after.job_id == job


def test_a_question_is_left_to_the_worker_that_has_its_network(farm: Farm, show: StoredShow) -> None:
    farm.embed_character(show.project, "mio", "mio.png", by="Ada", networks=["toon-id"], wait=AT_ONCE)
    execute(
        farm.database,
        "INSERT INTO workers (id, host, pid, incarnation, status, queues, networks)"
        " VALUES ('able', 'h', 1, :start, 'ready', '{score}', '{toon-id}')",
        start=uuid4(),
    )

    try:
        assert claimed(farm, "bare", networks=()) is None
        assert claimed(farm, "able") is not None
    finally:
        execute(farm.database, "DELETE FROM workers")


def test_a_question_whose_worker_fell_silent_is_taken_back_and_the_sleeper_answers_nothing(
    farm: Farm, show: StoredShow
) -> None:
    asked = farm.embed_character(show.project, "mio", "mio.png", by="Ada", wait=AT_ONCE)
    sleeper = claimed(farm)
    execute(farm.database, "UPDATE render_queue SET lease_until = now() - interval '1 second'")

    with farm.database.transaction() as session:
        at_once = Backoff(base=timedelta(0), cap=timedelta(0))
        endings.take_back(session, backoff=at_once, time_limit=timedelta(hours=1))

    assert farm.measurement(asked.id).retry_count == 1
    with farm.database.transaction() as session:
        assert not queue.settle_measure(session, sleeper).counts
    settled(farm, claimed(farm), {"embedding_stored": True})
    assert farm.measurement(asked.id).answered() == {"embedding_stored": True}


def test_a_refusal_is_an_answer_and_whoever_looks_hears_it_as_it_was_raised(
    farm: Farm, show: StoredShow
) -> None:
    asked = farm.embed_character(show.project, "mio", "mio.png", by="Ada", wait=AT_ONCE)
    settled(farm, claimed(farm), None, {"kind": "NoFace", "message": "No face.", "hint": "Another."})

    view = farm.measurement(asked.id)
    with pytest.raises(NoFace, match="No face") as refused:
        view.answered()
    assert refused.value.http_status == 400
    assert farm.why_not_answered(asked.id) == "No face."


def test_a_question_that_failed_for_good_says_why(farm: Farm, show: StoredShow) -> None:
    asked = farm.embed_character(show.project, "mio", "mio.png", by="Ada", wait=AT_ONCE)
    execute(
        farm.database,
        "UPDATE render_queue SET status = 'failed', error_kind = 'bug', error_message = 'It crashed.'"
        " WHERE job_id = :job",
        job=asked.id,
    )

    with pytest.raises(StepFailed, match="It crashed"):
        farm.measurement(asked.id).answered()


def test_a_question_that_was_called_off_is_claimed_by_nobody(farm: Farm, show: StoredShow) -> None:
    asked = farm.embed_character(show.project, "mio", "mio.png", by="Ada", wait=AT_ONCE)

    assert farm.withdraw_measurement(asked.id)
    assert not farm.withdraw_measurement(asked.id)
    assert claimed(farm) is None
    with pytest.raises(Conflict, match="was called off"):
        farm.measurement(asked.id).answered()


def test_a_rehearsed_question_leaves_nothing_and_wakes_nobody(
    farm: Farm, show: StoredShow, woken: list[Step]
) -> None:
    with farm.as_one(keep=False) as rehearsal:
        asked = rehearsal.embed_character(show.project, "mio", "mio.png", by="Ada")
        assert asked.status is QueueStatus.READY, "nobody waits for what no worker can see"

    with pytest.raises(UnknownName, match="There is no measurement"):
        farm.measurement(asked.id)
    assert woken == []


def test_what_cannot_be_answered_is_refused_before_anything_waits(
    farm: Farm, show: StoredShow, tmp_path: Path
) -> None:
    (tmp_path / "notes.png").write_text("no picture")
    outside = tmp_path.parent / "outside.png"
    outside.write_bytes((tmp_path / "mio.png").read_bytes())
    name = show.project
    nobody_known = "There is no reference of mio by toon-id to compare with."

    for refusal, sentence, ask in (
        (UnknownName, "character in", lambda: farm.embed_character(name, "moi", "mio.png", by="Ada")),
        (
            UnknownName,
            "There is no reference picture",
            lambda: farm.embed_character(name, "mio", "a", by="Ada"),
        ),
        (Forbidden, "outside", lambda: farm.embed_character(name, "mio", str(outside), by="Ada")),
        (Forbidden, "names nobody", lambda: farm.embed_character(name, "mio", "mio.png", by="")),
        (UnknownName, "network", lambda: farm.make_reference(name, None, ["mio.png"], by="A", networks=["x"])),
        (BadInput, "1 to 64 pictures", lambda: farm.make_reference(name, "mio", [], by="Ada")),
        (Conflict, nobody_known, lambda: farm.check_consistency(name, "mio", "mio.png")),
        (UnknownName, "There is no job", lambda: farm.evaluate(uuid4())),
        (Forbidden, "outside", lambda: farm.recipe_of(str(outside))),
        (BadInput, "no form", lambda: farm.order_delivery(name, form="film")),
        (Forbidden, "outside", lambda: farm.order_delivery(name, to="/srv/elsewhere")),
    ):
        with pytest.raises(refusal, match=sentence):
            ask()

    assert one(farm.database, "SELECT count(*) AS waiting FROM render_queue").waiting == 0


def test_a_question_goes_with_its_project_and_old_ones_are_forgotten(farm: Farm, show: StoredShow) -> None:
    old, young = (
        farm.embed_character(show.project, "mio", "mio.png", by="Ada", wait=AT_ONCE).id for _ in range(2)
    )
    settled(farm, claimed(farm), {})
    execute(farm.database, "UPDATE render_queue SET completed_at = now() - interval '8 days'")

    with farm.database.transaction() as session:
        catalogue.forget_measurements(session, older_than=timedelta(days=7))

    with pytest.raises(UnknownName, match="There is no measurement"):
        farm.measurement(old)
    assert farm.measurement(young).status is QueueStatus.READY
    execute(farm.database, "DELETE FROM projects WHERE slug = :slug", slug=show.project)
    with pytest.raises(UnknownName):
        farm.measurement(young)

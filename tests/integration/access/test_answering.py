"""A request with an idempotency key is answered once: together with what it changed, or not at all."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from models.access import KeptAnswer, Scope
from models.errors import BadInput, Busy, Conflict, UnknownName
from tasks.beat import upkeep
from tasks.process import runtime
from tests.integration.access.conftest import with_key
from tests.support.queue_jobs import execute, one

if TYPE_CHECKING:
    from db.engine import Database
    from farm.client import Farm
    from models.shows import StoredShow

SAME, OTHER = "a" * 64, "b" * 64


def answered(farm: Farm, key: str, order: dict[str, Any], request: str = SAME) -> KeptAnswer:
    """As a request is answered over HTTP: one transaction for the answer and all that it tells of."""
    with farm.as_one() as whole:
        known = whole.begin_answer(key, request)
        if known is not None:
            return known
        job = whole.submit(order)
        answer = KeptAnswer(
            status=202, headers={"Location": f"/jobs/{job.job_id}"}, body=str(job.job_id).encode()
        )
        whole.keep_answer(key, request, answer)
        return answer


def jobs_of(farm: Farm, show: StoredShow) -> int:
    return len(farm.jobs(project=show.project).items)


def test_the_same_request_gets_the_same_answer_and_orders_nothing_more(
    farm: Farm, show: StoredShow, order: dict[str, Any]
) -> None:
    first = answered(farm, "same", order)

    assert answered(farm, "same", order) == first
    assert jobs_of(farm, show) == 1


def test_another_request_under_the_same_key_is_refused(farm: Farm, order: dict[str, Any]) -> None:
    answered(farm, "used", order)

    with pytest.raises(Conflict, match="'used' was used for another request"):
        answered(farm, "used", order, OTHER)


def test_two_callers_may_choose_the_same_key(farm: Farm, show: StoredShow, order: dict[str, Any]) -> None:
    agents = [with_key(farm, farm.create_key("a", scopes=[Scope.SUBMIT]).text) for _ in range(2)]

    answers = {answered(agent, "shared", order).body for agent in (farm, *agents)}

    assert len(answers) == jobs_of(farm, show) == 3


def test_while_the_first_is_at_it_the_second_is_told_to_wait(
    farm: Farm, show: StoredShow, order: dict[str, Any]
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow() -> None:
        with farm.as_one() as whole:
            assert whole.begin_answer("slow", SAME) is None
            begun.set()
            assert may_end.wait(60)
            whole.submit(order)
            whole.keep_answer("slow", SAME, KeptAnswer(status=200, headers={}, body=b"first"))

    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(slow)
        assert begun.wait(60)
        for request in (SAME, OTHER):
            with pytest.raises(Busy, match="'slow' is still being answered") as refusal:
                answered(farm, "slow", order, request)
            assert refusal.value.retry_after == timedelta(seconds=1)
        may_end.set()
        running.result(60)

    assert answered(farm, "slow", order).body == b"first"
    assert jobs_of(farm, show) == 1


def test_many_at_once_are_one_order(farm: Farm, show: StoredShow, order: dict[str, Any]) -> None:
    def ask(_: int) -> bytes | None:
        try:
            return answered(farm, "crowd", order).body
        except Busy:
            return None

    with ThreadPoolExecutor(6) as threads:
        bodies = set(threads.map(ask, range(12))) - {None}

    assert len(bodies) == jobs_of(farm, show) == 1


def test_a_request_that_fails_leaves_nothing_and_may_be_sent_again(
    farm: Farm, show: StoredShow, order: dict[str, Any]
) -> None:
    with pytest.raises(UnknownName):
        answered(farm, "retried", order | {"cut": "ep009/sc010/c0010"})

    answered(farm, "retried", order)

    assert jobs_of(farm, show) == 1


def test_one_whose_connection_breaks_leaves_nothing_either(
    farm: Farm, database: Database, order: dict[str, Any]
) -> None:
    def break_off() -> None:
        with farm.as_one() as whole:
            whole.begin_answer("broken", SAME)
            with whole.database.transaction() as session:
                session.connection().connection.dbapi_connection.close()  # type: ignore[union-attr]  # open, within a transaction
            raise AssertionError("unreachable")

    with pytest.raises(Exception, match=r"closed|does not answer"):
        break_off()

    assert answered(farm, "broken", order).status == 202


def test_what_is_only_tried_is_answered_again(farm: Farm, order: dict[str, Any]) -> None:
    with farm.as_one(keep=False) as rehearsal:
        assert rehearsal.begin_answer("tried", SAME) is None
        rehearsal.keep_answer("tried", SAME, KeptAnswer(status=200, headers={}, body=b"tried"))

    assert answered(farm, "tried", order, OTHER).status == 202


@pytest.mark.parametrize("key", ["", "a" * 256, "a\nb", "a\0b"])
def test_a_key_that_cannot_be_kept_is_refused(farm: Farm, key: str) -> None:
    with farm.as_one() as whole, pytest.raises(BadInput, match="cannot be kept"):
        whole.begin_answer(key, SAME)


def test_an_answer_is_begun_within_what_is_kept_with_it(farm: Farm) -> None:
    with pytest.raises(RuntimeError, match="as_one"):
        farm.begin_answer("alone", SAME)


def test_answers_are_forgotten_after_two_days_and_not_before(
    farm: Farm, database: Database, order: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "database", lambda: database)
    monkeypatch.setattr(runtime, "store", lambda: farm.store)
    execute(database, "DELETE FROM idempotent_answers")
    for key, hours in (("old", 49), ("young", 25)):
        answered(farm, key, order | {"seed": hours})
        age = (
            "UPDATE idempotent_answers SET created_at = now() - make_interval(hours => :hours) WHERE key = :key"
        )
        execute(database, age, hours=hours, key=key)

    upkeep.tidy_now()

    assert one(database, "SELECT key FROM idempotent_answers").key == "young"

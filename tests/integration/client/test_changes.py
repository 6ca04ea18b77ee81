"""Changes through the SDK: kept together or not at all, tried without trace, and noted in the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from farm import broker
from farm.client import Farm
from farm.shows.form import Show
from models.access import Caller, Door, Scope
from models.actors import Actor
from models.errors import BadInput, UnknownName
from models.vocabulary import JobState, Phase
from tests.support.factories import SHOW, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from models.shows import StoredShow

AGENT = Caller(
    actor=Actor.read("agent:nightly"),
    door=Door.HTTP,
    scopes=frozenset({Scope.ADMIN}),
    address="127.0.0.1",
    key_prefix="farm_ab12",
)


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pools whose workers were woken, in order."""
    pools: list[str] = []
    monkeypatch.setattr(broker, "sender", lambda settings: None)
    monkeypatch.setattr(broker, "wake_pools", lambda names, sender: pools.extend(names))
    return pools


@pytest.fixture
def farm(database_url: str, tmp_path: Path, woken: list[str]) -> Iterator[Farm]:
    with Farm(settings_for(tmp_path, given_database_url=database_url), AGENT) as farm:
        yield farm


@pytest.fixture
def order(show: StoredShow) -> dict[str, Any]:
    return {"project": show.project, "cut": next(iter(show.cuts)), "seed": 5}


def ids_of(farm: Farm, show: StoredShow) -> list[str]:
    return [str(row.id) for row in farm.jobs(project=show.project).items]


def test_what_a_rehearsal_orders_is_answered_and_is_not_there(
    farm: Farm, show: StoredShow, order: dict[str, Any], woken: list[str]
) -> None:
    with farm.as_one(keep=False) as rehearsal:
        answer = rehearsal.submit(order)
        assert str(answer.job_id) in ids_of(rehearsal, show)

    real = farm.submit(order)

    assert (answer.seed_used, answer.pool, answer.not_drawn) == (real.seed_used, real.pool, real.not_drawn)
    assert ids_of(farm, show) == [str(real.job_id)]
    assert woken == [real.pool]


def test_workers_are_woken_once_all_of_it_is_kept(farm: Farm, order: dict[str, Any], woken: list[str]) -> None:
    with farm.as_one() as whole:
        jobs = [whole.submit(order | {"seed": seed}) for seed in (1, 2)]
        assert woken == []

    assert woken == [job.pool for job in jobs]
    assert {row.state for row in farm.rows([job.job_id for job in jobs])} == {JobState.QUEUED}


def test_what_goes_wrong_in_the_middle_leaves_nothing(
    farm: Farm, show: StoredShow, order: dict[str, Any], woken: list[str]
) -> None:
    def order_two() -> None:
        with farm.as_one() as whole:
            whole.submit(order)
            whole.submit(order | {"cut": "ep009/sc010/c0010"})

    with pytest.raises(UnknownName):
        order_two()

    assert ids_of(farm, show) == woken == []
    assert farm.audit(project=show.project).items == ()


def test_a_verb_that_is_refused_spoils_nothing_of_the_others(farm: Farm, order: dict[str, Any]) -> None:
    with farm.as_one() as whole:
        kept = whole.submit(order)
        with pytest.raises(UnknownName):
            whole.submit(order | {"cut": "ep009/sc010/c0010"})

    assert farm.job(kept.job_id).row.state is JobState.QUEUED


def test_a_show_is_tried_without_being_stored(farm: Farm) -> None:
    slug = "never-stored"
    show = Show.model_validate(SHOW | {"project": SHOW["project"] | {"slug": slug}})
    with farm.as_one(keep=False) as rehearsal:
        assert rehearsal.load_show(show).project == slug

    with pytest.raises(UnknownName):
        farm.cuts(slug)


def test_each_change_says_who_made_it_from_where_and_why(
    farm: Farm, show: StoredShow, order: dict[str, Any]
) -> None:
    job = farm.submit(order)
    farm.cancel([job.job_id])
    farm.open_phase(show.project, Phase.LOOP, by="Ada", reason="the director liked it")

    opened, called_off, ordered = farm.audit(project=show.project).items

    assert (ordered.action, ordered.subject) == ("job.submit", f"job {job.job_id}")
    assert (ordered.by, ordered.door, ordered.address) == (AGENT.actor, Door.HTTP, "127.0.0.1")
    assert (called_off.action, called_off.key_prefix) == ("job.cancel", "farm_ab12")
    assert (opened.by, opened.why) == (Actor.read("Ada"), "the director liked it")
    assert (opened.before, opened.after) == ({"is_open": False}, {"is_open": True})


def test_orders_that_come_together_are_one_row_of_the_audit(
    farm: Farm, show: StoredShow, order: dict[str, Any]
) -> None:
    jobs = farm.submit_many(order | {"seed": seed, "requested_by": "Mira"} for seed in range(30))

    (entry,) = farm.audit(project=show.project).items

    assert (entry.subject, entry.by) == ("30 jobs", Actor.read("Mira"))
    assert entry.after == {"count": 30, "jobs": [str(job.job_id) for job in jobs[:20]]}


def test_an_order_that_was_known_is_no_change(farm: Farm, show: StoredShow, order: dict[str, Any]) -> None:
    for _ in range(2):
        farm.submit(order | {"idempotency_key": "once"})

    assert len(farm.audit(project=show.project).items) == 1


def test_the_audit_pages_through_all_of_it_once(farm: Farm, show: StoredShow, order: dict[str, Any]) -> None:
    for seed in range(5):
        farm.submit(order | {"seed": seed})

    first = farm.audit(project=show.project, limit=3)
    second = farm.audit(project=show.project, limit=3, after=first.next)

    assert [len(first.items), len(second.items), second.next] == [3, 2, None]
    assert len({entry.id for entry in first.items + second.items}) == 5
    with pytest.raises(BadInput, match="cannot be read"):
        farm.audit(after="9" * 40)


def test_whoever_runs_a_script_is_named_by_the_machine(
    database_url: str, tmp_path: Path, show: StoredShow, order: dict[str, Any], woken: list[str]
) -> None:
    with Farm(settings_for(tmp_path, given_database_url=database_url)) as farm:
        farm.submit(order)
        (entry,) = farm.audit(project=show.project).items

    assert (entry.by, entry.door, entry.key_prefix) == (Caller.here().actor, Door.SQL, None)
    assert entry.address

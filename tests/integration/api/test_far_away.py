"""The same farm from far away: one contract, tried at home and over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from farm.client import Farm
from farm.client.routes import ROUTES
from farm.shows.form import Show
from models.errors import BadInput, Conflict, FarmError, OrderRefused, UnknownName
from models.vocabulary import JobState, Phase
from tests.support.factories import SHOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from models.shows import StoredShow


@pytest.fixture
def order(show: StoredShow) -> dict[str, Any]:
    return {"project": show.project, "cut": next(iter(show.cuts)), "seed": 2**63 + 5}


def test_an_order_is_stored_found_and_called_off(farm: Farm, show: StoredShow, order: dict[str, Any]) -> None:
    submitted = farm.submit(order)

    assert (submitted.seed_used, submitted.pool, submitted.is_new) == (2**63 + 5, "toon", True)
    assert farm.job(submitted.job_id).recipe.seed == 2**63 + 5
    assert [row.id for row in farm.jobs(project=show.project, phase=Phase.STILL).items] == [submitted.job_id]
    assert farm.cancel([submitted.job_id]) == [submitted.job_id]
    (row,) = farm.wait([submitted.job_id])
    assert row.state is JobState.CANCELLED


def test_many_orders_are_all_stored_or_none(farm: Farm, show: StoredShow, order: dict[str, Any]) -> None:
    assert len(farm.submit_many(order | {"seed": seed} for seed in range(3))) == 3

    with pytest.raises(UnknownName, match="Order 2 of 3: There is no cut"):
        farm.submit_many([order, order | {"cut": "1/10/77"}, order])
    assert len(farm.jobs(project=show.project).items) == 3


def test_what_is_wrong_with_an_order_is_said_field_by_field(farm: Farm, order: dict[str, Any]) -> None:
    with pytest.raises(OrderRefused) as refusal:
        farm.submit(order | {"widht": 100, "steps": 0})

    assert {fault.where[-1] for fault in refusal.value.faults} == {"widht", "steps"}


def test_the_same_key_again_is_the_same_job(farm: Farm, order: dict[str, Any]) -> None:
    keyed = order | {"idempotency_key": "once"}
    first, again = farm.submit(keyed), farm.submit(keyed)

    assert (again.job_id, again.is_new) == (first.job_id, False)
    with pytest.raises(Conflict, match="was used for another order"):
        farm.submit(keyed | {"seed": 1})


def test_a_show_is_loaded_and_its_phases_opened(farm: Farm) -> None:
    slug = f"far-{uuid4().hex[:8]}"
    file = SHOW | {"project": SHOW["project"] | {"slug": slug}}
    stored = farm.load_show(Show.model_validate(file))
    door = farm.open_phase(slug, Phase.LOOP, by="Ada", reason="she says so")

    assert list(stored.cuts) == [cut.path for cut in farm.cuts(slug)]
    assert (door.is_open, str(door.decided_by)) == (True, "Ada")
    assert farm.gate(slug, Phase.STILL).phase is Phase.STILL


@pytest.mark.parametrize(
    "ask",
    [
        lambda farm: farm.job(uuid4()),
        lambda farm: farm.job("what"),
        lambda farm: farm.cuts("nowhere"),
        lambda farm: farm.jobs(after="what"),
        lambda farm: farm.cancel([uuid4()]),
        lambda farm: farm.fetch(uuid4(), "."),
    ],
)
def test_a_refusal_is_the_same_sentence(home: Farm, far: Farm, ask: Callable[[Farm], Any]) -> None:
    with pytest.raises(FarmError) as at_home:
        ask(home)
    with pytest.raises(FarmError) as from_afar:
        ask(far)

    def without_ids(error: FarmError) -> tuple[Any, ...]:
        return type(error), error.message.split(" ")[:3], error.hint, error.exit_code

    assert without_ids(from_afar.value) == without_ids(at_home.value)


def test_every_question_is_answered_alike(
    home: Farm, far: Farm, show: StoredShow, order: dict[str, Any]
) -> None:
    """Whatever a verb answers comes back as an equal value."""
    # As many as a gate weighs.
    jobs = [each.job_id for each in home.submit_many(order | {"seed": seed} for seed in range(5))]
    known = {
        "project": show.project,
        "job_id": jobs[0],
        "job_ids": jobs,
        "phase": Phase.STILL,
        "waiting": jobs,
        "begun": [],
    }
    for route in ROUTES:
        needed = {name: each for name, each in route.parameters.items() if each.default is each.empty}
        if route.changes or route.verb == "whoami" or not needed.keys() <= known.keys():
            continue
        given = {name: known[name] for name in needed}
        assert getattr(far, route.verb)(**given) == getattr(home, route.verb)(**given), route.verb


def test_a_show_that_cannot_be_read_is_refused_before_it_travels(far: Farm, tmp_path: Path) -> None:
    (tmp_path / "show.yaml").write_text("project: {slug: x}\n")

    with pytest.raises(BadInput, match="line 1"):
        far.load_show(tmp_path / "show.yaml")

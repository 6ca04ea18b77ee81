"""What a step sends, and that it does so only when its work is over."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from db.queue import Claim
from farm import broker
from models.errors import Unavailable
from models.vocabulary import Step
from tasks.steps import wake_ups


def a_claim(next_pool: str | None = "toon") -> Claim:
    return Claim(
        job_id=uuid4(),
        step=Step.SCORE,
        epoch=1,
        pool="toon",
        worker_id="w",
        retry_count=0,
        next_pool=next_pool,
    )


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happened, in its order."""
    happened: list[str] = []
    monkeypatch.setattr(
        broker, "pass_on", lambda pool, *, step: happened.append(f"a wake-up for {step} in {pool}")
    )
    return happened


def test_a_wake_up_is_left_behind_once_the_work_is_over(events: list[str]) -> None:
    with wake_ups.left_behind(a_claim()):
        events.append("work")

    assert events == ["work", "a wake-up for score in toon"]


def test_work_that_fails_leaves_one_behind_as_well(events: list[str]) -> None:
    with pytest.raises(ZeroDivisionError), wake_ups.left_behind(a_claim()):
        raise ZeroDivisionError

    assert events == ["a wake-up for score in toon"]


def test_nothing_is_left_behind_where_nothing_more_was_due(events: list[str]) -> None:
    with wake_ups.left_behind(a_claim(next_pool=None)):
        pass

    assert events == []


@pytest.mark.parametrize(("room", "chain"), [(True, ["gate"]), (False, None), ("away", None)])
def test_the_chain_goes_on_while_few_wake_ups_wait_for_its_next_step(
    monkeypatch: pytest.MonkeyPatch, room: bool | str, chain: list[str] | None
) -> None:
    def has_room(_step: Step) -> bool:
        if room == "away":
            raise Unavailable("The broker does not answer.")
        return bool(room)

    monkeypatch.setattr(broker, "has_room", has_room)
    task: Any = SimpleNamespace(request=SimpleNamespace(chain=["gate"]))
    claim = a_claim()

    assert wake_ups.hint(task, claim, Step.GATE) == str(claim.job_id)
    assert task.request.chain == chain

"""How often a caller may ask, by a clock of the test's own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from farm.access import rates
from farm.access.rates import Buckets
from models.errors import TooMuch


class Clock:
    """Seconds that pass when a test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_let_in_and_then_as_many_as_a_second_brings() -> None:
    clock = Clock()
    buckets = Buckets(per_second=2, burst=3, clock=clock)
    for _ in range(3):
        buckets.take("key:a")

    with pytest.raises(TooMuch, match="too many requests") as refusal:
        buckets.take("key:a")
    assert refusal.value.retry_after == timedelta(seconds=1)
    clock.now += 0.5

    buckets.take("key:a")
    with pytest.raises(TooMuch):
        buckets.take("key:a")


def test_one_caller_does_not_use_up_what_another_may() -> None:
    buckets = Buckets(per_second=1, burst=1, clock=Clock())
    buckets.take("key:a")

    buckets.take("key:b")


def test_a_dear_request_waits_for_as_long_as_it_costs() -> None:
    clock = Clock()
    buckets = Buckets(per_second=1, burst=5, clock=clock)
    buckets.take("key:a", cost=5)

    with pytest.raises(TooMuch) as refusal:
        buckets.take("key:a", cost=4)
    assert refusal.value.retry_after == timedelta(seconds=4)
    clock.now += 4

    buckets.take("key:a", cost=4)


def test_callers_who_asked_long_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "_MOST_BUCKETS", 3)
    clock = Clock()
    buckets = Buckets(per_second=1, burst=2, clock=clock)
    for who in "abc":
        buckets.take(who)
    clock.now += 0.5
    buckets.take("c")
    clock.now += 0.5

    buckets.take("d")

    assert set(buckets._buckets) == {"c", "d"}
    clock.now += 60
    buckets.take("c", cost=2)

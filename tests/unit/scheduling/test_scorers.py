"""Which score worker is handed a take: the one that lacks least, an idle one first, equals in turn."""

from __future__ import annotations

from uuid import uuid4

from db.fleet.workers import Scorer
from farm.scheduling.scorers import best_of


def a_scorer(*networks: str, busy: bool = False) -> Scorer:
    return Scorer(id=f"host:{uuid4()}", queues=("score",), networks=networks, is_busy=busy)


WANTED = {"toon-id", "lpips-alex", "none"}


def test_the_worker_that_lacks_least_is_chosen_and_an_idle_one_before_a_busy_one() -> None:
    none, some = a_scorer(), a_scorer("toon-id")
    busy, idle = a_scorer("toon-id", "lpips-alex", busy=True), a_scorer("toon-id", "lpips-alex")

    assert best_of([none, some, busy, idle], WANTED, fewer_than=2) is idle
    assert best_of([none, some, busy], WANTED, fewer_than=2) is busy
    assert best_of([none, some], WANTED, fewer_than=2) is some


def test_a_worker_that_could_measure_no_more_is_left_alone() -> None:
    assert best_of([a_scorer("toon-id")], WANTED, fewer_than=1) is None
    assert best_of([], WANTED, fewer_than=2) is None


def test_equals_take_turns() -> None:
    equals = [a_scorer("toon-id", "lpips-alex") for _ in range(3)]

    chosen = [best_of(equals, WANTED, fewer_than=1, turn=turn) for turn in range(3)]

    assert chosen == equals

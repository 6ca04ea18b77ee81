"""Which score is given to whom, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from farm.scheduling.scorers import WaitingScore, next_score

NOW = datetime(2026, 11, 30, tzinfo=UTC)
ALL = frozenset({"toon-id", "lpips-alex"})
SOME, NONE = frozenset({"toon-id"}), frozenset[str]()


def waiting(
    number: int = 0, *, priority: int = 5, age_s: float = 0, is_last_try: bool = False, due_s: float = 0
) -> WaitingScore:
    return WaitingScore(
        id=UUID(int=number) if number else uuid4(),
        priority=priority,
        queued_at=NOW - timedelta(seconds=age_s),
        available_at=NOW + timedelta(seconds=due_s),
        networks=ALL,
        is_last_try=is_last_try,
    )


def test_priority_decides_then_age_then_the_order_they_came_in() -> None:
    second, first = waiting(2), waiting(1)
    old, urgent, later = waiting(age_s=9), waiting(priority=9), waiting(priority=10, due_s=1)
    rows = [second, first, old, urgent, later]

    given = []
    while (row := next_score(rows, ALL, [], NOW)) is not None:
        given.append(row)
        rows.remove(row)

    assert given == [urgent, old, first, second]


def test_a_score_is_left_to_a_worker_that_lacks_fewer_and_to_nobody_else() -> None:
    row = waiting()

    assert next_score([row], NONE, [SOME], NOW) is None
    assert next_score([row], SOME, [ALL], NOW) is None
    assert next_score([row], SOME, [NONE, SOME], NOW) is row
    assert next_score([row], ALL, [ALL], NOW) is row
    assert next_score([row], NONE, [], NOW) is row


def test_the_last_try_is_left_to_nobody() -> None:
    row = waiting(is_last_try=True)

    assert next_score([row], NONE, [ALL], NOW) is row

"""Who may take which name: a slot is held like a lease, and a holder that surely died holds nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from farm.scheduling.names import free_slot
from models.fleet import Holder

LEASE = timedelta(seconds=90)


def holder(slot: int = 0, *, silent_s: float = 1, left: bool = False, running: bool | None = None) -> Holder:
    return Holder(
        slot=slot,
        pid=1,
        incarnation=uuid4(),
        birth=None,
        has_left=left,
        last_seen_at=datetime(2026, 1, 1, tzinfo=UTC),
        silent=timedelta(seconds=silent_s),
        is_running=running,
    )


@pytest.mark.parametrize(
    ("known", "is_free"),
    [
        (holder(), False),
        (holder(silent_s=89.9), False),
        (holder(silent_s=90), True),
        (holder(left=True), True),
        (holder(running=False), True),
        (holder(running=True), False),
        (holder(running=True, silent_s=3600), False),
        (holder(running=True, left=True), True),
    ],
)
def test_a_slot_is_free_when_its_holder_left_or_surely_died_or_fell_silent(
    known: Holder, is_free: bool
) -> None:
    assert free_slot([known], lease=LEASE) == (0 if is_free else 1)
    assert free_slot([known], lease=LEASE, asked=0) == (0 if is_free else None)


def test_who_asks_for_no_slot_gets_the_lowest_that_is_free() -> None:
    assert free_slot([], lease=LEASE) == 0
    assert free_slot([holder(0), holder(2), holder(1, left=True)], lease=LEASE) == 1


def test_an_asked_for_slot_is_never_another_one() -> None:
    assert free_slot([holder(0)], lease=LEASE, asked=3) == 3
    assert free_slot([holder(3)], lease=LEASE, asked=3) is None

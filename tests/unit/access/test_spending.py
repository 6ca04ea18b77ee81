"""What a key may spend in a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from farm.access.spending import midnight_before, refuse_beyond
from models.access import Caps, Spent
from models.errors import TooMuch

AT = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)
KEY = "farm_abcdefgh"


def spent(jobs: int = 0, gpu_seconds: float = 0.0) -> Spent:
    return Spent(jobs=jobs, gpu_seconds=gpu_seconds, at=AT)


def test_the_last_job_of_the_day_is_in_and_the_next_one_is_not() -> None:
    refuse_beyond(KEY, Caps(jobs_per_day=10), spent(jobs=10), 1)

    with pytest.raises(TooMuch, match="10 jobs a day: 10 were ordered, this is one more") as refusal:
        refuse_beyond(KEY, Caps(jobs_per_day=10), spent(jobs=11), 1)

    assert refusal.value.retry_after == timedelta(hours=1, minutes=30)
    assert "2026-12-01 00:00 UTC" in refusal.value.hint


def test_many_at_once_count_as_many() -> None:
    with pytest.raises(TooMuch, match="8 were ordered, these are 3 more"):
        refuse_beyond(KEY, Caps(jobs_per_day=10), spent(jobs=11), 3)


def test_who_has_used_up_its_gpu_time_orders_nothing_more() -> None:
    caps = Caps(gpu_seconds_per_day=600)
    refuse_beyond(KEY, caps, spent(jobs=1000, gpu_seconds=599.9), 1)

    with pytest.raises(TooMuch, match="600 GPU seconds a day: 600 are used"):
        refuse_beyond(KEY, caps, spent(gpu_seconds=600.0), 1)


def test_nothing_may_be_allowed() -> None:
    with pytest.raises(TooMuch, match="0 jobs a day"):
        refuse_beyond(KEY, Caps(jobs_per_day=0), spent(jobs=1), 1)


def test_a_key_without_caps_may_spend_what_it_likes() -> None:
    assert Caps().is_none
    refuse_beyond(KEY, Caps(), spent(jobs=10**9, gpu_seconds=1e9), 1)


def test_a_day_begins_at_midnight_utc() -> None:
    assert midnight_before(AT) == datetime(2026, 11, 30, tzinfo=UTC)

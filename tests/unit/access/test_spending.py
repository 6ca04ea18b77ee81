"""What a key may spend in a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from farm.access.spending import refuse_more_jobs, refuse_more_time
from models.errors import TooMuch

NOW = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)
KEY = "farm_abcdefgh"


def test_the_last_job_of_the_day_is_in_and_the_next_one_is_not() -> None:
    refuse_more_jobs(KEY, 10, 10, 1, NOW)

    with pytest.raises(TooMuch, match="10 jobs a day: 10 were ordered, this is one more") as refusal:
        refuse_more_jobs(KEY, 10, 11, 1, NOW)

    assert refusal.value.retry_after == timedelta(hours=1, minutes=30)
    assert "2026-12-01 00:00 UTC" in refusal.value.hint


def test_many_at_once_count_as_many() -> None:
    with pytest.raises(TooMuch, match="8 were ordered, these are 3 more"):
        refuse_more_jobs(KEY, 10, 11, 3, NOW)


def test_a_key_may_be_allowed_nothing() -> None:
    with pytest.raises(TooMuch, match="0 jobs a day: 0 were ordered"):
        refuse_more_jobs(KEY, 0, 1, 1, NOW)


def test_who_has_used_up_its_gpu_time_orders_nothing_more() -> None:
    refuse_more_time(KEY, 600, 599.9, NOW)

    with pytest.raises(TooMuch, match="600 GPU seconds a day: 600 are used"):
        refuse_more_time(KEY, 600, 600.0, NOW)

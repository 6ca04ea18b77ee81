"""Leases are spared after a gap in which nobody could have extended them, and only then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from farm.scheduling.leases import stood_still


@pytest.mark.parametrize(
    ("gap_s", "expected"), [(-3600, False), (10, False), (25, False), (25.1, True), (3600, True)]
)
def test_the_farm_stood_still_when_nobody_looked_for_a_period_and_a_heartbeat(
    gap_s: float, expected: bool
) -> None:
    gap = timedelta(seconds=gap_s)

    assert stood_still(gap, every=timedelta(seconds=10), heartbeat=timedelta(seconds=15)) is expected

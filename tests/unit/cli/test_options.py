"""What commands read from their flags."""

from datetime import timedelta

import pytest

from farm.cli.options import lasting, size_of
from models.errors import BadInput


@pytest.mark.parametrize("text", ["832x480", " 832X480 ", "832×480"])
def test_a_size_is_width_by_height(text: str) -> None:
    assert size_of(text) == (832, 480)


def test_no_size_is_none() -> None:
    assert size_of(None) is None


@pytest.mark.parametrize(
    "text", ["", "832", "832x", "x480", "0x480", "-8x480", "832x480x3", "8e2x480", "100000x1"]
)
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInput, match=r"cannot be read.* --size 832x480"):
        size_of(text)


@pytest.mark.parametrize(
    ("text", "time"),
    [(None, None), ("30d", timedelta(days=30)), (" 12h", timedelta(hours=12)), ("45m", timedelta(minutes=45))],
)
def test_a_time_is_days_hours_or_minutes(text: str | None, time: timedelta | None) -> None:
    assert lasting(text) == time


@pytest.mark.parametrize("text", ["", "30", "d", "0d", "-1d", "1w", "1.5h", "100000d", "30 d"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInput, match=r"cannot be read.* 30d, 12h, 45m"):
        lasting(text)

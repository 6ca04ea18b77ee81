"""What commands read from their flags."""

import pytest

from farm.cli.options import size_of
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

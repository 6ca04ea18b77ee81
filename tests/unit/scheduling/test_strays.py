"""How much may be unknown in a store before something else must be wrong, and whose an unsigned store is."""

from __future__ import annotations

import pytest

from farm.scheduling.strays import is_too_much, may_adopt


@pytest.mark.parametrize(
    ("unknown", "names", "is_too_much_"),
    [(0, 0, False), (10, 10, False), (15, 20, True), (11, 100, True), (50, 1000, False), (51, 1000, True)],
)
def test_more_than_a_few_and_a_few_per_cent_is_too_much(unknown: int, names: int, is_too_much_: bool) -> None:
    assert is_too_much(unknown, names) is is_too_much_


@pytest.mark.parametrize(
    ("looked_at", "known", "farm_has_takes", "ours"),
    [
        (0, 0, False, True),
        (0, 0, True, False),
        (100, 1, True, True),
        (100, 0, True, False),
        (1, 0, False, False),
    ],
)
def test_an_unsigned_store_is_ours_when_one_of_its_takes_is_known_or_neither_has_any(
    looked_at: int, known: int, farm_has_takes: bool, ours: bool
) -> None:
    assert may_adopt(looked_at, known, farm_has_takes=farm_has_takes) is ours

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
    ("looked_at", "known", "ours"), [(0, 0, True), (100, 1, True), (100, 0, False), (1, 0, False)]
)
def test_an_unsigned_store_is_ours_when_it_is_empty_or_one_of_its_takes_is_known(
    looked_at: int, known: int, ours: bool
) -> None:
    assert may_adopt(looked_at, known) is ours

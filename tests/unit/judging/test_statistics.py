"""Calibrated marks: right on distributions that are known, honest about how little a few takes say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from farm.judging.statistics import MIN_APPROVED, MIN_REJECTED, MIN_UNITS, Sample, propose, rate, wilson
from models.metrics import Direction


def takes(approved: list[float], rejected: list[float], per_unit: int = 1) -> list[Sample]:
    """Labelled takes, so many to a cut."""
    return [
        Sample(value=value, approved=good, unit=f"{good}-{index // per_unit}")
        for good, values in ((True, approved), (False, rejected))
        for index, value in enumerate(values)
    ]


def drawn(seed: int, approved: int = 60, rejected: int = 40) -> list[Sample]:
    """Approved around 0.8, rejected around 0.5, each with a spread of 0.1: the best limit is 0.65."""
    chance = np.random.default_rng(seed)
    return takes(list(chance.normal(0.8, 0.1, approved)), list(chance.normal(0.5, 0.1, rejected)))


def test_takes_that_lie_apart_are_divided_in_the_middle_of_the_gap() -> None:
    found = propose(takes([0.8, 0.82, 0.9] * 4, [0.1, 0.3, 0.4] * 4), Direction.HIGHER, present=0.85)

    assert found.limit == pytest.approx(0.6)
    assert found.at_proposed is not None
    assert (found.at_proposed.false_rejects.wrong, found.at_proposed.false_accepts.wrong) == (0, 0)
    assert (found.at_present.false_rejects.wrong, found.at_present.false_rejects.of) == (8, 12)
    assert found.held_out is not None
    assert found.held_out.false_rejects.wrong == 0


def test_where_lower_is_better_the_same_limit_is_found_from_the_other_side() -> None:
    higher = propose(takes([0.8, 0.82, 0.9] * 4, [0.1, 0.3, 0.4] * 4), Direction.HIGHER, present=0.5)
    lower = propose(takes([0.2, 0.18, 0.1] * 4, [0.9, 0.7, 0.6] * 4), Direction.LOWER, present=0.5)

    assert higher.limit is not None
    assert lower.limit == pytest.approx(1 - higher.limit)


def test_the_limit_lies_near_the_best_one_and_its_interval_mostly_holds_it() -> None:
    found = [propose(drawn(seed), Direction.HIGHER, present=0.7) for seed in range(20)]

    assert np.mean([each.limit for each in found]) == pytest.approx(0.65, abs=0.02)
    held = [low <= 0.65 <= high for low, high in (each.interval for each in found if each.interval)]
    assert sum(held) >= 17


def test_what_was_held_out_is_judged_no_better_than_what_made_the_limit() -> None:
    found = [propose(drawn(seed, 20, 15), Direction.HIGHER, present=0.7) for seed in range(10)]

    inside = [
        each.at_proposed.false_rejects.wrong + each.at_proposed.false_accepts.wrong
        for each in found
        if each.at_proposed
    ]
    outside = [
        each.held_out.false_rejects.wrong + each.held_out.false_accepts.wrong for each in found if each.held_out
    ]
    assert sum(outside) > sum(inside)


def over(cuts: int, samples: list[Sample]) -> list[Sample]:
    """The same takes, in turn of so many cuts, whatever was said of them."""
    return [replace(take, unit=f"c{index % cuts:04d}") for index, take in enumerate(samples)]


@pytest.mark.parametrize(
    ("cuts", "sentence"),
    [
        (1, "takes of 4 more cuts are needed: these come from 1, and a mark takes 5"),
        (4, "takes of 1 more cut is needed: these come from 4, and a mark takes 5"),
    ],
)
def test_takes_of_a_few_cuts_propose_nothing_however_many_and_say_how_many_cuts_are_missing(
    cuts: int, sentence: str
) -> None:
    told = takes([0.8, 0.82, 0.9] * 4, [0.1, 0.3, 0.4] * 4)

    found = propose(over(cuts, told), Direction.HIGHER, present=0.85)

    assert found.limit is None
    assert found.interval is None
    assert found.reason == sentence
    assert (found.approved, found.rejected) == (12, 12)


def test_approved_takes_alone_need_as_many_cuts() -> None:
    told = takes([0.5 + index / 100 for index in range(40)], [])

    assert "3 more cuts" in propose(over(2, told), Direction.HIGHER, present=0.7).reason
    assert propose(over(5, told), Direction.HIGHER, present=0.7).limit is not None


def test_the_fewest_cuts_that_are_enough_make_a_limit_with_a_width_and_hold_takes_out() -> None:
    chance = np.random.default_rng(6)
    told = takes(list(chance.normal(0.8, 0.1, 20)), list(chance.normal(0.5, 0.1, 20)))

    found = propose(over(MIN_UNITS, told), Direction.HIGHER, present=0.7)

    assert found.interval is not None
    assert found.interval[0] < found.interval[1]
    assert found.held_out is not None
    assert (found.held_out.false_rejects.of, found.held_out.false_accepts.of) == (20, 20)


def test_a_share_of_takes_from_few_cuts_has_an_interval_that_holds_the_truth_95_times_in_100() -> None:
    """Cuts differ in how often they go wrong; counting takes as if independent would claim too much."""
    chance, truth, held, naive = np.random.default_rng(3), 0.3, 0, 0
    for _ in range(300):
        of_cut = chance.beta(1.5, 3.5, size=40)
        wrong = chance.random((40, 6)) < of_cut[:, None]
        found = rate(wrong.ravel(), np.repeat(np.arange(40), 6))
        held += found.low <= truth <= found.high
        low, high = wilson(int(wrong.sum()), wrong.size)
        naive += low <= truth <= high

    assert held / 300 == pytest.approx(0.95, abs=0.035)
    assert naive / 300 < 0.9


def test_wilsons_interval_holds_the_truth_for_a_handful_of_takes() -> None:
    chance = np.random.default_rng(5)
    held = [low <= 0.1 <= high for low, high in (wilson(int(chance.binomial(15, 0.1)), 15) for _ in range(500))]

    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


def test_too_few_takes_propose_nothing_and_say_how_many_are_missing() -> None:
    found = propose(takes([0.8] * 6, [0.3] * 2), Direction.HIGHER, present=0.7)

    assert found.limit is None
    assert "2 more approved and 3 more rejected takes are needed" in found.reason
    assert (found.approved, found.rejected) == (6, 2)
    assert (MIN_APPROVED, MIN_REJECTED) == (8, 5)


def test_nothing_at_all_is_too_few_as_well() -> None:
    found = propose([], Direction.HIGHER, present=0.7)

    assert found.limit is None
    assert found.at_present.false_rejects.share is None


def test_approved_takes_alone_propose_the_limit_that_keeps_95_percent_and_say_it_is_one_sided() -> None:
    values = [0.5 + index / 100 for index in range(40)]

    found = propose(takes(values, []), Direction.HIGHER, present=0.7)

    assert found.one_sided
    assert found.limit == pytest.approx(0.52)
    assert found.at_proposed is not None
    assert found.at_proposed.false_rejects.wrong == 2
    assert found.at_proposed.false_accepts.share is None
    assert found.held_out is None
    assert found.interval is not None
    assert found.interval[0] < 0.52 < found.interval[1]


def test_approved_takes_at_the_end_of_the_scale_are_no_reason_to_ask_for_the_end_of_the_scale() -> None:
    values = [1.0] * 12

    found = propose(takes(values, []), Direction.HIGHER, present=0.85, best=1.0)

    assert found.limit is None
    assert "end of the scale" in found.reason


def test_numbers_that_do_not_tell_the_two_apart_leave_the_mark_alone() -> None:
    chance = np.random.default_rng(1)

    found = propose(takes(list(chance.random(40)), list(chance.random(40))), Direction.HIGHER, present=0.7)

    assert found.limit is None
    assert "does not tell approved from rejected" in found.reason
    assert found.separation is not None
    assert found.separation[1] < 0.5 < found.separation[2]


def test_the_order_of_the_takes_changes_nothing() -> None:
    samples = drawn(4)

    assert propose(samples, Direction.HIGHER, 0.7) == propose(samples[::-1], Direction.HIGHER, 0.7)


def test_many_takes_of_one_cut_are_no_surer_than_the_cut() -> None:
    chance = np.random.default_rng(2)
    approved, rejected = list(chance.normal(0.8, 0.1, 60)), list(chance.normal(0.5, 0.1, 60))

    alone = propose(takes(approved, rejected), Direction.HIGHER, 0.7).at_present.false_rejects
    together = propose(takes(approved, rejected, per_unit=10), Direction.HIGHER, 0.7).at_present.false_rejects

    assert together.wrong == alone.wrong
    assert together.high - together.low > alone.high - alone.low

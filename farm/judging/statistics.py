"""The statistics of calibrating a mark: which limit tells approved takes from rejected ones, and how surely.

Takes of one cut resemble one another, so whatever is repeated at random is repeated by unit (a cut, or a root
job without one), never by take. Every random choice follows from a fixed seed: equal takes give an equal table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from models.metrics import Direction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Ints = NDArray[np.intp]

MIN_APPROVED = 8
MIN_REJECTED = 5
MIN_UNITS = 5
"""Units drawn again from fewer are so often the same ones that the interval would look surer than it is."""
KEEP = 0.95
"""Share of approved takes that a one-sided mark keeps."""

_RESAMPLES = 1000
_FOLDS = 50
#: with fewer units, or fewer takes on either side, resampling sees too little and Wilson's interval is used
_FEW_UNITS, _FEW_TAKES = 20, 5
_Z95 = 1.959963984540054
_DECIMALS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measured take and what a person said of it."""

    value: float
    approved: bool
    #: the cut, or the root job; takes of one unit are not independent
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many of so many went wrong, with a 95 % interval for the share."""

    wrong: int
    of: int
    low: float  #: 0..1
    high: float  #: 0..1

    @property
    def share(self) -> float | None:
        """0..1; None when there is nothing to count."""
        return self.wrong / self.of if self.of else None

    def to_json(self) -> dict[str, Any]:
        return {"wrong": self.wrong, "of": self.of, "interval": [round(self.low, 4), round(self.high, 4)]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """What a limit does to takes people decided about."""

    false_rejects: Rate  #: approved takes that the limit refuses
    false_accepts: Rate  #: rejected takes that the limit lets through


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A limit for one metric by one network, or why there is none."""

    present: float
    limit: float | None
    #: 95 % interval of the limit over units drawn again
    interval: tuple[float, float] | None = None
    #: made from approved takes alone: what it lets through is not known
    one_sided: bool = False
    approved: int = 0
    rejected: int = 0
    at_present: Errors
    at_proposed: Errors | None = None
    #: the errors on takes that had no part in finding the limit; None for a one-sided one
    held_out: Errors | None = None
    #: how well the numbers tell approved from rejected: 0.5 not at all, 1 always; with its 95 % interval
    separation: tuple[float, float, float] | None = None
    #: one sentence when there is no limit, or what to know about it
    reason: str = ""


def propose(
    samples: Sequence[Sample], direction: Direction, present: float, *, best: float | None = None
) -> Proposal:
    """The limit these takes speak for.

    With enough of both kinds: where the shares of approved takes refused and of rejected takes accepted have
    the smallest sum, in the middle of the widest gap there. With approved ones only: the limit that keeps at
    least 95 % of them, unless that is `best`, the end of the metric's scale. With too few, or from too few
    cuts, or when the numbers do not tell the two apart: none, and the reason.
    """
    table = _Table.of(samples, direction)
    nothing = Proposal(
        present=present,
        limit=None,
        approved=int(table.good.sum()),
        rejected=int((~table.good).sum()),
        at_present=table.errors(table.sign * present),
    )
    if missing := _missing(nothing.approved, nothing.rejected, len(table.members)):
        return replace(nothing, reason=missing)
    if not nothing.rejected:
        return _one_sided(table, nothing, None if best is None else table.sign * best)
    return _two_sided(table, nothing)


def wilson(wrong: float, of: float) -> tuple[float, float]:
    """Wilson's 95 % interval for a share of `wrong` in `of`; 0 to 1 when there is nothing to count.

    >>> [round(end, 3) for end in wilson(0, 10)]
    [0.0, 0.278]
    """
    if of <= 0:
        return 0.0, 1.0
    share, spread = wrong / of, _Z95**2 / of
    middle = (share + spread / 2) / (1 + spread)
    reach = _Z95 * math.sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def rate(wrong: Bools, units: Sequence[Any] | NDArray[Any]) -> Rate:
    """How many of these takes went wrong; the interval is over units, by Wilson where there are few."""
    count, of = int(wrong.sum()), len(wrong)
    if not of:
        return Rate(wrong=0, of=0, low=0.0, high=1.0)
    _, members = np.unique(np.asarray(units), return_inverse=True)
    sizes = np.bincount(members).astype(float)
    if len(sizes) < _FEW_UNITS or min(count, of - count) < _FEW_TAKES:
        low, high = wilson(count / of * len(sizes), len(sizes))
    else:
        hits = np.bincount(members, weights=wrong)
        drawn = np.random.default_rng(0).integers(len(sizes), size=(_RESAMPLES, len(sizes)))
        low, high = _interval(hits[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    return Rate(wrong=count, of=of, low=low, high=high)


def _missing(approved: int, rejected: int, units: int) -> str:
    """What is needed before anything can be proposed; rejected takes only when there are some."""
    lacks = [(MIN_APPROVED - approved, "approved")]
    if rejected:
        lacks.append((MIN_REJECTED - rejected, "rejected"))
    needed = [f"{count} more {word}" for count, word in lacks if count > 0]
    if needed:
        enough = f"a mark takes {MIN_APPROVED} approved and {MIN_REJECTED} rejected"
        return f"{' and '.join(needed)} takes are needed: {enough}"
    if units < MIN_UNITS:
        count = MIN_UNITS - units
        more = f"{count} more {'cuts are' if count > 1 else 'cut is'} needed"
        return f"takes of {more}: these come from {units}, and a mark takes {MIN_UNITS}"
    return ""


def _one_sided(table: _Table, nothing: Proposal, best: float | None) -> Proposal:
    limit = _keeping(table.values)
    if best is not None and limit >= best:
        # A scale that ends there hides how far beyond it these takes are.
        return replace(nothing, reason="approved takes lie at the end of the scale: the mark stays")
    draws = [_keeping(table.values[rows]) for rows in table.resamples()]
    reason = "no rejected takes: what it lets through is not known"
    return replace(_limited(nothing, table, limit, draws), one_sided=True, reason=reason)


def _two_sided(table: _Table, nothing: Proposal) -> Proposal:
    draws, areas = [], []
    for rows in table.resamples():
        good = table.good[rows]
        if good.any() and not good.all():
            draws.append(_dividing(table.values[rows], good))
            areas.append(_separation(table.values[rows], good))
    low, high = _interval(np.array(areas))
    nothing = replace(nothing, separation=(_separation(table.values, table.good), low, high))
    if low <= 0.5:
        reason = "does not tell approved from rejected takes, so the present mark stays"
        return replace(nothing, reason=reason)
    limited = _limited(nothing, table, _dividing(table.values, table.good), draws)
    return replace(limited, held_out=table.held_out())


def _limited(nothing: Proposal, table: _Table, limit: float, draws: Sequence[float]) -> Proposal:
    """The proposal in the metric's own direction, its limit rounded to the side that refuses nothing more."""
    low, high = sorted(table.sign * end for end in _interval(np.array(draws)))
    kept = math.floor(limit * 10**_DECIMALS + 1e-9) / 10**_DECIMALS
    return replace(
        nothing,
        limit=table.sign * kept,
        interval=(round(low, _DECIMALS), round(high, _DECIMALS)),
        at_proposed=table.errors(kept),
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """The takes as columns, turned so that higher is better."""

    values: Floats
    good: Bools
    units: NDArray[Any]
    sign: float
    members: list[Ints] = field(default_factory=list)

    @classmethod
    def of(cls, samples: Sequence[Sample], direction: Direction) -> _Table:
        sign = 1.0 if direction is Direction.HIGHER else -1.0
        # Sorted, because random draws pick positions: equal takes in another order must give equal numbers.
        rows = sorted(samples, key=lambda sample: (sample.unit, sample.value, sample.approved))
        units = np.array([row.unit for row in rows])
        return cls(
            values=np.array([sign * row.value for row in rows], dtype=np.float64),
            good=np.array([row.approved for row in rows], dtype=np.bool_),
            units=units,
            sign=sign,
            members=[np.flatnonzero(units == unit) for unit in np.unique(units)],
        )

    def errors(self, limit: float | Floats) -> Errors:
        """What a limit, or one for each take, does to approved and rejected takes; NaN leaves a take out."""
        judged = ~np.isnan(np.broadcast_to(limit, self.values.shape))
        refused = self.values < limit
        right, wrong = judged & self.good, judged & ~self.good
        return Errors(
            false_rejects=rate(refused[right], self.units[right]),
            false_accepts=rate(~refused[wrong], self.units[wrong]),
        )

    def resamples(self) -> Iterator[Ints]:
        """Rows of the units drawn again with replacement, many times."""
        chance = np.random.default_rng(0)
        for _ in range(_RESAMPLES):
            drawn = chance.integers(len(self.members), size=len(self.members))
            yield np.concatenate([self.members[index] for index in drawn])

    def held_out(self) -> Errors:
        """The errors when each unit is judged by a limit that the others made; not judged where they cannot."""
        limits = np.full(len(self.values), np.nan)
        folds = np.array_split(np.random.default_rng(0).permutation(len(self.members)), _FOLDS)
        for fold in folds:
            inside = np.isin(np.arange(len(self.values)), [row for unit in fold for row in self.members[unit]])
            others = self.good[~inside]
            if others.any() and not others.all():
                limits[inside] = _dividing(self.values[~inside], others)
        return self.errors(limits)


def _dividing(values: Floats, good: Bools) -> float:
    """The limit with the smallest sum of error shares, in the middle of the widest gap that has it."""
    steps, place = np.unique(values, return_inverse=True)
    good_here = np.bincount(place, weights=good)
    bad_here = np.bincount(place, weights=~good)
    # Entry k: the limit lies above step k-1 and at most on step k, so everything from step k on is kept.
    refused_good = np.concatenate([[0.0], np.cumsum(good_here)[:-1]]) / good.sum()
    accepted_bad = 1.0 - np.concatenate([[0.0], np.cumsum(bad_here)[:-1]]) / (~good).sum()
    wrong = refused_good + accepted_bad
    gaps = np.concatenate([[0.0], np.diff(steps)])
    best = np.flatnonzero(wrong <= wrong.min() + 1e-12)
    chosen = best[np.argmax(gaps[best])]
    return float(steps[chosen] - gaps[chosen] / 2)


def _keeping(values: Floats) -> float:
    """The highest limit that keeps at least 95 % of these."""
    return float(np.sort(values)[int(np.floor((1 - KEEP) * len(values) + 1e-9))])


def _separation(values: Floats, good: Bools) -> float:
    """The chance that an approved take has the better number than a rejected one; ties count half."""
    steps, place = np.unique(values, return_inverse=True)
    bad_here = np.bincount(place, weights=~good, minlength=len(steps))
    below = np.concatenate([[0.0], np.cumsum(bad_here)[:-1]])
    return float((below + bad_here / 2)[place[good]].sum() / (good.sum() * (~good).sum()))


def _interval(draws: Floats) -> tuple[float, float]:
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)

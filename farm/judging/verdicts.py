"""Holds measurements against marks: the verdict on one take, and which of several takes is the best."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from models.metrics import STRUCTURE, Direction, Judgement, Mark, Measurement, Metric, Score
from models.vocabulary import ScoreStatus, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from models.metrics import Profile
    from models.vocabulary import Phase


def judge(
    measurements: Iterable[Measurement],
    profile: Profile,
    phase: Phase,
    overrides: Mapping[str, float] | None = None,
) -> Judgement:
    """The verdict on one take, by the profile's marks for its phase.

    Something failed: `retake`. Nothing failed, but something required was not measured: `review`. Else `pass`.
    A number by another network than the mark's is not compared. `overrides` are an order's own limits, metric
    name to limit; they keep the mark's network. What the profile has no mark for is left out.
    """
    measured = list(measurements)
    scores = tuple(_score(mark, measured) for mark in marks_in_force(profile, phase, overrides or {}))
    blocking = _metrics(scores, ScoreStatus.FAIL)
    not_measured = _metrics(scores, ScoreStatus.NOT_MEASURED)
    not_failed = Verdict.REVIEW if not_measured or not scores else Verdict.PASS
    verdict = Verdict.RETAKE if blocking else not_failed
    return Judgement(verdict=verdict, scores=scores, blocking=blocking, not_measured=not_measured)


def marks_in_force(profile: Profile, phase: Phase, overrides: Mapping[str, float]) -> tuple[Mark, ...]:
    """The profile's marks for a phase, with an order's own limits in their place."""
    return tuple(
        replace(mark, limit=overrides[mark.metric.value]) if mark.metric.value in overrides else mark
        for mark in profile.marks.get(phase, ())
    )


class Judged(Protocol):
    """What decides which of several takes is the best, wherever they are shown."""

    @property
    def job_id(self) -> Any: ...
    @property
    def take_number(self) -> int: ...
    @property
    def verdict(self) -> Verdict | None: ...
    @property
    def blocking(self) -> tuple[str, ...]: ...
    @property
    def values(self) -> Mapping[str, float]: ...
    @property
    def limits(self) -> Mapping[str, float]: ...


T = TypeVar("T", bound=Judged)
#: every other verdict comes after these
_PLACES = {Verdict.APPROVED: 0, Verdict.PASS: 1, Verdict.REVIEW: 2}


def best_take(takes: Iterable[T]) -> T | None:
    """The take that stands for an order or a cut, at gates, on pages and for delivery; None: none was judged.

    A person's approval comes first, then a pass, then what waits for a person; of equal verdicts the one with
    fewer blocking metrics, then the higher overall score, then the earlier take.
    """
    return min((take for take in takes if take.verdict is not None), key=_rank, default=None)


def best_so_far(takes: Sequence[T]) -> T:
    """The best take, or the last of them while none was judged; there must be one."""
    return best_take(takes) or takes[-1]


def overall_score(take: Judged) -> float | None:
    """How near a take comes to its marks: the mean of value / mark over what was measured, each at most 1.

    Inverted where lower is better. The structural contract is left out: its limits are switches, not scales.
    None when nothing was measured.
    """
    ratios = [
        _ratio(Metric(name), value, take.limits[name])
        for name, value in take.values.items()
        if name in take.limits and Metric(name) not in STRUCTURE
    ]
    return sum(ratios) / len(ratios) if ratios else None


def _score(mark: Mark, measured: Sequence[Measurement]) -> Score:
    """The measurement this mark asks for, held against it."""
    candidates = [each for each in measured if each.metric is mark.metric]
    own = next((each for each in candidates if each.network == mark.network), None)
    if own is None:
        return Score(measurement=_missing(mark, candidates), mark=mark, status=ScoreStatus.NOT_MEASURED)
    if own.value is None or not math.isfinite(own.value):
        reason = own.reason or "The number is not finite."
        return Score(
            measurement=replace(own, value=None, reason=reason), mark=mark, status=ScoreStatus.NOT_MEASURED
        )
    status = ScoreStatus.PASS if mark.holds(own.value) else ScoreStatus.FAIL
    return Score(measurement=own, mark=mark, status=status)


def _missing(mark: Mark, others: Sequence[Measurement]) -> Measurement:
    numbers = [each for each in others if each.value is not None]
    if numbers:
        reason = (
            f"Measured by {numbers[0].network}; the mark belongs to {mark.network}, so they are not compared."
        )
    elif others:
        reason = others[0].reason
    else:
        reason = f"Nothing measured {mark.metric.value} by {mark.network}."
    return Measurement(metric=mark.metric, value=None, network=mark.network, reason=reason)


def _metrics(scores: Iterable[Score], status: ScoreStatus) -> tuple[Metric, ...]:
    """Each metric once: two networks may judge the same one."""
    return tuple(dict.fromkeys(score.measurement.metric for score in scores if score.status is status))


def _rank(take: Judged) -> tuple[int, int, float, int, Any]:
    """Lowest first; ids of jobs sort as the jobs were made, so that no two takes are equal."""
    place = _PLACES.get(take.verdict, len(_PLACES)) if take.verdict else len(_PLACES)
    return place, len(take.blocking), -(overall_score(take) or 0.0), take.take_number, take.job_id


def _ratio(metric: Metric, value: float, limit: float) -> float:
    lower = metric.direction is Direction.LOWER
    good, wanted = (limit, value) if lower else (value, limit)
    if wanted <= 0:
        # Nothing to divide by: a perfect 0 where lower is better, or a limit that anything reaches.
        return 1.0
    return max(0.0, min(1.0, good / wanted))

"""Holds measurements against marks: the verdict on one take, and which of several takes is the best."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from models.metrics import STRUCTURE, Direction, Judgement, Mark, Measurement, Metric, Score
from models.vocabulary import ScoreStatus, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from models.metrics import Profile
    from models.takes import TakeResult
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
    told = list(measurements)
    scores = tuple(_score(mark, told) for mark in marks_in_force(profile, phase, overrides or {}))
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


def best_take(takes: Sequence[TakeResult]) -> TakeResult | None:
    """The take a root job is judged by; None when none was judged.

    A passing take beats one that waits for a person, that beats a failed one; then fewer blocking metrics, then
    the higher overall score, then the earlier take.
    """
    judged = [take for take in takes if take.verdict is not None]
    return max(judged, key=_rank) if judged else None


def overall_score(take: TakeResult) -> float | None:
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


def _score(mark: Mark, told: Sequence[Measurement]) -> Score:
    """The measurement this mark asks for, held against it."""
    candidates = [found for found in told if found.metric is mark.metric]
    own = next((found for found in candidates if found.network == mark.network), None)
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
    numbers = [found for found in others if found.value is not None]
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


def _rank(take: TakeResult) -> tuple[bool, bool, int, float, int]:
    verdict = take.verdict
    return (
        verdict is not None and verdict.passes,
        verdict is Verdict.REVIEW,
        -len(take.blocking),
        overall_score(take) or 0.0,
        -take.take_number,
    )


def _ratio(metric: Metric, value: float, limit: float) -> float:
    lower = metric.direction is Direction.LOWER
    good, wanted = (limit, value) if lower else (value, limit)
    if wanted <= 0:
        # Nothing to divide by: a perfect 0 where lower is better, or a limit that anything reaches.
        return 1.0
    return max(0.0, min(1.0, good / wanted))

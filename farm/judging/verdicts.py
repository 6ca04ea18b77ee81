"""Holds measurements against marks: the verdict on one take."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from models.metrics import Judgement, Mark, Measurement, Metric, Score
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
    What is not measured because there is nothing yet to hold it against, as with the first take of a scene,
    stays not measured and asks nobody.
    A number by another network than the mark's is not compared. `overrides` are an order's own limits, metric
    name to limit; they keep the mark's network. What the profile has no mark for is left out.
    """
    measured = list(measurements)
    scores = tuple(_score(mark, measured) for mark in marks_in_force(profile, phase, overrides or {}))
    blocking = _metrics(scores, ScoreStatus.FAIL)
    not_measured = _metrics(
        (score for score in scores if not score.measurement.lacks_company), ScoreStatus.NOT_MEASURED
    )
    not_failed = Verdict.REVIEW if not_measured or not scores else Verdict.PASS
    verdict = Verdict.RETAKE if blocking else not_failed
    return Judgement(verdict=verdict, scores=scores, blocking=blocking, not_measured=not_measured)


def marks_in_force(profile: Profile, phase: Phase, overrides: Mapping[str, float]) -> tuple[Mark, ...]:
    """The profile's marks for a phase, with an order's own limits in their place."""
    return tuple(
        replace(mark, limit=overrides[mark.metric.value]) if mark.metric.value in overrides else mark
        for mark in profile.marks.get(phase, ())
    )


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

"""A score beside its mark, as people read it: what was measured, what was allowed, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from models.metrics import Direction, Metric
from models.vocabulary import ScoreStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.metrics import Judgement, Measurement
    from models.takes import ScoresView


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedScore:
    """One number beside its mark."""

    metric: Metric
    value: float | None
    mark: float | None
    status: ScoreStatus
    network: str = "none"
    network_sha256: str = ""
    formula: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    #: why no retake can mend it; empty where one may
    beyond_retakes: str = ""
    #: address of a picture of its worst frame, relative to the page
    picture: str | None = None

    @property
    def curve(self) -> list[float]:
        """The value over time, one number a frame or a pair of frames; empty when it has none."""
        return [value for _, value in self.points]

    @property
    def points(self) -> list[tuple[float, float]]:
        """(frame, value) over time; the place in the series where the measurement names no frames."""
        values = self.detail.get("curve") or ()
        frames = self._frames or range(len(values))
        pairs = zip(frames, values, strict=True)
        return [(float(frame), float(value)) for frame, value in pairs if value is not None]

    @property
    def names_frames(self) -> bool:
        """Whether the points stand at frames of the file, and not just at their place in the series."""
        return bool(self._frames)

    @property
    def _frames(self) -> list[float]:
        frames = self.detail.get("curve_frames") or self.detail.get("frames")
        values = self.detail.get("curve") or ()
        return list(frames) if isinstance(frames, list) and len(frames) == len(values) else []

    @property
    def worst(self) -> float:
        """The worst value over time; of its course, which must not be empty, where no worst is named."""
        worst = self.detail.get("worst")
        if isinstance(worst, int | float):
            return float(worst)
        return min(self.curve) if self.metric.direction is Direction.HIGHER else max(self.curve)

    @property
    def worst_frame(self) -> int | None:
        """Number of the worst frame in the file, from 0; None when the measurement names none."""
        frame = self.detail.get("worst_frame")
        return frame if isinstance(frame, int) else None

    def is_bad(self, value: float) -> bool:
        """Whether a value of the course lies on the bad side of the mark."""
        if self.mark is None:
            return False
        return value > self.mark if self.metric.direction is Direction.LOWER else value < self.mark

    @property
    def distribution(self) -> tuple[tuple[str, float], ...]:
        """(name, number) of what is known of it: mean, median, p5, p95; a single frame has no distribution."""
        if self.detail.get("frames_looked_at") == 1:
            return ()
        pairs = ((name, self.detail.get(name)) for name in ("mean", "median", "p5", "p95"))
        return tuple((name, float(value)) for name, value in pairs if isinstance(value, int | float))

    @property
    def filled(self) -> float:
        """How full the bar is drawn, 0..1; where lower is better the mark stands in the middle."""
        return _share(self.value, self)

    @property
    def mark_at(self) -> float | None:
        """Where the mark stands on the bar, 0..1."""
        return None if self.mark is None else _share(self.mark, self)


def _share(value: float | None, score: MarkedScore) -> float:
    if value is None:
        return 0.0
    if score.metric.direction is Direction.HIGHER:
        # Aesthetic runs to 10 and a frame count to hundreds: any mark above 1 scales the bar to itself.
        top = 1.0 if (score.mark or 0.0) <= 1.0 and value <= 1.0 else max(value, (score.mark or value) / 0.8)
    else:
        top = 2 * score.mark if score.mark else max(value, 1e-9)
    return max(0.0, min(1.0, value / top))


def scores_of(scores: ScoresView, pictures: Mapping[Metric, str] | None = None) -> tuple[MarkedScore, ...]:
    """What was measured, beside the marks that were in force; `pictures` of worst frames by metric."""
    shown = pictures or {}
    return tuple(_score(measured, scores, shown.get(measured.metric)) for measured in scores.measurements)


def judged_scores(judgement: Judgement) -> tuple[MarkedScore, ...]:
    """What was just judged, in the same shape as what is stored."""
    return tuple(
        MarkedScore(
            metric=score.measurement.metric,
            value=score.measurement.value,
            mark=score.mark.limit if score.mark else None,
            status=score.status,
            network=score.measurement.network,
            network_sha256=score.measurement.network_sha256,
            formula=score.measurement.formula,
            detail=score.measurement.detail,
            reason=score.measurement.reason,
        )
        for score in judgement.scores
    )


def status_of(measured: Measurement, scores: ScoresView) -> ScoreStatus:
    """How a stored measurement stands: what blocked is said by the gate, not worked out again."""
    if measured.metric.value in scores.blocking:
        return ScoreStatus.FAIL
    if measured.value is None or measured.metric.value in scores.not_measured:
        return ScoreStatus.NOT_MEASURED
    return ScoreStatus.PASS


def _score(measured: Measurement, scores: ScoresView, picture: str | None) -> MarkedScore:
    mark = scores.thresholds_used.get(measured.metric.value)
    return MarkedScore(
        metric=Metric(measured.metric),
        value=measured.value,
        mark=mark["limit"] if mark else None,
        status=status_of(measured, scores),
        network=measured.network,
        network_sha256=measured.network_sha256,
        formula=measured.formula,
        detail=measured.detail,
        reason=measured.reason,
        beyond_retakes=mark.get("beyond_retakes", "") if mark else "",
        picture=picture,
    )

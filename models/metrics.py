"""What is measured, against which mark, by which network: metrics, measurements and the profiles that judge."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from models.vocabulary import Defect, Phase, ScoreStatus, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping


class Direction(StrEnum):
    """Which side of its mark a value must lie on; the mark itself passes."""

    HIGHER = "higher"
    LOWER = "lower"


class Metric(StrEnum):
    """Every name that can stand in `blocking`."""

    # the structural contract, checked before any network
    DECODABLE = "decodable"
    FRAME_COUNT = "frame_count"
    SIZE = "size"
    FPS = "fps"
    BLANK = "blank"
    FROZEN = "frozen"
    SHARPNESS = "sharpness"
    # diagnostics that catch what the marks alone let through
    LUMA_FLICKER = "luma_flicker"
    JITTER = "jitter"
    FRAME_ORDER = "frame_order"
    LOOP_SEAM = "loop_seam"
    # the specification's metrics
    FACE_SIMILARITY = "face_similarity"
    IDENTITY = "identity"
    AESTHETIC = "aesthetic"
    STYLE_ADHERENCE = "style_adherence"
    TEMPORAL_LPIPS = "temporal_lpips"
    MOTION_SMOOTHNESS = "motion_smoothness"
    SUBJECT_CONSISTENCY = "subject_consistency"
    SCENE_CONTINUITY = "scene_continuity"

    @property
    def direction(self) -> Direction:
        return Direction.LOWER if self in _LOWER_IS_BETTER else Direction.HIGHER

    @property
    def is_structural(self) -> bool:
        return self in STRUCTURE

    @property
    def needs_motion(self) -> bool:
        """Whether a still has no such number."""
        return self in _OF_MOTION

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and highest value it can take; a limit outside would always, or never, be met."""
        return _RANGES.get(self, (0.0, 1.0))


_LOWER_IS_BETTER = frozenset({Metric.TEMPORAL_LPIPS, Metric.LOOP_SEAM, Metric.LUMA_FLICKER, Metric.JITTER})
_OF_MOTION = frozenset(
    {
        Metric.FPS,
        Metric.FROZEN,
        Metric.LUMA_FLICKER,
        Metric.JITTER,
        Metric.FRAME_ORDER,
        Metric.LOOP_SEAM,
        Metric.TEMPORAL_LPIPS,
        Metric.MOTION_SMOOTHNESS,
        Metric.SUBJECT_CONSISTENCY,
    }
)
#: where it is not 0..1
_RANGES = {
    Metric.SHARPNESS: (0.0, math.inf),  # a variance of grey levels
    Metric.JITTER: (0.0, 100.0),  # % of the width
    Metric.TEMPORAL_LPIPS: (0.0, math.inf),
    Metric.LOOP_SEAM: (0.0, math.inf),
    Metric.FACE_SIMILARITY: (-1.0, 1.0),  # a cosine
    Metric.IDENTITY: (-1.0, 1.0),
    Metric.AESTHETIC: (0.0, 10.0),
}
STRUCTURE = (
    Metric.DECODABLE,
    Metric.FRAME_COUNT,
    Metric.SIZE,
    Metric.FPS,
    Metric.BLANK,
    Metric.FROZEN,
    Metric.SHARPNESS,
)
#: the metric that has to refuse each fault drawn on purpose
CAUGHT_BY = {
    Defect.BLANK: Metric.BLANK,
    Defect.IDENTITY_DRIFT: Metric.IDENTITY,
    Defect.FLICKER: Metric.LUMA_FLICKER,
    Defect.SHUFFLED: Metric.FRAME_ORDER,
    Defect.JITTER: Metric.JITTER,
    Defect.WRONG_FRAME_COUNT: Metric.FRAME_COUNT,
    Defect.FROZEN: Metric.FROZEN,
}


#: in the detail of a metric that failed: a picture of the frames at which it is worst, relative to the store
WORST_PICTURE = "worst_picture"
#: and the numbers of those frames, from left to right
WORST_PICTURE_FRAMES = "worst_picture_frames"
#: in the detail of a measurement without a number, and true: see `Measurement.lacks_company`
LACKS_COMPANY = "lacks_company"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One metric of one take as the bench measured it; `value` is None when it could not be measured."""

    metric: Metric
    value: float | None
    #: the network that made the number (`lpips-alex`, `dis-flow`, ...); `none` for plain arithmetic
    network: str = "none"
    network_sha256: str = ""
    #: version of the formula, raised when its numbers change
    formula: str = "1"
    #: mean, p5, p95, worst_frame, curve, detection_rate, ...: what explains the number
    detail: dict[str, Any] = field(default_factory=dict)
    #: one sentence when `value` is None
    reason: str = ""

    @property
    def lacks_company(self) -> bool:
        """Whether there is no number because nothing of its kind exists yet to be held against.

        Nothing is wrong with the take then, and nobody has to look: what comes later is held against it.
        """
        return self.value is None and self.detail.get(LACKS_COMPANY) is True

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; NaN and infinity become null, because JSON has neither."""
        value = _plain(self.value)
        return {
            "metric": self.metric.value,
            "value": value,
            "network": self.network,
            "network_sha256": self.network_sha256,
            "formula": self.formula,
            "detail": _plain(self.detail),
            "reason": self.reason or ("The number is not finite." if value is None else ""),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Measurement:
        """The inverse of `to_json`; raises `ValueError` for a metric nobody knows."""
        return cls(**{**stored, "metric": Metric(stored["metric"])})


def _plain(value: Any) -> Any:
    """`value` in types that JSON has; numpy's numbers and arrays become Python's."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The limit one metric must keep, for numbers made by one network."""

    metric: Metric
    limit: float
    #: the network this limit was calibrated on; a number by another network is never compared with it
    network: str = "none"

    def holds(self, value: float) -> bool:
        """Whether `value` lies on the good side; the limit itself passes."""
        return value >= self.limit if self.metric.direction is Direction.HIGHER else value <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Which metrics judge each phase, by which networks, against which marks."""

    name: str
    marks: dict[Phase, tuple[Mark, ...]]
    #: metrics the specification asks for and this profile cannot judge, with the reason, for every report
    leaves_out: dict[Metric, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A measurement held against its mark."""

    measurement: Measurement
    mark: Mark | None
    status: ScoreStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the gate says of one take, and why."""

    verdict: Verdict
    scores: tuple[Score, ...]
    blocking: tuple[Metric, ...] = ()
    #: what was required and could not be measured; what only lacks company is not among it
    not_measured: tuple[Metric, ...] = ()
    #: of `blocking`, what no retake can mend, with the reason; a person decides at once
    beyond_retakes: dict[Metric, str] = field(default_factory=dict)

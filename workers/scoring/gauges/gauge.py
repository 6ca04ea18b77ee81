"""What every gauge is, and how a measurement is written down."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from models.metrics import Measurement, Metric

if TYPE_CHECKING:
    from workers.scoring.frames import Frame
    from workers.scoring.metrics import Summary
    from workers.scoring.networks.network import Network
    from workers.scoring.shots import Shots

STATIC = "Nothing moves: there are fewer than three distinct frames."


class Gauge(Protocol):
    """Sees each frame once, in order, keeps next to nothing, and answers when the shots are known."""

    def see(self, frame: Frame) -> None: ...

    def finish(self, shots: Shots) -> list[Measurement]: ...


def measured(
    metric: Metric, summary: Summary, network: Network | None = None, *, formula: str = "1"
) -> Measurement:
    """A measurement that names its network; plain arithmetic has none."""
    return Measurement(
        metric=metric,
        value=summary.value,
        network=network.name if network else "none",
        network_sha256=network.sha256 if network else "",
        formula=formula,
        detail=summary.detail,
    )


def not_measured(metric: Metric, reason: str, network: str = "none") -> Measurement:
    """A measurement without a number; `reason` is one sentence."""
    return Measurement(metric=metric, value=None, network=network, reason=reason)


#: metrics that compare frames with one another, so that a cut between two of them matters
_OVER_TIME = frozenset(
    {
        Metric.LUMA_FLICKER,
        Metric.JITTER,
        Metric.FRAME_ORDER,
        Metric.TEMPORAL_LPIPS,
        Metric.MOTION_SMOOTHNESS,
        Metric.SUBJECT_CONSISTENCY,
    }
)


def with_shots(measurement: Measurement, shots: Shots) -> Measurement:
    """The measurement with the cuts it was measured between, or the note that none were looked for.

    Where none were looked for and a frame differs as after a cut, a number over time could excuse that cut or
    be spoilt by it: then there is none.
    """
    if measurement.metric not in _OVER_TIME or measurement.value is None:
        return measurement
    if shots.suspicious:
        reason = (
            f"Frame {shots.suspicious[0]} differs from the one before as after a cut, and the network that "
            "finds cuts is not installed: run `farm networks pull transnetv2`."
        )
        return not_measured(measurement.metric, reason, measurement.network)
    extra: dict[str, Any] = {"cuts": list(shots.cuts)} if shots.cuts else {}
    if not shots.looked_for:
        extra["shots"] = "not looked for"
    return replace(measurement, detail=measurement.detail | extra)


class Sampler:
    """Chooses about `samples` distinct frames, spread evenly; the first is always one of them."""

    def __init__(self, frame_count: int, samples: int) -> None:
        self.every = max(1, -(-frame_count // samples))
        self.taken: list[int] = []
        self._due = 0

    def wants(self, frame: Frame) -> bool:
        """Whether to look at this frame; a held one waits for the next distinct one."""
        if frame.held or frame.index < self._due:
            return False
        self._due = (frame.index // self.every + 1) * self.every
        self.taken.append(frame.index)
        return True

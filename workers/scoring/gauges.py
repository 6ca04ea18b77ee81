"""Gauges watch a clip go by frame by frame, keep next to nothing, and answer at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from models.metrics import Measurement, Metric
from workers.scoring import diagnostics, metrics
from workers.scoring.networks.network import Network

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from workers.scoring.frames import Frame
    from workers.scoring.metrics import Summary
    from workers.scoring.networks.dis_flow import DisFlow
    from workers.scoring.networks.efficientnet_lite0 import EfficientNetLite0
    from workers.scoring.networks.lpips_alex import LpipsAlex

_STATIC = "Nothing moves: there are fewer than three distinct frames."


class Gauge(Protocol):
    """Sees each frame once, in order."""

    def see(self, frame: Frame) -> None: ...

    def finish(self) -> list[Measurement]: ...


class Embedder(Network, Protocol):
    """A network that makes one vector of a whole picture."""

    def embed(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]: ...


def measured(metric: Metric, summary: Summary, network: Network | None = None) -> Measurement:
    """A measurement that names its network; plain arithmetic has none."""
    return Measurement(
        metric=metric,
        value=summary.value,
        network=network.name if network else "none",
        network_sha256=network.sha256 if network else "",
        detail=summary.detail,
    )


def not_measured(metric: Metric, reason: str, network: str = "none") -> Measurement:
    """A measurement without a number; `reason` is one sentence."""
    return Measurement(metric=metric, value=None, network=network, reason=reason)


class LpipsGauge:
    """temporal_lpips between neighbours and loop_seam from the last frame to the first.

    Each frame's features are computed once; a held frame costs nothing and counts as distance 0.
    """

    def __init__(self, network: LpipsAlex) -> None:
        self._network = network
        self._first: list[object] | None = None
        self._last: list[object] | None = None
        self._distances: list[float] = []

    def see(self, frame: Frame) -> None:
        """Measure this frame against the one before."""
        if frame.held:
            self._distances.append(0.0)
            return
        features = self._network.features(frame.small)
        if self._last is None:
            self._first = features  # type: ignore[assignment]
        else:
            self._distances.append(self._network.distance(self._last, features))  # type: ignore[arg-type]
        self._last = features  # type: ignore[assignment]

    def finish(self) -> list[Measurement]:
        """Both metrics; neither of a single frame."""
        if not self._distances or self._first is None or self._last is None:
            return [
                not_measured(metric, "There is only one frame.", self._network.name)
                for metric in (Metric.TEMPORAL_LPIPS, Metric.LOOP_SEAM)
            ]
        seam = self._network.distance(self._last, self._first)  # type: ignore[arg-type]
        moving = [distance for distance in self._distances if distance > 0]
        step = float(np.median(moving)) if moving else 0.0
        seam_summary = metrics.Summary(value=seam, detail={"median_step": round(step, 4)})
        return [
            measured(Metric.TEMPORAL_LPIPS, metrics.lpips_summary(self._distances), self._network),
            measured(Metric.LOOP_SEAM, seam_summary, self._network),
        ]


class SmoothnessGauge:
    """motion_smoothness: every second distinct frame against what its neighbours foretell."""

    def __init__(self, flow: DisFlow) -> None:
        self._flow = flow
        self._window: list[NDArray[np.uint8]] = []
        self._errors: list[float] = []

    def see(self, frame: Frame) -> None:
        """Once three distinct frames are here, judge the middle one and go on from the last."""
        if frame.held:
            return
        self._window.append(frame.small)
        if len(self._window) == 3:
            before, dropped, after = self._window
            error = cv2.absdiff(self._flow.between(before, after), dropped)
            self._errors.append(float(error.mean()))
            self._window = [after]

    def finish(self) -> list[Measurement]:
        """The metric, or that nothing moved."""
        if not self._errors:
            return [not_measured(Metric.MOTION_SMOOTHNESS, _STATIC, self._flow.name)]
        return [measured(Metric.MOTION_SMOOTHNESS, metrics.smoothness(self._errors), self._flow)]


class DiagnosticsGauge:
    """luma_flicker, jitter and frame_order over the distinct frames."""

    def __init__(self) -> None:
        self._window: list[NDArray[np.float32]] = []
        self._means: list[float] = []
        self._shifts: list[tuple[float, float]] = []
        self._steps: list[float] = []
        self._skips: list[float] = []
        self._hann: NDArray[np.float32] | None = None

    def see(self, frame: Frame) -> None:
        """Compare this frame with the two distinct ones before it."""
        if frame.held:
            return
        luma = frame.luma
        self._means.append(float(luma.mean()))
        if self._window:
            self._steps.append(_distance(self._window[-1], luma))
            self._shifts.append(self._shift(self._window[-1], luma))
        if len(self._window) == 2:
            self._skips.append(_distance(self._window[0], luma))
        self._window = [*self._window[-1:], luma]

    def finish(self) -> list[Measurement]:
        """All three, or that nothing moved."""
        if not self._skips:
            return [
                not_measured(metric, _STATIC)
                for metric in (Metric.LUMA_FLICKER, Metric.JITTER, Metric.FRAME_ORDER)
            ]
        order = diagnostics.frame_order(np.array(self._steps), np.array(self._skips))
        return [
            measured(Metric.LUMA_FLICKER, diagnostics.luma_flicker(np.array(self._means))),
            measured(Metric.JITTER, diagnostics.jitter(np.array(self._shifts))),
            measured(Metric.FRAME_ORDER, order),
        ]

    def _shift(self, before: NDArray[np.float32], after: NDArray[np.float32]) -> tuple[float, float]:
        """Global shift in % of the width, by phase correlation under a window that hides the borders."""
        if self._hann is None:
            self._hann = cv2.createHanningWindow(before.shape[::-1], cv2.CV_32F).astype(np.float32)
        (x, y), _ = cv2.phaseCorrelate(before, after, self._hann)
        return 100.0 * x / before.shape[1], 100.0 * y / before.shape[1]


class SubjectGauge:
    """subject_consistency over at most `samples` distinct frames spread over the clip."""

    def __init__(self, network: EfficientNetLite0, *, frame_count: int, samples: int) -> None:
        self._network = network
        self._sampler = Sampler(frame_count, samples)
        self._features: list[NDArray[np.float32]] = []

    def see(self, frame: Frame) -> None:
        """Embed the frame when it is one of the sample."""
        if self._sampler.wants(frame):
            self._features.append(self._network.embed(frame.small))

    def finish(self) -> list[Measurement]:
        """The metric, or that there was only one picture."""
        if len(self._features) < 2:
            return [
                not_measured(
                    Metric.SUBJECT_CONSISTENCY, "There is only one distinct frame.", self._network.name
                )
            ]
        summary = metrics.subject_consistency(np.stack(self._features))
        summary.detail["sampled_every"] = self._sampler.every
        summary.detail["worst_frame"] = self._sampler.taken[summary.detail["worst_frame"]]
        return [measured(Metric.SUBJECT_CONSISTENCY, summary, self._network)]


class ContinuityGauge:
    """scene_continuity: the first frame against the first frames of the neighbouring cuts."""

    def __init__(self, network: Embedder, neighbours: Callable[[], list[NDArray[np.uint8]]]) -> None:
        """`neighbours` reads the first frames, with the short side as a `Frame` has it, when asked."""
        self._network = network
        self._neighbours = neighbours
        self._own: NDArray[np.float32] | None = None

    def see(self, frame: Frame) -> None:
        """Only the first frame counts."""
        if self._own is None:
            self._own = self._network.embed(frame.small)

    def finish(self) -> list[Measurement]:
        """The metric; without neighbours nothing can be continuous."""
        pictures = self._neighbours()
        if not pictures or self._own is None:
            reason = "No neighbouring cut of this scene has a take yet."
            return [not_measured(Metric.SCENE_CONTINUITY, reason, self._network.name)]
        others = np.stack([self._network.embed(picture) for picture in pictures])
        summary = metrics.scene_continuity(self._own, others)
        return [measured(Metric.SCENE_CONTINUITY, summary, self._network)]


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


def _distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.abs(one - other).mean())

"""luma_flicker, jitter and frame_order: what LPIPS and smoothness let through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.metrics import Measurement, Metric
from workers.scoring import diagnostics
from workers.scoring.gauges.gauge import STATIC, measured, not_measured

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workers.scoring.frames import Frame
    from workers.scoring.shots import Shots


class SteadinessGauge:
    """luma_flicker, jitter and frame_order over the distinct frames."""

    def __init__(self) -> None:
        self._window: list[NDArray[np.float32]] = []
        self._frames: list[int] = []  #: numbers of the distinct frames
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
        self._frames.append(frame.index)
        self._means.append(float(luma.mean()))
        if self._window:
            self._steps.append(_distance(self._window[-1], luma))
            self._shifts.append(self._shift(self._window[-1], luma))
        if len(self._window) == 2:
            self._skips.append(_distance(self._window[0], luma))
        self._window = [*self._window[-1:], luma]

    def finish(self, shots: Shots) -> list[Measurement]:
        """All three, or that nothing moved; three frames that a cut divides say nothing."""
        threes = zip(self._frames, self._frames[1:], self._frames[2:], strict=False)
        inside = np.array([shots.together(*three) for three in threes], dtype=np.bool_)
        if not inside.any():
            return [
                not_measured(metric, STATIC)
                for metric in (Metric.LUMA_FLICKER, Metric.JITTER, Metric.FRAME_ORDER)
            ]
        where = diagnostics.Triples(middles=np.array(self._frames[1:-1]), inside=inside)
        order = diagnostics.frame_order(np.array(self._steps), np.array(self._skips), where)
        return [
            measured(Metric.LUMA_FLICKER, diagnostics.luma_flicker(np.array(self._means), where)),
            measured(Metric.JITTER, diagnostics.jitter(np.array(self._shifts), where)),
            measured(Metric.FRAME_ORDER, order),
        ]

    def _shift(self, before: NDArray[np.float32], after: NDArray[np.float32]) -> tuple[float, float]:
        """Global shift in % of the width, by phase correlation under a window that hides the borders."""
        if self._hann is None:
            self._hann = cv2.createHanningWindow(before.shape[::-1], cv2.CV_32F).astype(np.float32)
        (x, y), _ = cv2.phaseCorrelate(before, after, self._hann)
        return 100.0 * x / before.shape[1], 100.0 * y / before.shape[1]


def _distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.abs(one - other).mean())

"""motion_smoothness, from how well a frame is foretold by its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2

from models.metrics import Measurement, Metric
from workers.scoring import metrics
from workers.scoring.gauges.gauge import STATIC, measured, not_measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from workers.scoring.frames import Frame
    from workers.scoring.networks.network import Interpolator
    from workers.scoring.shots import Shots


class SmoothnessGauge:
    """motion_smoothness: every second distinct frame against what its neighbours foretell."""

    def __init__(self, network: Interpolator) -> None:
        self._network = network
        self._window: list[NDArray[np.uint8]] = []
        self._errors: list[float] = []

    def see(self, frame: Frame) -> None:
        """Once three distinct frames are here, judge the middle one and go on from the last."""
        if frame.held:
            return
        self._window.append(frame.small)
        if len(self._window) == 3:
            before, dropped, after = self._window
            error = cv2.absdiff(self._network.between(before, after), dropped)
            self._errors.append(float(error.mean()))
            self._window = [after]

    def finish(self, shots: Shots) -> list[Measurement]:
        """The metric, or that nothing moved."""
        if not self._errors:
            return [not_measured(Metric.MOTION_SMOOTHNESS, STATIC, self._network.name)]
        return [measured(Metric.MOTION_SMOOTHNESS, metrics.smoothness(self._errors), self._network)]

"""motion_smoothness, from how well a frame is foretold by its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2

from models.metrics import Measurement, Metric
from workers.scoring import metrics
from workers.scoring.gauges.gauge import STATIC, measured, not_measured

if TYPE_CHECKING:
    from workers.scoring.frames import Frame
    from workers.scoring.networks.network import Interpolator
    from workers.scoring.shots import Shots

#: 1 also foretold frames over cuts
_FORMULA = "2"


class SmoothnessGauge:
    """motion_smoothness: every second distinct frame against the one interpolated from its neighbours."""

    def __init__(self, network: Interpolator) -> None:
        self._network = network
        self._window: list[Frame] = []
        #: frame numbers of the three, and the error of the middle one
        self._errors: list[tuple[tuple[int, int, int], float]] = []

    def see(self, frame: Frame) -> None:
        """Once three distinct frames are here, judge the middle one and go on from the last."""
        if frame.held:
            return
        self._window.append(frame)
        if len(self._window) == 3:
            before, dropped, after = self._window
            error = cv2.absdiff(self._network.between(before.small, after.small), dropped.small)
            self._errors.append(((before.index, dropped.index, after.index), float(error.mean())))
            self._window = [after]

    def finish(self, shots: Shots) -> list[Measurement]:
        """The metric, or that nothing moved; what a cut lies between cannot be foretold and is left out."""
        inside = [(three[1], error) for three, error in self._errors if shots.together(*three)]
        if not inside:
            return [not_measured(Metric.MOTION_SMOOTHNESS, STATIC, self._network.name)]
        summary = metrics.smoothness([error for _, error in inside], [frame for frame, _ in inside])
        return [measured(Metric.MOTION_SMOOTHNESS, summary, self._network, formula=_FORMULA)]

"""temporal_lpips and loop_seam, from the distances of neighbouring frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.metrics import Measurement, Metric
from workers.scoring import metrics
from workers.scoring.gauges.gauge import measured, not_measured

if TYPE_CHECKING:
    from typing import Any

    from workers.scoring.frames import Frame
    from workers.scoring.networks.network import PairNetwork
    from workers.scoring.shots import Shots


class LpipsGauge:
    """temporal_lpips between neighbours and loop_seam from the last frame to the first.

    Each frame's features are computed once; a held frame costs nothing and counts as distance 0.
    """

    def __init__(self, network: PairNetwork) -> None:
        self._network = network
        self._first: Any = None
        self._last: Any = None
        self._distances: list[float] = []

    def see(self, frame: Frame) -> None:
        """Measure this frame against the one before."""
        if frame.held:
            self._distances.append(0.0)
            return
        features = self._network.features(frame.small)
        if self._last is None:
            self._first = features
        else:
            self._distances.append(self._network.distance(self._last, features))
        self._last = features

    def finish(self, shots: Shots) -> list[Measurement]:
        """Both metrics; neither of a single frame."""
        if not self._distances or self._first is None or self._last is None:
            return [
                not_measured(metric, "There is only one frame.", self._network.name)
                for metric in (Metric.TEMPORAL_LPIPS, Metric.LOOP_SEAM)
            ]
        seam = self._network.distance(self._last, self._first)
        moving = [distance for distance in self._distances if distance > 0]
        step = float(np.median(moving)) if moving else 0.0
        seam_summary = metrics.Summary(value=seam, detail={"median_step": round(step, 4)})
        return [
            measured(Metric.TEMPORAL_LPIPS, metrics.lpips_summary(self._distances), self._network),
            measured(Metric.LOOP_SEAM, seam_summary, self._network),
        ]

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

#: 1 of temporal_lpips also counted the steps over cuts
_FORMULA = "2"


class LpipsGauge:
    """temporal_lpips between neighbours and loop_seam from the last frame to the first.

    Each frame's features are computed once; a held frame costs nothing and counts as distance 0. In a take that
    is one shot by order, a cut is itself the fault: then the largest step over a cut is the value.
    """

    def __init__(self, network: PairNetwork, *, one_shot: bool = False) -> None:
        self._network = network
        self._one_shot = one_shot
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
        if not self._distances:
            return [
                not_measured(metric, "There is only one frame.", self._network.name)
                for metric in (Metric.TEMPORAL_LPIPS, Metric.LOOP_SEAM)
            ]
        seam = metrics.loop_seam(self._network.distance(self._last, self._first), self._distances)
        return [
            measured(Metric.TEMPORAL_LPIPS, self._temporal(shots), self._network, formula=_FORMULA),
            measured(Metric.LOOP_SEAM, seam, self._network),
        ]

    def _temporal(self, shots: Shots) -> metrics.Summary:
        """The summary of the steps inside shots, or of a cut that was not ordered."""
        steps = dict(enumerate(self._distances, start=1))
        over = {frame: steps.pop(frame) for frame in shots.cuts if frame in steps}
        summary = metrics.lpips_summary(list(steps.values()), list(steps))
        if not over:
            return summary
        summary.detail["cut_steps"] = {frame: round(step, 4) for frame, step in over.items()}
        if not self._one_shot:
            return summary
        worst = max(over, key=lambda frame: over[frame])
        cut = {
            "binding": "cut",
            "text": f"cut at frame {worst} in a take that was ordered as one shot",
            # The step over the cut is what is judged, so the course must show it.
            **metrics.over_time(np.array(self._distances), range(1, len(self._distances) + 1), worst=worst - 1),
        }
        return metrics.Summary(value=max(over[worst], summary.value), detail=summary.detail | cut)

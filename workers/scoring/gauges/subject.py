"""subject_consistency, from one vector of each looked-at frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.metrics import Measurement, Metric
from workers.scoring import metrics
from workers.scoring.gauges.gauge import Sampler, measured, not_measured

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workers.scoring.frames import Frame
    from workers.scoring.networks.network import Embedder
    from workers.scoring.shots import Shots


class SubjectGauge:
    """subject_consistency over at most `samples` distinct frames spread over the clip."""

    def __init__(self, network: Embedder, *, frame_count: int, samples: int) -> None:
        self._network = network
        self._sampler = Sampler(frame_count, samples)
        self._features: list[NDArray[np.float32]] = []

    def see(self, frame: Frame) -> None:
        """Embed the frame when it is one of the sample."""
        if self._sampler.wants(frame):
            self._features.append(self._network.embed(frame.small))

    def finish(self, shots: Shots) -> list[Measurement]:
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

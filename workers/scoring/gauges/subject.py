"""subject_consistency, from one vector of each distinct frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.metrics import Measurement, Metric
from workers.scoring import metrics
from workers.scoring.gauges.gauge import measured, not_measured

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workers.scoring.frames import Frame
    from workers.scoring.networks.network import Embedder
    from workers.scoring.shots import Shots

#: 1 looked at a sample of distinct frames, made small first, and across cuts
_FORMULA = "2"


class SubjectGauge:
    """subject_consistency over all frames; a held one shows what the one before shows, so it costs nothing."""

    def __init__(self, network: Embedder) -> None:
        self._network = network
        self._vectors: list[NDArray[np.float32]] = []
        self._shown: list[int] = []  #: which vector each frame shows

    def see(self, frame: Frame) -> None:
        """Embed the frame unless it is held, at its full size: each network shrinks it in its own way."""
        if not frame.held:
            self._vectors.append(self._network.embed(frame.full))
        self._shown.append(len(self._vectors) - 1)

    def finish(self, shots: Shots) -> list[Measurement]:
        """The metric, each shot held against its own first frame, or that there was only one picture."""
        if len(self._vectors) < 2:
            reason = "There is only one distinct frame."
            return [not_measured(Metric.SUBJECT_CONSISTENCY, reason, self._network.name)]
        vectors = np.stack(self._vectors)
        steps: list[NDArray[np.float64]] = []
        numbers: list[int] = []
        for shot in shots.ranges(len(self._shown)):
            steps.append(metrics.subject_steps(vectors[[self._shown[frame] for frame in shot]]))
            numbers += shot[1:]
        summary = metrics.subject_summary(np.concatenate(steps), numbers)
        return [measured(Metric.SUBJECT_CONSISTENCY, summary, self._network, formula=_FORMULA)]

"""scene_continuity, from the first frames of neighbouring cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.metrics import Measurement, Metric
from workers.scoring import metrics
from workers.scoring.gauges.gauge import measured, not_measured

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from workers.scoring.frames import Frame
    from workers.scoring.networks.network import Embedder
    from workers.scoring.shots import Shots


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

    def finish(self, shots: Shots) -> list[Measurement]:
        """The metric; without neighbours nothing can be continuous."""
        pictures = self._neighbours()
        if not pictures or self._own is None:
            reason = "No neighbouring cut of this scene has a take yet."
            return [not_measured(Metric.SCENE_CONTINUITY, reason, self._network.name)]
        others = np.stack([self._network.embed(picture) for picture in pictures])
        summary = metrics.scene_continuity(self._own, others)
        return [measured(Metric.SCENE_CONTINUITY, summary, self._network)]

"""aesthetic, from a rating of the still or of a few frames spread over the clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.metrics import Measurement, Metric
from workers.scoring.gauges.gauge import Sampler, measured, not_measured
from workers.scoring.metrics import Summary, exact_mean, over_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.scoring.frames import Frame
    from workers.scoring.networks.network import Rater
    from workers.scoring.shots import Shots

#: distinct frames of a clip that are rated: what a picture is worth changes slowly
SAMPLES = 8


class AestheticGauge:
    """aesthetic of the first frame of a still, or the mean over about `samples` distinct frames of a clip."""

    def __init__(self, network: Rater, *, frame_count: int, samples: int = SAMPLES) -> None:
        self._network = network
        self._sampler = Sampler(frame_count, samples)
        self._ratings: list[float] = []

    def see(self, frame: Frame) -> None:
        """Rate the frame as decoded when it is one of the sample."""
        if self._sampler.wants(frame):
            self._ratings.append(self._network.rate(frame.full))

    def finish(self, shots: Shots) -> list[Measurement]:
        """The metric, whatever is cut: each frame is rated by itself."""
        if not self._ratings:
            return [not_measured(Metric.AESTHETIC, "There is no frame to rate.", self._network.name)]
        return [measured(Metric.AESTHETIC, aesthetic(self._ratings, self._sampler.taken), self._network)]


def aesthetic(ratings: Sequence[float], frames: Sequence[int]) -> Summary:
    """Mean of the ratings `(F,)` of the frames with these numbers, raw 0 to 10, higher is better.

    Not divided by ten as in VBench, because the mark (5.5) stands on the head's own scale.

    >>> aesthetic([5.0, 6.0, 7.0], [0, 15, 30]).value
    6.0
    """
    values = np.asarray(ratings, dtype=np.float64)
    value = exact_mean(values)
    detail = {
        "mean": round(value, 4),
        "p5": round(float(np.percentile(values, 5)), 4),
        "worst": round(float(values.min()), 4),
        "frames_looked_at": len(values),
    }
    worst = int(values.argmin())
    return Summary(value=value, detail=detail | over_time(values, frames, worst=worst))

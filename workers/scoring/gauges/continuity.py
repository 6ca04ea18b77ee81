"""scene_continuity, from the first frames of consecutive cuts of one scene."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from models.metrics import LACKS_COMPANY, Measurement, Metric
from workers.scoring import metrics
from workers.scoring.gauges.gauge import measured, not_measured

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from workers.scoring.expectations import Expectations
    from workers.scoring.frames import Frame
    from workers.scoring.networks.network import Embedder
    from workers.scoring.shots import Shots

#: 1 was the mean cosine to the neighbours, without VBench's second look at the first of the sequence
FORMULA = "2"
_ALONE = "No neighbouring cut of this scene has a take of this kind and shape yet."
_UNREADABLE = "The takes of the neighbouring cuts cannot be read."


class Side(StrEnum):
    """Where a neighbour stands, in the words of a report."""

    PREVIOUS = "previous cut"
    NEXT = "next cut"
    UNKNOWN = "neighbouring cut"


@dataclass(frozen=True, slots=True, eq=False)
class Neighbour:
    """The first frame of a neighbouring cut's take."""

    side: Side
    picture: NDArray[np.uint8]  #: (H, W, 3) uint8 RGB as decoded


def sides_of(expectations: Expectations) -> tuple[Side, ...]:
    """Where each expected neighbour stands; where it was not stated, two are the previous and the next."""
    count, before = len(expectations.neighbours), expectations.neighbours_before
    if before is None:
        return (Side.PREVIOUS, Side.NEXT) if count == 2 else (Side.UNKNOWN,) * count
    return tuple(Side.PREVIOUS if number < before else Side.NEXT for number in range(count))


class ContinuityGauge:
    """scene_continuity: VBench's consistency over the previous cut, this one and the next, where they exist.

    A take is judged when it is made, so the sequence is the cuts beside it, not the whole scene: a fault at its
    other end is another take's.
    """

    def __init__(
        self, network: Embedder, neighbours: Callable[[], Sequence[Neighbour]], *, expected: bool
    ) -> None:
        """`neighbours` reads the first frames of the cuts beside this one, in their order, when asked.

        `expected` says whether there are such cuts, whose files may be gone.
        """
        self._network = network
        self._neighbours = neighbours
        self._expected = expected
        self._own: NDArray[np.float32] | None = None

    def see(self, frame: Frame) -> None:
        """Only the first frame counts, at its full size: each network shrinks it in its own way."""
        if self._own is None:
            self._own = self._network.embed(frame.full)

    def finish(self, shots: Shots) -> list[Measurement]:
        """The metric with the neighbour that is least alike; without neighbours nothing can be continuous."""
        if not self._expected:
            alone = not_measured(Metric.SCENE_CONTINUITY, _ALONE, self._network.name)
            return [replace(alone, detail={LACKS_COMPANY: True})]
        beside = self._neighbours()
        if not beside or self._own is None:
            return [not_measured(Metric.SCENE_CONTINUITY, _UNREADABLE, self._network.name)]
        vectors = [self._network.embed(neighbour.picture) for neighbour in beside]
        own = sum(neighbour.side is not Side.NEXT for neighbour in beside)
        summary = metrics.scene_continuity(np.stack([*vectors[:own], self._own, *vectors[own:]]), own)
        named = _named(summary, [neighbour.side for neighbour in beside])
        return [replace(measured(Metric.SCENE_CONTINUITY, named, self._network), formula=FORMULA)]


def _named(summary: metrics.Summary, sides: Sequence[Side]) -> metrics.Summary:
    """The summary with the words for each neighbour and for the one that is least alike."""
    cosines: list[float] = summary.detail["cosines"]
    named = {
        "neighbours": dict(zip(sides, cosines, strict=True)),
        "worst_neighbour": sides[int(np.argmin(cosines))],
    }
    return metrics.Summary(value=summary.value, detail=summary.detail | named)

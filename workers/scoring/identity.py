"""Who is whom in each frame, and how alike each expected character is to their reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from models.errors import BadInput
from models.metrics import Measurement, Metric
from workers.scoring import metrics
from workers.scoring.gauges import Sampler, measured, not_measured
from workers.scoring.references import IdentityReference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from workers.scoring.frames import Frame
    from workers.scoring.networks.identity_toon import IdentityToon
    from workers.scoring.references import CharacterReference

#: share of looked-at frames that must show every expected character before their likeness means anything
MIN_DETECTION_RATE = 0.8
#: a reference picture less alike than this to the others shows somebody else
_OUTLIER = 0.2


def assign(similarities: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Pairs (character, head) with the greatest total likeness, from `(characters, heads)`.

    >>> assign(np.array([[0.9, 0.8], [0.85, 0.1]]))
    [(0, 1), (1, 0)]
    """
    rows, columns = linear_sum_assignment(-similarities)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True)]


class IdentityGauge:
    """identity of every expected character over a sample of distinct frames; a still is a sample of one."""

    def __init__(
        self,
        network: IdentityToon,
        characters: Sequence[CharacterReference],
        *,
        frame_count: int,
        samples: int,
    ) -> None:
        self._network = network
        self._names = [character.name for character in characters]
        self._foreign = [c.name for c in characters if (c.network, c.sha256) != (network.name, network.sha256)]
        self._references = np.stack([character.vector for character in characters])
        self._sampler = Sampler(frame_count, samples)
        self._frames: list[int] = []
        self._similarities: list[list[float]] = []

    def see(self, frame: Frame) -> None:
        """Look for everybody when the frame is one of the sample."""
        if self._foreign or not self._sampler.wants(frame):
            return
        vectors = self._network.look(frame.full)
        if len(vectors) < len(self._names):
            return
        similarities = self._references @ vectors.T
        pairs = dict(assign(similarities))
        self._frames.append(frame.index)
        self._similarities.append([float(similarities[row, pairs[row]]) for row in range(len(self._names))])

    def finish(self) -> list[Measurement]:
        """The metric with each character's own numbers, or why there is none."""
        looked, found = len(self._sampler.taken), len(self._frames)
        if self._foreign:
            reason = f"The reference of {', '.join(self._foreign)} was made by another version of this network."
            return [not_measured(Metric.IDENTITY, reason, self._network.name)]
        if not looked or found / looked < MIN_DETECTION_RATE:
            people = "the expected character" if len(self._names) == 1 else f"all {len(self._names)} characters"
            reason = f"Only {found} of {looked} frames show {people}."
            return [not_measured(Metric.IDENTITY, reason, self._network.name)]
        table = np.array(self._similarities)
        summary = metrics.identity_summary(table.min(axis=1), self._frames, found, looked)
        summary.detail["characters"] = {
            name: {"mean": round(float(column.mean()), 4), "p5": round(float(np.percentile(column, 5)), 4)}
            for name, column in zip(self._names, table.T, strict=True)
        }
        return [measured(Metric.IDENTITY, summary, self._network)]


def build_identity_reference(network: IdentityToon, pictures: Sequence[NDArray[np.uint8]]) -> IdentityReference:
    """One character's reference from pictures `(H, W, 3)` uint8 RGB that show only them; four do well.

    A picture without a head, or unlike all the others, is left out and listed.

    Raises:
        BadInput: no picture shows a head.
    """
    vectors: dict[int, NDArray[np.float32]] = {}
    for index, picture in enumerate(pictures):
        heads = network.look(picture, most=1)
        if len(heads):
            vectors[index] = heads[0]
    vectors = _without_strangers(vectors)
    if not vectors:
        raise BadInput("No face was found in any of these pictures.", hint="Give pictures that show the face.")
    table = np.stack(list(vectors.values()))
    mean = metrics.normalised(table.mean(axis=0)).astype(np.float32)
    return IdentityReference(
        vector=mean,
        network=network.name,
        sha256=network.sha256,
        images_used=len(table),
        outliers=tuple(index for index in range(len(pictures)) if index not in vectors),
        baseline=float((table @ mean).mean()),
    )


def _without_strangers(vectors: dict[int, NDArray[np.float32]]) -> dict[int, NDArray[np.float32]]:
    """Only with three pictures or more can two outvote a third."""
    if len(vectors) < 3:
        return vectors
    table = np.stack(list(vectors.values()))
    likeness = np.median(table @ table.T, axis=1)
    return {i: v for (i, v), alike in zip(vectors.items(), likeness, strict=True) if alike >= _OUTLIER}

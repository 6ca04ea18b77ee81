"""face_similarity and identity: who is whom in each frame, and how alike to their reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from models.errors import BadInput
from models.metrics import Measurement
from workers.scoring import metrics
from workers.scoring.gauges.gauge import Sampler, measured, not_measured
from workers.scoring.references import IdentityReference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.metrics import Metric
    from workers.scoring.frames import Frame
    from workers.scoring.networks.network import FaceNetwork
    from workers.scoring.references import CharacterReference
    from workers.scoring.shots import Shots

#: share of looked-at frames that must show every expected character before their likeness means anything
MIN_DETECTION_RATE = 0.8
#: a head whose median likeness to the others is below this is somebody else's, or seen from behind
_OUTLIER = 0.4


def assign(similarities: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Pairs (character, head) with the greatest total likeness, from `(characters, heads)`.

    >>> assign(np.array([[0.9, 0.8], [0.85, 0.1]]))
    [(0, 1), (1, 0)]
    """
    rows, columns = linear_sum_assignment(-similarities)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True)]


class FaceGauge:
    """Likeness of every expected character over a sample of distinct frames; a still is a sample of one."""

    def __init__(
        self,
        metric: Metric,
        network: FaceNetwork,
        characters: Sequence[CharacterReference],
        *,
        frame_count: int,
        samples: int,
    ) -> None:
        self._metric = metric
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
        faces = self._network.look(frame.full)
        if len(faces) < len(self._names):
            return
        similarities = self._network.likeness(self._references, np.stack([face.vector for face in faces]))
        pairs = dict(assign(similarities))
        self._frames.append(frame.index)
        self._similarities.append([float(similarities[row, pairs[row]]) for row in range(len(self._names))])

    def finish(self, shots: Shots) -> list[Measurement]:
        """The metric with each character's own numbers, or why there is none."""
        looked, found = len(self._sampler.taken), len(self._frames)
        if self._foreign:
            reason = f"The reference of {', '.join(self._foreign)} was made by another version of this network."
            return [not_measured(self._metric, reason, self._network.name)]
        if not looked or found / looked < MIN_DETECTION_RATE:
            people = "the expected character" if len(self._names) == 1 else f"all {len(self._names)} characters"
            reason = f"Only {found} of {looked} frames show {people}."
            return [not_measured(self._metric, reason, self._network.name)]
        table = np.array(self._similarities)
        summary = metrics.identity_summary(table.min(axis=1), self._frames, found, looked)
        summary.detail["characters"] = {
            name: {"mean": round(float(column.mean()), 4), "p5": round(float(np.percentile(column, 5)), 4)}
            for name, column in zip(self._names, table.T, strict=True)
        }
        return [measured(self._metric, summary, self._network)]


def build_identity_reference(network: FaceNetwork, pictures: Sequence[NDArray[np.uint8]]) -> IdentityReference:
    """One character's reference from pictures `(H, W, 3)` uint8 RGB that show only them; four do well.

    A sheet gives all its heads. A head unlike most others is left out, and a picture without any is listed.

    Raises:
        BadInput: no picture shows a head.
    """
    seen = [(index, face) for index, picture in enumerate(pictures) for face in network.look(picture)]
    if not seen:
        raise BadInput("No face was found in any of these pictures.", hint="Give pictures that show the face.")
    table = np.stack([face.vector for _, face in seen])
    alike = _alike(network, table)
    table, used = table[alike], {index for (index, _), kept in zip(seen, alike, strict=True) if kept}
    mean = network.average(table)
    return IdentityReference(
        vector=mean,
        network=network.name,
        sha256=network.sha256,
        images_used=len(used),
        outliers=tuple(index for index in range(len(pictures)) if index not in used),
        baseline=float(network.likeness(mean[None], table).mean()),
    )


def _alike(network: FaceNetwork, table: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which heads `(K, D)` are like most of the others; only with three or more can two outvote a third."""
    if len(table) < 3:
        return np.ones(len(table), dtype=np.bool_)
    likeness = np.array(network.likeness(table, table))
    np.fill_diagonal(likeness, np.nan)
    kept: NDArray[np.bool_] = np.nanmedian(likeness, axis=1) >= _OUTLIER
    return kept if kept.any() else ~kept

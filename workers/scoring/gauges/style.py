"""Style adherence of a picture, and how a style reference is made from approved frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.errors import NotMeasured
from models.metrics import Measurement, Metric
from workers.scoring import metrics
from workers.scoring.foreign_styles import FOREIGN_STYLES
from workers.scoring.gauges.gauge import measured, not_measured
from workers.scoring.references import MIN_STYLE_REFERENCES, StyleReference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from workers.scoring.frames import Frame
    from workers.scoring.networks.network import Embedder
    from workers.scoring.shots import Shots


class StyleGauge:
    """style_adherence of the first frame: a style does not change inside a shot."""

    def __init__(self, network: Embedder, reference: StyleReference) -> None:
        self._network = network
        self._reference = reference
        self._cosine: float | None = None

    def see(self, frame: Frame) -> None:
        """Only the first frame counts."""
        if self._cosine is None and self._fits:
            own = metrics.normalised(self._network.embed(frame.full))
            self._cosine = float(own @ metrics.normalised(self._reference.centroid))

    def finish(self, shots: Shots) -> list[Measurement]:
        """The metric, or why there is none."""
        reference = self._reference
        if not self._fits or self._cosine is None:
            reason = "The style reference was made by another version of this network."
            return [not_measured(Metric.STYLE_ADHERENCE, reason, self._network.name)]
        value = metrics.style_adherence(self._cosine, mu_pos=reference.mu_pos, mu_neg=reference.mu_neg)
        detail = {
            "cosine": round(self._cosine, 4),
            "mu_pos": round(reference.mu_pos, 4),
            "mu_neg": round(reference.mu_neg, 4),
            "references": reference.n,
        }
        return [measured(Metric.STYLE_ADHERENCE, metrics.Summary(value=value, detail=detail), self._network)]

    @property
    def _fits(self) -> bool:
        return (self._reference.network, self._reference.sha256) == (self._network.name, self._network.sha256)


def build_style_reference(network: Embedder, pictures: Sequence[NDArray[np.uint8]]) -> StyleReference:
    """A style's centre and scale from approved frames `(H, W, 3)` uint8 RGB, by any network's vectors.

    `mu_pos` is what a frame reaches against the centre of the others, `mu_neg` what the same frames reach when
    redrawn in foreign styles. They are redrawn, not replaced by a pool of other pictures, because a network
    such as CLIP sees what is shown before how it is drawn: against other pictures the scale would measure
    content, and the project's own characters as a photograph would still count as its style.

    Raises:
        NotMeasured: fewer than eight frames, or the network cannot tell them from foreign styles.
    """
    if len(pictures) < MIN_STYLE_REFERENCES:
        raise NotMeasured(
            f"A style needs {MIN_STYLE_REFERENCES} reference frames, not {len(pictures)}.",
            hint="Approve some more frames of this project.",
        )
    own = metrics.normalised(np.stack([network.embed(picture) for picture in pictures]))
    centroid = metrics.normalised(own.mean(axis=0)).astype(np.float32)
    others = metrics.normalised((own.sum(axis=0) - own) / (len(own) - 1))
    mu_pos = float((own * others).sum(axis=1).mean())
    foreign = [network.embed(style(picture)) for picture in pictures for style in FOREIGN_STYLES.values()]
    mu_neg = float((metrics.normalised(np.stack(foreign)) @ centroid).mean())
    if mu_neg >= mu_pos:
        raise NotMeasured("These frames have no style in common that this network can see.")
    return StyleReference(
        centroid=centroid, mu_pos=mu_pos, mu_neg=mu_neg, n=len(own), network=network.name, sha256=network.sha256
    )

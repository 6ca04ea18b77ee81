"""Style adherence of a still or a clip, and how a style reference is made from approved frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.errors import NotMeasured
from models.metrics import Measurement, Metric
from workers.scoring import metrics
from workers.scoring.foreign_styles import FOREIGN_STYLES
from workers.scoring.gauges.gauge import Sampler, measured, not_measured
from workers.scoring.references import MIN_STYLE_REFERENCES, StyleReference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from workers.scoring.frames import Frame
    from workers.scoring.networks.network import Embedder
    from workers.scoring.shots import Shots


#: distinct frames of a clip that are looked at: a style changes seldom, and then for a stretch
SAMPLES = 8
#: "1" looked at the first frame only, so that a clip could turn into another style and pass
_FORMULA = "2"


class StyleGauge:
    """style_adherence of a still, or the p5 over about `samples` distinct frames spread over a clip."""

    def __init__(
        self, network: Embedder, reference: StyleReference, *, frame_count: int, samples: int = SAMPLES
    ) -> None:
        self._network = network
        self._reference = reference
        self._sampler = Sampler(frame_count, samples)
        self._cosines: list[float] = []

    def see(self, frame: Frame) -> None:
        """Compare the frame as decoded with the style's centre when it is one of the sample."""
        if self._fits and self._sampler.wants(frame):
            own = metrics.normalised(self._network.embed(frame.full))
            self._cosines.append(float(own @ metrics.normalised(self._reference.centroid)))

    def finish(self, shots: Shots) -> list[Measurement]:
        """The metric, or why there is none; whatever is cut, since each frame is judged by itself."""
        if not self._fits:
            reason = "The style reference was made by another version of this network."
            return [not_measured(Metric.STYLE_ADHERENCE, reason, self._network.name)]
        if not self._cosines:
            reason = "There is no frame to look at."
            return [not_measured(Metric.STYLE_ADHERENCE, reason, self._network.name)]
        summary = style_summary(self._cosines, self._sampler.taken, self._reference)
        return [measured(Metric.STYLE_ADHERENCE, summary, self._network, formula=_FORMULA)]

    @property
    def _fits(self) -> bool:
        return (self._reference.network, self._reference.sha256) == (self._network.name, self._network.sha256)


def style_summary(
    cosines: Sequence[float], frames: Sequence[int], reference: StyleReference
) -> metrics.Summary:
    """Style adherence from the cosines `(F,)`, F >= 1, of the frames with these numbers; higher is better.

    The value is p5, 0..1, so that one stretch of another style is not averaged away; for a still it is that
    frame. `cosine` is that of the worst frame.
    """
    values = np.array(
        [metrics.style_adherence(each, mu_pos=reference.mu_pos, mu_neg=reference.mu_neg) for each in cosines]
    )
    # By cosine, because frames of a foreign style are all cut off at 0 and would tie.
    worst = int(np.argmin(cosines))
    value = float(np.percentile(values, 5))
    detail = {
        "mean": round(float(values.mean()), 4),
        "p5": round(value, 4),
        "worst": round(float(values[worst]), 4),
        "frames_looked_at": len(values),
        "cosine": round(cosines[worst], 4),
        "mu_pos": round(reference.mu_pos, 4),
        "mu_neg": round(reference.mu_neg, 4),
        "references": reference.n,
    }
    return metrics.Summary(value=value, detail=detail | metrics.over_time(values, frames, worst=worst))


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

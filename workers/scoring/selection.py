"""Which gauges a list of wanted metrics needs, and which of them cannot be measured here, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.errors import BadInput, NotMeasured
from models.metrics import Measurement, Metric
from workers.media.reading import read_frames
from workers.scoring.gauges.aesthetic import AestheticGauge
from workers.scoring.gauges.continuity import ContinuityGauge, Neighbour, sides_of
from workers.scoring.gauges.faces import FaceGauge
from workers.scoring.gauges.gauge import not_measured
from workers.scoring.gauges.perceptual import LpipsGauge
from workers.scoring.gauges.smoothness import SmoothnessGauge
from workers.scoring.gauges.steadiness import SteadinessGauge
from workers.scoring.gauges.style import StyleGauge
from workers.scoring.gauges.subject import SubjectGauge
from workers.scoring.network_table import NETWORKS, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from workers.scoring.expectations import Expectations
    from workers.scoring.gauges.gauge import Gauge
    from workers.scoring.networks.shelf import Shelf

    Maker = Callable[[Metric, str, Expectations, Shelf], Gauge]

#: frames of a clip that are looked at for faces
IDENTITY_SAMPLES = 24


def gauges_for(
    wanted: Sequence[tuple[Metric, str]], expectations: Expectations, shelf: Shelf
) -> tuple[list[Gauge], list[Measurement]]:
    """Gauges for the wanted metrics, one for all metrics that share a pass, and what cannot be measured."""
    built: dict[tuple[Maker, str], Gauge] = {}
    missing: list[Measurement] = []
    for metric, network in wanted:
        make = _MAKERS.get(metric)
        try:
            if make is None:
                raise NotMeasured(f"Nothing here can measure {metric.value}.")
            if network in NETWORKS and network not in serving(metric):
                raise NotMeasured(f"{network} cannot measure {metric.value}.")
            if metric.needs_motion and not expectations.job_type.is_motion:
                raise NotMeasured("A still does not move.")
            if (make, network) not in built:
                built[make, network] = make(metric, network, expectations, shelf)
        except NotMeasured as error:
            missing.append(not_measured(metric, error.message, network))
    return list(built.values()), missing


def first_frame(path: Path) -> NDArray[np.uint8] | None:
    """The first frame of a take as decoded; None when the file is gone or unreadable."""
    try:
        return next(read_frames(path))
    except (BadInput, StopIteration):
        return None


def _perceptual(metric: Metric, network: str, expectations: Expectations, shelf: Shelf) -> Gauge:
    return LpipsGauge(shelf.pairs(network), one_shot=expectations.one_shot)


def _smoothness(metric: Metric, network: str, expectations: Expectations, shelf: Shelf) -> Gauge:
    return SmoothnessGauge(shelf.interpolator(network))


def _steadiness(metric: Metric, network: str, expectations: Expectations, shelf: Shelf) -> Gauge:
    return SteadinessGauge()


def _subject(metric: Metric, network: str, expectations: Expectations, shelf: Shelf) -> Gauge:
    return SubjectGauge(shelf.embedder(network))


def _continuity(metric: Metric, network: str, expectations: Expectations, shelf: Shelf) -> Gauge:
    def neighbours() -> list[Neighbour]:
        read = zip(sides_of(expectations), map(first_frame, expectations.neighbours), strict=True)
        return [Neighbour(side, picture) for side, picture in read if picture is not None]

    return ContinuityGauge(shelf.embedder(network), neighbours, expected=bool(expectations.neighbours))


def _aesthetic(metric: Metric, network: str, expectations: Expectations, shelf: Shelf) -> Gauge:
    return AestheticGauge(shelf.rater(network), frame_count=expectations.frame_count)


def _faces(metric: Metric, network: str, expectations: Expectations, shelf: Shelf) -> Gauge:
    known = [character for character in expectations.characters if character.network == network]
    unknown = sorted(set(expectations.expected) - {character.name for character in known})
    loaded = shelf.faces(network)
    if unknown:
        raise NotMeasured(
            f"{network} has no reference of {', '.join(unknown)}; make one with `farm reference`."
        )
    if not known:
        raise NotMeasured("Nobody is expected in this picture.")
    if foreign := [character.name for character in known if character.sha256 != loaded.sha256]:
        raise NotMeasured(_made_by_another_version(f"reference of {', '.join(foreign)}", network))
    return FaceGauge(metric, loaded, known, frame_count=expectations.frame_count, samples=IDENTITY_SAMPLES)


def _style(metric: Metric, network: str, expectations: Expectations, shelf: Shelf) -> Gauge:
    loaded = shelf.embedder(network)
    if expectations.style is None:
        raise NotMeasured(
            f"{network} has no style reference yet; make one of eight frames with `farm reference --style`."
        )
    if (expectations.style.network, expectations.style.sha256) != (network, loaded.sha256):
        raise NotMeasured(_made_by_another_version("style reference", network))
    return StyleGauge(loaded, expectations.style, frame_count=expectations.frame_count)


def _made_by_another_version(what: str, network: str) -> str:
    return f"The {what} was made by another version of {network}; make it again with `farm reference`."


#: metric -> the gauge that measures it; metrics with one maker and one network share a pass
_MAKERS: dict[Metric, Maker] = {
    Metric.TEMPORAL_LPIPS: _perceptual,
    Metric.LOOP_SEAM: _perceptual,
    Metric.MOTION_SMOOTHNESS: _smoothness,
    Metric.LUMA_FLICKER: _steadiness,
    Metric.JITTER: _steadiness,
    Metric.FRAME_ORDER: _steadiness,
    Metric.SUBJECT_CONSISTENCY: _subject,
    Metric.SCENE_CONTINUITY: _continuity,
    Metric.AESTHETIC: _aesthetic,
    Metric.IDENTITY: _faces,
    Metric.FACE_SIMILARITY: _faces,
    Metric.STYLE_ADHERENCE: _style,
}

"""Which gauges a list of wanted metrics needs, and which of them cannot be measured here, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.errors import BadInput, NotMeasured
from models.metrics import Measurement, Metric
from workers.media.reading import read_frames
from workers.scoring import gauges
from workers.scoring.frames import SHORT_SIDE_PX, short_side
from workers.scoring.gauges import not_measured

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from workers.scoring.expectations import Expectations
    from workers.scoring.gauges import Gauge
    from workers.scoring.networks.shelf import Shelf

#: frames of a clip that are embedded for the subject, and looked at for faces
SUBJECT_SAMPLES = 48
IDENTITY_SAMPLES = 24

_MOTION_ONLY = frozenset(
    {
        Metric.LUMA_FLICKER,
        Metric.JITTER,
        Metric.FRAME_ORDER,
        Metric.LOOP_SEAM,
        Metric.TEMPORAL_LPIPS,
        Metric.MOTION_SMOOTHNESS,
        Metric.SUBJECT_CONSISTENCY,
    }
)


def gauges_for(
    wanted: Sequence[tuple[Metric, str]], expectations: Expectations, shelf: Shelf
) -> tuple[list[Gauge], list[Measurement]]:
    """Gauges for the wanted metrics, one for all metrics that share a pass, and what cannot be measured."""
    built: dict[str, Gauge] = {}
    missing: list[Measurement] = []
    for metric, network in wanted:
        maker = _MAKERS.get((metric, network))
        try:
            if maker is None:
                raise NotMeasured(f"The network {network} for {metric.value} is not available here.")
            if metric in _MOTION_ONLY and not expectations.job_type.is_motion:
                raise NotMeasured("A still does not move.")
            key, make = maker
            if key not in built:
                built[key] = make(expectations, shelf)
        except NotMeasured as error:
            missing.append(not_measured(metric, error.message, network))
    return list(built.values()), missing


def first_frame(path: Path) -> NDArray[np.uint8] | None:
    """The first frame of a take as gauges compare it; None when the file is gone or unreadable."""
    try:
        return short_side(next(read_frames(path)), SHORT_SIDE_PX)
    except (BadInput, StopIteration):
        return None


def _lpips(expectations: Expectations, shelf: Shelf) -> Gauge:
    return gauges.LpipsGauge(shelf.lpips_alex())


def _smoothness(expectations: Expectations, shelf: Shelf) -> Gauge:
    return gauges.SmoothnessGauge(shelf.dis_flow())


def _diagnostics(expectations: Expectations, shelf: Shelf) -> Gauge:
    return gauges.DiagnosticsGauge()


def _subject(expectations: Expectations, shelf: Shelf) -> Gauge:
    return gauges.SubjectGauge(
        shelf.efficientnet_lite0(), frame_count=expectations.frame_count, samples=SUBJECT_SAMPLES
    )


def _continuity_lite0(expectations: Expectations, shelf: Shelf) -> Gauge:
    return _continuity(expectations, shelf.efficientnet_lite0())


def _continuity_toon(expectations: Expectations, shelf: Shelf) -> Gauge:
    return _continuity(expectations, shelf.scene_toon())


def _continuity(expectations: Expectations, network: gauges.Embedder) -> Gauge:
    def neighbours() -> list[NDArray[np.uint8]]:
        pictures = (first_frame(path) for path in expectations.neighbours)
        return [picture for picture in pictures if picture is not None]

    return gauges.ContinuityGauge(network, neighbours)


def _identity(expectations: Expectations, shelf: Shelf) -> Gauge:
    from workers.scoring.identity import IdentityGauge

    network = shelf.identity_toon()
    known = [character for character in expectations.characters if character.network == network.name]
    unknown = sorted(set(expectations.expected) - {character.name for character in known})
    if unknown:
        raise NotMeasured(f"{network.name} has no reference of {', '.join(unknown)}; load the show again.")
    if not known:
        raise NotMeasured("Nobody is expected in this picture.")
    return IdentityGauge(
        network,
        known,
        frame_count=expectations.frame_count,
        samples=IDENTITY_SAMPLES,
    )


def _style(expectations: Expectations, shelf: Shelf) -> Gauge:
    from workers.scoring.style import StyleGauge

    if expectations.style is None:
        raise NotMeasured("The project has no style reference yet; eight approved frames make one.")
    return StyleGauge(shelf.style_toon(), expectations.style)


#: (metric, network) -> the gauge that measures it; the same key means the same pass
_MAKERS: dict[tuple[Metric, str], tuple[str, Callable[[Expectations, Shelf], Gauge]]] = {
    (Metric.TEMPORAL_LPIPS, "lpips-alex"): ("lpips", _lpips),
    (Metric.LOOP_SEAM, "lpips-alex"): ("lpips", _lpips),
    (Metric.MOTION_SMOOTHNESS, "dis-flow"): ("smoothness", _smoothness),
    (Metric.LUMA_FLICKER, "none"): ("diagnostics", _diagnostics),
    (Metric.JITTER, "none"): ("diagnostics", _diagnostics),
    (Metric.FRAME_ORDER, "none"): ("diagnostics", _diagnostics),
    (Metric.SUBJECT_CONSISTENCY, "efficientnet-lite0"): ("subject", _subject),
    (Metric.SCENE_CONTINUITY, "efficientnet-lite0"): ("continuity-lite0", _continuity_lite0),
    (Metric.SCENE_CONTINUITY, "toon-scene"): ("continuity-toon", _continuity_toon),
    (Metric.IDENTITY, "toon-id"): ("identity", _identity),
    (Metric.STYLE_ADHERENCE, "toon-style"): ("style", _style),
}

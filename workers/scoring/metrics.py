"""The specification's metrics as pure formulas on arrays; networks and files are elsewhere.

Every formula belongs inside one shot: across a cut its number means nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64] | NDArray[np.float32]

#: points of a curve kept in a report; longer curves are thinned evenly
CURVE_POINTS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One metric over time: the number that is judged, and what explains it."""

    value: float
    detail: dict[str, Any]


def lpips_summary(distances: Sequence[float]) -> Summary:
    """Temporal LPIPS from the distance of each frame to the next, `(T-1,)`, 0 upwards, lower is better.

    Mean **and** p95 must keep the mark, and p95 of distances is the larger of the two except in odd cases, so
    the larger one is the value; `binding` says which. Held frames count as 0 in the mean, as they are seen.

    >>> lpips_summary([0.0, 0.1, 0.1, 0.2]).detail["mean"]
    0.1
    """
    values = np.asarray(distances, dtype=np.float64)
    mean, p95 = float(values.mean()), float(np.percentile(values, 95))
    worst = int(values.argmax()) + 1
    detail = {"mean": _round(mean), "p95": _round(p95), "worst_frame": worst, "curve": curve(values)}
    return Summary(value=max(mean, p95), detail=detail | {"binding": "p95" if p95 >= mean else "mean"})


def smoothness(errors: Sequence[float]) -> Summary:
    """VBench motion smoothness from the mean absolute error, 0..255, of each interpolated dropped frame.

    `(255 - mean error) / 255`, 0..1, higher is better. Entry k is the error of distinct frame 2k + 1.

    >>> round(smoothness([2.55, 7.65]).value, 4)
    0.98
    """
    values = 1.0 - np.asarray(errors, dtype=np.float64) / 255.0
    value = float(values.mean())
    detail = {
        "mean": _round(value),
        "p5": _round(float(np.percentile(values, 5))),
        "worst_frame": 2 * int(values.argmin()) + 1,
        "curve": curve(values),
    }
    return Summary(value=value, detail=detail)


def subject_consistency(features: Floats) -> Summary:
    """VBench subject consistency from one embedding per frame, `(T, D)`, T >= 2; 0..1, higher is better.

    Mean over t >= 2 of [max(0, cos(f_t, f_t-1)) + max(0, cos(f_t, f_1))] / 2.

    >>> subject_consistency(np.eye(2)[[0, 0, 0]]).value
    1.0
    """
    unit = normalised(features)
    before = np.clip((unit[1:] * unit[:-1]).sum(axis=1), 0.0, 1.0)
    first = np.clip(unit[1:] @ unit[0], 0.0, 1.0)
    values = (before + first) / 2
    detail = {
        "mean": _round(float(values.mean())),
        "p5": _round(float(np.percentile(values, 5))),
        "worst_frame": int(values.argmin()) + 1,
        "curve": curve(values),
    }
    return Summary(value=float(values.mean()), detail=detail)


def scene_continuity(own: Floats, neighbours: Floats) -> Summary:
    """How much a cut's first frame `(D,)` looks like its neighbours' `(N, D)`: mean cosine, higher is better.

    Negative cosines count as 0, as in subject consistency.

    >>> scene_continuity(np.array([1.0, 0.0]), np.array([[1.0, 0.0], [0.0, 1.0]])).value
    0.5
    """
    cosines = np.clip(normalised(neighbours) @ normalised(own), 0.0, 1.0)
    detail = {
        "mean": _round(float(cosines.mean())),
        "worst": _round(float(cosines.min())),
        "curve": curve(cosines),
    }
    return Summary(value=float(cosines.mean()), detail=detail)


def identity_summary(similarities: Floats, frames: Sequence[int], found: int, looked: int) -> Summary:
    """Identity over a clip from the worst expected character per looked-at frame, `(F,)`, higher is better.

    The value is p5, so that one stretch of another face is not averaged away; for a still it is that frame.
    `frames` are the frame numbers; `found` of `looked` frames showed every expected character.

    >>> identity_summary(np.array([0.9]), [0], 1, 1).value
    0.9
    """
    values = np.asarray(similarities, dtype=np.float64)
    value = float(np.percentile(values, 5))
    detail = {
        "mean": _round(float(values.mean())),
        "median": _round(float(np.median(values))),
        "p5": _round(value),
        "worst": _round(float(values.min())),
        "worst_frame": int(frames[int(values.argmin())]),
        "detection_rate": _round(found / looked),
        "frames_looked_at": looked,
        "curve": curve(values),
    }
    return Summary(value=value, detail=detail)


def style_adherence(cosine: float, *, mu_pos: float, mu_neg: float) -> float:
    """Where a cosine to the style's centroid lies between foreign style (0) and the references (1).

    >>> round(style_adherence(0.7, mu_pos=0.8, mu_neg=0.3), 2)
    0.8
    """
    return float(np.clip((cosine - mu_neg) / (mu_pos - mu_neg), 0.0, 1.0))


def normalised(vectors: Floats) -> NDArray[np.float64]:
    """Vectors `(..., D)` scaled to length 1; a zero vector stays zero."""
    array = np.asarray(vectors, dtype=np.float64)
    length = np.linalg.norm(array, axis=-1, keepdims=True)
    unit: NDArray[np.float64] = np.divide(array, length, out=np.zeros_like(array), where=length > 0)
    return unit


def curve(values: Floats) -> list[float]:
    """A series for a report: four digits, at most `CURVE_POINTS` points, evenly thinned."""
    array = np.asarray(values, dtype=np.float64)
    if len(array) > CURVE_POINTS:
        array = array[np.linspace(0, len(array) - 1, CURVE_POINTS).round().astype(int)]
    return [_round(float(value)) for value in array]


def _round(value: float) -> float:
    return round(value, 4)

"""The specification's metrics as pure formulas on arrays; networks and files are elsewhere.

Every formula belongs inside one shot: across a cut its number means nothing.
"""

from __future__ import annotations

import statistics
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


def lpips_summary(distances: Sequence[float], frames: Sequence[int] | None = None) -> Summary:
    """Temporal LPIPS from the distance of each frame to the one before, `(T-1,)`, 0 upwards, lower is better.

    Mean **and** p95 must keep the mark, and p95 of distances is the larger of the two except in odd cases, so
    the larger one is the value; `binding` says which. Held frames count as 0 in the mean, as they are seen.
    `frames` `(T-1,)` are the numbers of the later frames in the file: 1, 2, ... when not given.

    >>> lpips_summary([0.0, 0.1, 0.1, 0.2]).detail["mean"]
    0.1
    """
    values = np.asarray(distances, dtype=np.float64)
    mean, p95 = exact_mean(values), float(np.percentile(values, 95))
    detail = {"mean": _round(mean), "p95": _round(p95), "binding": "p95" if p95 >= mean else "mean"}
    numbers = range(1, len(values) + 1) if frames is None else frames
    return Summary(value=max(mean, p95), detail=detail | over_time(values, numbers, worst=int(values.argmax())))


def loop_seam(seam: float, distances: Sequence[float]) -> Summary:
    """How badly a loop closes: the LPIPS of its last frame to its first, 0 upwards, lower is better.

    `distances` `(T-1,)` are the steps inside the loop. How much of the largest one the seam has stands beside
    the value and is not judged: of a loop of small movements it shows a jump that the mark lets pass.

    >>> loop_seam(0.06, [0.04, 0.05, 0.0]).detail["of_largest_step"]
    1.2
    """
    largest = max(distances)
    moving = [distance for distance in distances if distance > 0]
    detail = {
        "median_step": _round(float(np.median(moving)) if moving else 0.0),
        "largest_step": _round(largest),
        "of_largest_step": _round(seam / largest) if largest > 0 else None,
    }
    return Summary(value=seam, detail=detail)


def smoothness(errors: Sequence[float], frames: Sequence[int] | None = None) -> Summary:
    """VBench motion smoothness from the mean absolute error, 0..255, of each interpolated dropped frame.

    `(255 - mean error) / 255`, 0..1, higher is better. `frames` are the numbers of the dropped frames in the
    file: 1, 3, 5, ... when not given.

    >>> round(smoothness([2.55, 7.65]).value, 4)
    0.98
    """
    values = 1.0 - np.asarray(errors, dtype=np.float64) / 255.0
    return _higher_is_better(values, range(1, 2 * len(values), 2) if frames is None else frames)


def subject_steps(features: Floats) -> NDArray[np.float64]:
    """What each frame but the first of one shot adds to VBench subject consistency, `(T-1,)` from `(T, D)`.

    For t >= 2: [max(0, cos(f_t, f_t-1)) + max(0, cos(f_t, f_1))] / 2, 0..1, from one embedding f per frame.

    >>> subject_steps(np.eye(2)[[0, 0, 0]])
    array([1., 1.])
    """
    unit = normalised(features)
    before = np.clip((unit[1:] * unit[:-1]).sum(axis=1), 0.0, 1.0)
    first = np.clip(unit[1:] @ unit[0], 0.0, 1.0)
    steps: NDArray[np.float64] = (before + first) / 2
    return steps


def subject_summary(steps: Floats, frames: Sequence[int]) -> Summary:
    """Subject consistency of a clip, the mean of what each frame of each of its shots adds; higher is better.

    `frames` are the frames' numbers.
    """
    return _higher_is_better(steps, frames)


def scene_continuity(first_frames: Floats, own: int) -> Summary:
    """Continuity of consecutive cuts of a scene from their first frames `(N, D)`, N >= 2; higher is better.

    The fast branch of VBench-Long: its consistency formula over the cuts' first frames in their order, so the
    mean over t >= 2 of [max(0, cos(f_t, f_t-1)) + max(0, cos(f_t, f_1))] / 2. `own` is the place of the judged
    cut, from 0; `cosines` are how much it looks like each of the others, `worst` the smallest.

    >>> scene_continuity(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), 1).detail["cosines"]
    [1.0, 0.0]
    """
    unit = normalised(first_frames)
    cosines = np.clip(np.delete(unit, own, axis=0) @ unit[own], 0.0, 1.0)
    value = exact_mean(subject_steps(first_frames))
    return Summary(
        value=value,
        detail={"mean": _round(value), "worst": _round(float(cosines.min())), "cosines": curve(cosines)},
    )


def identity_summary(similarities: Floats, frames: Sequence[int], complete: int, looked: int) -> Summary:
    """Identity over a clip from the worst expected character per looked-at frame, `(F,)`, higher is better.

    The value is p5, so that one stretch of another face is not averaged away; for a still it is that frame.
    `frames` are the frame numbers; `complete` of `looked` frames showed every expected character.

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
        "detection_rate": _round(complete / looked),
        "frames_looked_at": looked,
        "curve": curve(values),
        "curve_frames": curve_frames(frames),
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
    # Not `> 0`: a vector with NaN in it has NaN for a length, and must not turn into a sound vector of zeros.
    unit: NDArray[np.float64] = np.divide(array, length, out=np.zeros_like(array), where=length != 0)
    return unit


def exact_mean(values: Floats) -> float:
    """The mean of `(T,)`, rounded once at the end: a clip whose every step is its mark keeps the mark.

    >>> exact_mean(np.full(29, 0.15)), float(np.full(29, 0.15).mean())
    (0.15, 0.15000000000000002)
    """
    return float(statistics.mean(np.asarray(values, dtype=np.float64).tolist()))


def over_time(values: Floats, frames: Sequence[int], *, worst: int) -> dict[str, Any]:
    """What a report says and draws of a series: the worst, its frame, the curve and each point's frame."""
    return {
        # A long curve is thinned, and may have lost just this point.
        "worst": _round(float(values[worst])),
        "worst_frame": int(frames[worst]),
        "curve": curve(values),
        "curve_frames": curve_frames(frames),
    }


def curve(values: Floats) -> list[float]:
    """A series for a report: four digits, at most `CURVE_POINTS` points, evenly thinned."""
    array = np.asarray(values, dtype=np.float64)
    return [_round(float(value)) for value in array[_thinned(len(array))]]


def curve_frames(frames: Sequence[int]) -> list[int]:
    """The frame number of each point that `curve` keeps of a series with these numbers."""
    array = np.asarray(frames, dtype=np.int64)
    return [int(frame) for frame in array[_thinned(len(array))]]


def _thinned(length: int) -> NDArray[np.intp]:
    points = min(length, CURVE_POINTS)
    return np.linspace(0, length - 1, points).round().astype(np.intp)


def _higher_is_better(values: Floats, frames: Sequence[int]) -> Summary:
    """The mean of a series, with its weak end."""
    value = exact_mean(values)
    detail = {"mean": _round(value), "p5": _round(float(np.percentile(values, 5)))}
    return Summary(value=value, detail=detail | over_time(values, frames, worst=int(np.argmin(values))))


def _round(value: float) -> float:
    return round(value, 4)

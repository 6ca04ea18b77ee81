"""Three cheap measurements, plain arithmetic, that catch what LPIPS and smoothness let through.

Flickering light, a shaking picture and frames out of order all keep both marks; each shows in a second
difference or in an order of distances. Held frames are removed by the caller.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workers.scoring.metrics import Summary, exact_mean, over_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64] | NDArray[np.float32]

#: share of a picture's blocks, in %, of which a shake leaves none alone
_CALMEST = 25
#: share of what has corners that no shake leaves where it was; by chance, 99 of 100 shaken pictures keep less
STANDS = 0.01
#: mean luma below which a change counts as there: the end of a fade to black is no flicker
DARK = 0.1
#: how much of a swing back is excused by the number of frames it takes
_SPANS, _EXCUSED = (2, 3, 4), (0.0, 0.33, 0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Triples:
    """Three neighbouring distinct frames each: which belong to one shot, and which frame is in their middle."""

    middles: NDArray[np.intp]  #: (T-2,) frame numbers
    inside: NDArray[np.bool_]  #: (T-2,)
    spans: NDArray[np.intp]  #: (T-2,) frames from the first to the last of the three; 2 when none was held


def luma_flicker(means: Floats, where: Triples | None = None) -> Summary:
    """Flicker from the mean luma of each frame, `(T,)` in 0..1, T >= 3.

    Mean absolute second difference as a share of the luma there, so that a lamp's flicker counts the same by
    night. Lower is better; a steady fade gives 0. Without `where` the frames are one shot, numbered from 0.

    >>> luma_flicker(np.array([0.1, 0.2, 0.3, 0.4])).value < 1e-12
    True
    """
    luma = np.asarray(means, dtype=np.float64)
    around = (luma[:-2] + luma[1:-1] + luma[2:]) / 3
    return _lower_is_better(np.abs(np.diff(luma, n=2)) / np.maximum(around, DARK), where)


def jitter(shifts: Floats, standing: Floats, where: Triples | None = None) -> Summary:
    """Shaking from how far each block of a frame went since the one before, `(T-1, B, 2)` in % of the width.

    How much the shift changes from one frame to the next in the calmest quarter of the blocks, at most; its
    mean, lower is better; a steady pan gives 0. `standing` `(T-2,)` is the share of what has corners that
    stands over three frames, 0..1: where a hundredth does, nothing shakes.

    A camera that shakes takes the whole picture along, to its last corner. People who laugh, shake their heads
    or land after a jump leave the place behind them where it was, and drawn on twos they swing back within two
    drawings: by how far they go, and how often, a close-up of them cannot be told from a shake.
    A block without texture is NaN and does not count; where all are, nothing is seen to move. So are blocks of
    steps that nobody looked at, because the picture stands.

    >>> shakes = np.tile([[[0.0, 2.0]], [[0.0, -2.0]], [[0.0, 2.0]]], (1, 12, 1))
    >>> jitter(shakes, np.array([0.0, 0.0])).value, jitter(shakes, np.array([0.0, 0.2])).value
    (4.0, 2.0)
    """
    changes = np.linalg.norm(np.diff(np.asarray(shifts, dtype=np.float64), axis=0), axis=2)
    seen = np.isfinite(changes).any(axis=1) & (np.asarray(standing, dtype=np.float64) < STANDS)
    calmest = np.zeros(len(changes))
    calmest[seen] = np.nanpercentile(changes[seen], _CALMEST, axis=1, method="lower")
    return _lower_is_better(calmest, where)


def frame_order(steps: Floats, skips: Floats, where: Triples | None = None) -> Summary:
    """Whether frames come in their order, from how far they are apart.

    `steps` `(T-1,)` are distances from each frame to the next, `skips` `(T-2,)` to the next but one.
    Mean of min(1, skip / larger of its two steps), weighted by how much moves there, 0..1, higher is better. In
    order, two steps lead further than one and the ratio is 1; shuffled, they lead back and it falls below 0.67.
    The ratio and not the mere share of frames where it exceeds 1, because acting drawn on twos swings back
    within two or three drawings (laughing, walking) and that share then cannot tell it from a shuffle. Three
    drawings that are held span four frames or more, and in that time swinging back is half excused: nobody does
    so within a twelfth of a second. A shuffle breaks the holds up, and is never excused. NaN: nothing moves.

    >>> frame_order(np.array([1.0, 1.0, 1.0]), np.array([2.0, 2.0])).value
    1.0
    """
    one = np.asarray(steps, dtype=np.float64)
    two = np.asarray(skips, dtype=np.float64)
    larger = np.maximum(one[:-1], one[1:])
    ratio = np.divide(two, larger, out=np.ones_like(two), where=larger > 0).clip(0.0, 1.0)
    if where is not None:
        ratio += (1.0 - ratio) * np.interp(where.spans, _SPANS, _EXCUSED)
    weight = one[:-1] + one[1:]
    ratio, frames = _inside(ratio, where)
    weight, _ = _inside(weight, where)
    value = float((ratio * weight).sum() / weight.sum()) if weight.sum() else math.nan
    detail = {"mean": round(value, 4), "p5": round(float(np.percentile(ratio, 5)), 4)}
    return Summary(value=value, detail=detail | over_time(ratio, frames, worst=int(ratio.argmin())))


def _inside(series: NDArray[np.float64], where: Triples | None) -> tuple[NDArray[np.float64], list[int]]:
    """What belongs to one shot of a series over three neighbouring frames, and the frames in their middles."""
    if where is None:
        return series, list(range(1, len(series) + 1))
    return series[where.inside], [int(frame) for frame in where.middles[where.inside]]


def _lower_is_better(series: NDArray[np.float64], where: Triples | None) -> Summary:
    inside, frames = _inside(series, where)
    value = exact_mean(inside)
    detail = {"mean": round(value, 4), "p95": round(float(np.percentile(inside, 95)), 4)}
    return Summary(value=value, detail=detail | over_time(inside, frames, worst=int(inside.argmax())))

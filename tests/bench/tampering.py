"""What is done to good frames, and by which metric's name each fault must be refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.metrics import Metric
from models.vocabulary import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.bench.footage import Frame, Frames, Material


@dataclass(frozen=True, slots=True, kw_only=True)
class Tampering:
    """One fault, or one change that is none."""

    name: str
    #: one of these names must stand among the blocking ones; empty when the clip must pass
    refused_by: frozenset[Metric]
    #: the frames to be written, from the good ones
    apply: Callable[[Material, Frames], Iterable[Frame]]
    applies: Callable[[Material], bool] = lambda material: True
    #: why it is not refused, where that is known and meant
    not_judged: str = ""
    #: the rate that is written, as a share of the ordered one
    speed: float = 1.0


def _is_loop(material: Material) -> bool:
    return material.phase is Phase.LOOP


def _is_drawn(material: Material) -> bool:
    return bool(material.people)


def _jitter(reach_px: int) -> Callable[[Material, Frames], Iterator[Frame]]:
    """Every frame is moved by that many pixels to one side and up or down, at random."""

    def apply(material: Material, frames: Frames) -> Iterator[Frame]:
        draw = np.random.default_rng(reach_px)
        for frame in frames:
            dx, dy = (int(draw.choice([-reach_px, reach_px])) for _ in "xy")
            height, width = frame.shape[:2]
            padded = np.pad(frame, ((reach_px,) * 2, (reach_px,) * 2, (0, 0)), mode="edge")
            yield padded[reach_px + dy : reach_px + dy + height, reach_px + dx : reach_px + dx + width]

    return apply


def _flicker(size: float) -> Callable[[Material, Frames], Iterator[Frame]]:
    """Every frame is brighter or darker by up to that share."""

    def apply(material: Material, frames: Frames) -> Iterator[Frame]:
        draw = np.random.default_rng(3)
        for frame in frames:
            yield _lit(frame, 1.0 + float(draw.uniform(-size, size)))

    return apply


def _fade(material: Material, frames: Frames) -> Iterator[Frame]:
    """Slowly darker down to 70 %; a loop comes back to where it began."""
    for index, frame in enumerate(frames):
        done = index / (len(frames) - 1)
        yield _lit(frame, 1.0 - 0.3 * done if not _is_loop(material) else 1.0 - 0.1 * np.sin(np.pi * done))


def _lit(frame: Frame, gain: float) -> Frame:
    return np.clip(frame.astype(np.float32) * gain + 0.5, 0, 255).astype(np.uint8)


def _shuffled(material: Material, frames: Frames) -> Iterator[Frame]:
    """Every four frames in the order 2, 0, 3, 1."""
    for start in range(0, len(frames), 4):
        group = frames[start : start + 4]
        yield from (group[i] for i in (2, 0, 3, 1) if i < len(group))


def _stuttered(material: Material, frames: Frames) -> Iterator[Frame]:
    """Of every eight frames the last four are the fourth again: it hangs, then it jumps."""
    for index in range(len(frames)):
        yield frames[index - index % 8 + min(index % 8, 3)]


def _halfway(other: Callable[[Material], Frames]) -> Callable[[Material, Frames], Iterator[Frame]]:
    def apply(material: Material, frames: Frames) -> Iterator[Frame]:
        yield from frames[: len(frames) // 2]
        yield from other(material)[len(frames) // 2 :]

    return apply


def _dissolved(material: Material, frames: Frames) -> Iterator[Frame]:
    """From the first frame to the last it turns into another clip."""
    foreign = _fitted(material.foreign(), frames[0])
    for index, frame in enumerate(frames):
        done = index / (len(frames) - 1)
        yield np.asarray(cv2.addWeighted(frame, 1 - done, foreign[index % len(foreign)], done, 0), np.uint8)


def _fitted(foreign: Frames, frame: Frame) -> Frames:
    height, width = frame.shape[:2]
    return [np.asarray(cv2.resize(other, (width, height)), np.uint8) for other in foreign]


def _spliced(material: Material, frames: Frames) -> Iterator[Frame]:
    """A quarter from the middle is another shot."""
    foreign = _fitted(material.foreign(), frames[0])
    begin, length = len(frames) * 3 // 8, len(frames) // 4
    for index, frame in enumerate(frames):
        inside = begin <= index < begin + length
        yield foreign[(index - begin) % len(foreign)] if inside else frame


def _half_loop(material: Material, frames: Frames) -> Iterator[Frame]:
    """Only half the movement, at half the speed: it ends where it is farthest from its beginning."""
    for index in range(len(frames)):
        yield frames[index // 2]


def _drifting(material: Material, frames: Frames) -> Iterator[Frame]:
    """The camera drifts a fifth of the picture to the side and never comes back."""
    width = frames[0].shape[1]
    for index, frame in enumerate(frames):
        away = round(width / 5 * index / (len(frames) - 1))
        yield np.pad(frame, ((0, 0), (0, away), (0, 0)), mode="edge")[:, away:]


def _scaled(material: Material, frames: Frames) -> Iterator[Frame]:
    height, width = frames[0].shape[:2]
    for frame in frames:
        yield np.asarray(cv2.resize(frame, (width * 3 // 4, height * 3 // 4)), np.uint8)


def _strangers(material: Material) -> Frames:
    assert material.strangers is not None
    return material.strangers()


def _dyed(material: Material) -> Frames:
    assert material.dyed is not None
    return material.dyed()


def _one(metric: Metric) -> frozenset[Metric]:
    return frozenset({metric})


TAMPERINGS = (
    Tampering(name="original", refused_by=frozenset(), apply=lambda material, frames: frames),
    Tampering(name="slow fade", refused_by=frozenset(), apply=_fade),
    Tampering(name="jitter 2 px", refused_by=_one(Metric.JITTER), apply=_jitter(2)),
    Tampering(name="jitter 6 px", refused_by=_one(Metric.JITTER), apply=_jitter(6)),
    Tampering(name="flicker 3 %", refused_by=_one(Metric.LUMA_FLICKER), apply=_flicker(0.03)),
    Tampering(name="flicker 10 %", refused_by=_one(Metric.LUMA_FLICKER), apply=_flicker(0.10)),
    Tampering(name="shuffled in fours", refused_by=_one(Metric.FRAME_ORDER), apply=_shuffled),
    Tampering(
        name="stutter",
        refused_by=frozenset(),
        apply=_stuttered,
        not_judged="a pose is struck by a hold and a jump as well; only a hold of half the clip is `frozen`",
    ),
    Tampering(
        name="frozen", refused_by=_one(Metric.FROZEN), apply=lambda material, frames: frames[:1] * len(frames)
    ),
    Tampering(
        name="blank",
        refused_by=_one(Metric.BLANK),
        apply=lambda material, frames: [np.full_like(frames[0], 118)] * len(frames),
    ),
    Tampering(
        name="half as long",
        refused_by=_one(Metric.FRAME_COUNT),
        apply=lambda material, frames: frames[: len(frames) // 2],
    ),
    Tampering(
        name="half the rate", refused_by=_one(Metric.FPS), apply=lambda material, frames: frames, speed=0.5
    ),
    Tampering(name="smaller", refused_by=_one(Metric.SIZE), apply=_scaled),
    Tampering(
        name="foreign shot",
        refused_by=_one(Metric.TEMPORAL_LPIPS),
        apply=_spliced,
        applies=lambda material: material.shots == 1,
    ),
    Tampering(
        name="slowly another",
        refused_by=_one(Metric.SUBJECT_CONSISTENCY),
        apply=_dissolved,
        applies=lambda material: material.shots == 1 and not _is_loop(material) and not _is_drawn(material),
    ),
    Tampering(name="open loop", refused_by=_one(Metric.LOOP_SEAM), apply=_drifting, applies=_is_loop),
    Tampering(
        name="half a loop",
        refused_by=frozenset(),
        apply=_half_loop,
        applies=_is_loop,
        not_judged="small movements end near their beginning: the specification's mark for the seam lets them "
        "pass, and `of_largest_step` in the metric's detail shows them",
    ),
    Tampering(
        name="other people",
        refused_by=_one(Metric.IDENTITY),
        apply=lambda material, frames: _strangers(material),
        applies=_is_drawn,
    ),
    Tampering(
        name="hair dyed half-way",
        refused_by=_one(Metric.IDENTITY),
        apply=_halfway(_dyed),
        applies=_is_drawn,
    ),
)

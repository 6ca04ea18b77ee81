"""Labelled heads for attribute checking: each pixel's part (hair, iris, skin), from drawing a picture twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest.mock import patch

import cv2
import numpy as np

from workers.renderers.toon import palette
from workers.renderers.toon.random_scenes import moving, picture
from workers.scoring.frames import square_around

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from workers.renderers.toon.random_scenes import Cast

#: side of a kept square in pixels, and how much wider than the head it is: room to move and resize the box
SIDE_PX = 128
MARGIN = 1.7
PARTS = ("hair", "iris", "skin")
#: a part is painted in one pure channel; ink, shadow and rim light have none that stands out so far
_PURE = 60
#: levels by which the two drawings of a painted pixel differ at least
_CHANGED = 6


@dataclass(frozen=True, slots=True, eq=False)
class LabelledHead:
    """One head of a random picture, what each pixel of it is, and what its character was told to look like."""

    square: NDArray[np.uint8]  #: (128, 128, 3) uint8 RGB, the head in the middle
    part: NDArray[np.uint8]  #: (128, 128): 0 nothing, else 1 + index in `PARTS`
    side: float  #: side of the square in pixels of the picture
    attributes: dict[str, str]
    camera: str
    time: str
    mood: str
    box: tuple[float, float, float, float]  #: x0, y0, x1, y1 of the head in the picture
    frame: NDArray[np.uint8]  #: the whole picture


def labelled(series: str, pictures: int) -> Iterator[LabelledHead]:
    """Heads from `pictures` random pictures of a series, alone and in pairs, half of them moving."""
    for number in range(pictures):
        people = (2 * number, 2 * number + 1) if number % 3 == 0 else (2 * number,)
        yield from _heads((moving if number % 2 else picture)(people, series, number))


def _heads(cast: Cast) -> Iterator[LabelledHead]:
    frame = cast.draw()
    with (
        patch.dict(palette.HAIR, dict.fromkeys(palette.HAIR, (255.0, 0.0, 0.0))),
        patch.dict(palette.EYES, dict.fromkeys(palette.EYES, (0.0, 255.0, 0.0))),
        patch.dict(palette.SKIN, dict.fromkeys(palette.SKIN, (0.0, 0.0, 255.0))),
    ):
        painted = cast.draw()
    parts = _parts(frame, painted)
    scene = cast.recipe.scene
    for look, box in zip(cast.recipe.characters, cast.heads(), strict=True):
        if not _is_inside(box, frame):
            continue
        side = MARGIN * max(box[2] - box[0], box[3] - box[1])
        around = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, max(8, round(side)), SIDE_PX)
        yield LabelledHead(
            square=square_around(frame, *around),
            part=square_around(parts, *around, how=cv2.INTER_NEAREST),
            side=side,
            attributes=dict(look.attributes),
            camera=scene.camera_angle,
            time=scene.time_of_day,
            mood=scene.mood,
            box=box,
            frame=frame,
        )


def _parts(frame: NDArray[np.uint8], painted: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What each pixel is, `(H, W)`: read from the channel it was painted in, where the paint changed it."""
    ordered = np.sort(painted.astype(np.int16), axis=2)
    pure = (ordered[..., 2] - ordered[..., 1] >= _PURE) & (cv2.absdiff(frame, painted).max(axis=2) > _CHANGED)
    return np.where(pure, 1 + painted.argmax(axis=2), 0).astype(np.uint8)


def _is_inside(box: tuple[float, float, float, float], frame: NDArray[np.uint8]) -> bool:
    """Whether the head's middle can be seen at all."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return bool(0 <= x < frame.shape[1] and 0 <= y < frame.shape[0])

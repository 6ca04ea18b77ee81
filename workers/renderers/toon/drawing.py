"""Frames from a recipe: the one door through which everything in this package draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import skia

from models.vocabulary import JobType
from workers.renderers.toon import acting, camera, composite, defects, sheet
from workers.renderers.toon.figure import HEAD_BOX, NECK_Y
from workers.renderers.toon.stage import Placed, Stage, stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from models.recipe import Recipe

Box = tuple[float, float, float, float]


def frames(recipe: Recipe) -> Iterator[npt.NDArray[np.uint8]]:
    """The take's frames in order, each (H, W, 3) uint8 RGB and contiguous.

    Equal recipes give equal bytes in every process. `frame_count` frames come out, one for a still, fewer where
    the recipe's defect says so.

    Raises:
        OrderRefused: an attribute outside the vocabulary.
    """
    return defects.spoiled(recipe, clean_frames)


def clean_frames(recipe: Recipe) -> Iterator[npt.NDArray[np.uint8]]:
    surface = skia.Surface(recipe.width, recipe.height)
    if recipe.job_type is JobType.CHARACTER_SHEET:
        sheet.draw_sheet(surface.getCanvas(), recipe)
        yield _pixels(surface)
        return
    set_up = stage(recipe)
    painter = composite.FramePainter(set_up)
    count = recipe.frame_count if recipe.job_type.is_motion else 1
    held: tuple[Any, npt.NDArray[np.uint8]] | None = None
    for frame in range(count):
        eye = camera.eye(recipe, set_up.words, frame)
        key = (acting.drawing_of(frame), eye)
        if held is None or held[0] != key:
            painter.paint(surface.getCanvas(), frame, eye)
            held = (key, _pixels(surface))
        yield held[1].copy()


def moments(recipe: Recipe, numbers: Iterable[int]) -> list[npt.NDArray[np.uint8]]:
    """Some frames of a still or moving take without those between them, each (H, W, 3) uint8 RGB.

    Raises:
        OrderRefused: an attribute outside the vocabulary.
    """
    surface, set_up = skia.Surface(recipe.width, recipe.height), stage(recipe)
    painter = composite.FramePainter(set_up)
    pictures = []
    for number in numbers:
        painter.paint(surface.getCanvas(), number, camera.eye(recipe, set_up.words, number))
        pictures.append(_pixels(surface))
    return pictures


def head_boxes(recipe: Recipe) -> list[list[Box]]:
    """True head rectangles (x0, y0, x1, y1) in pixels, per frame and per character in the recipe's order.

    For teaching and testing a head finder only: nothing that judges a take may look here. A sheet gives those
    of its portraits, all of the first character.
    """
    if recipe.job_type is JobType.CHARACTER_SHEET:
        return [sheet.head_boxes(recipe)]
    set_up = stage(recipe)
    count = recipe.frame_count if recipe.job_type.is_motion else 1
    people = sorted(set_up.people, key=lambda one: one.role.index)
    return [[_head_box(set_up, one, frame) for one in people] for frame in range(count)]


def _head_box(set_up: Stage, one: Placed, frame: int) -> Box:
    recipe = set_up.recipe
    now = acting.moment(recipe, set_up.words, one.role, frame)
    matrix = composite.world_matrix(set_up, camera.eye(recipe, set_up.words, frame))
    matrix.preTranslate(one.x, one.y)
    matrix.preScale(one.scale, one.scale)
    matrix.preTranslate(0, now.breath * 1.6 - now.lift + NECK_Y)
    matrix.preRotate(now.tilt)
    matrix.preTranslate(0, -NECK_Y)
    rect = matrix.mapRect(skia.Rect.MakeLTRB(*HEAD_BOX))
    return (rect.left(), rect.top(), rect.right(), rect.bottom())


def _pixels(surface: Any) -> npt.NDArray[np.uint8]:
    image = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)
    return np.ascontiguousarray(image[..., :3])

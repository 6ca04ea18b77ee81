"""For each word that the toon renderer draws, a small take in which it is seen; nothing is drawn here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from models.recipe import CharacterLook, Recipe, SceneLook, StyleLook
from models.vocabulary import JobType
from workers.renderers.toon.attributes import VOCABULARY

#: (width, height) in pixels, of a set and of somebody
_SET, _PERSON = (320, 180), (200, 250)
_SOMEBODY = CharacterLook(
    name="aoi",
    attributes={
        "hair_color": "pink",
        "hair_style": "bob",
        "eye_color": "blue",
        "outfit": "sailor",
        "skin": "fair",
        "face": "oval",
        "eye_shape": "round",
    },
    position="center",
)
_COMPANION = CharacterLook(
    name="ren", attributes={"hair_color": "black", "hair_style": "short", "outfit": "hoodie"}, position="right"
)
_COLOURS = {"primary": "#f4a259", "accent": "#19b37b"}
#: attributes of the whole body, and those by which somebody is compared with somebody else
_WHOLE = frozenset({"outfit", "outfit_color", "pose", "build"})
_COMPARED = frozenset({"age", "height"})
_LEGS = frozenset({"walks", "jumps"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """A take, and which of its frames show the word."""

    recipe: Recipe
    frames: tuple[int, ...] = field(default=(0,))


def specimen(kind: str, word: str = "") -> Specimen:
    """The take that shows a word of `undrawn.tables`; without a word, the same take with it unsaid."""
    if kind in VOCABULARY:
        return Specimen(recipe=_portrait(kind, word))
    if kind in ("line_weight", "shading_style"):
        style = StyleLook(line_weight=word) if kind == "line_weight" else StyleLook(shading_style=word)
        return Specimen(recipe=replace(_still(_PERSON, camera_angle="close up"), style=style))
    if kind == "color_palette":
        palette = {word: _COLOURS[word]} if word else {}
        return Specimen(recipe=replace(_still(_SET, location="street"), style=StyleLook(color_palette=palette)))
    return _scene(kind, word)


def _scene(kind: str, word: str) -> Specimen:
    text = word.replace("_", " ")
    if kind == "location":
        return Specimen(recipe=replace(_still(_SET, location=text), characters=()))
    if kind == "camera_move":
        take = _moving(_still(_SET, location="street", camera_move=text), 72)
        return Specimen(recipe=take, frames=(0, 36, 71))
    if kind == "action":
        angle = "wide" if word in _LEGS else "medium"
        return Specimen(
            recipe=_moving(_still(_PERSON, camera_angle=angle, action=text), 32), frames=(0, 8, 16, 24)
        )
    # At night a park has fireflies, and on days of sunshine petals.
    place = "park" if kind == "time_of_day" else "street"
    return Specimen(recipe=_still(_SET, **{"location": place, kind: text}))


def _portrait(kind: str, word: str) -> Recipe:
    kept = {name: value for name, value in _SOMEBODY.attributes.items() if name != kind}
    look = replace(_SOMEBODY, attributes={**kept, kind: word} if word else kept)
    if kind in _COMPARED:
        people = (replace(look, position="left"), _COMPANION)
        return replace(_still(_PERSON, camera_angle="wide"), characters=people)
    angle = "wide" if kind in _WHOLE else "medium" if kind == "view" else "close up"
    return replace(_still(_PERSON, camera_angle=angle), characters=(look,))


def _still(size: tuple[int, int], **scene: str) -> Recipe:
    width, height = size
    return Recipe(
        renderer="toon",
        job_type=JobType.STILL_IMAGE,
        seed=7,
        width=width,
        height=height,
        characters=(_SOMEBODY,),
        scene=SceneLook(**scene, background_seed=7),
    )


def _moving(still: Recipe, frames: int) -> Recipe:
    return replace(still, job_type=JobType.FULL_VIDEO, frame_count=frames)

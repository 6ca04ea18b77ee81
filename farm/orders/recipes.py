"""Builds recipes: who is seen, where and in which style, as pure functions; the words are in `prompt`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from models.recipe import CharacterLook, Lora, SceneLook, StyleLook
from workers.renderers.toon.attributes import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.rows.characters import Character, CharacterVariation
    from models.rows.shows import Cut, StoryBible

_POSITIONS = ("left", "center", "right")


@dataclass(frozen=True, slots=True, kw_only=True)
class Casting:
    """One character as an order shows them."""

    character: Character
    variations: tuple[CharacterVariation, ...] = ()
    #: attributes the order itself sets, over everything else
    attributes: Mapping[str, str] = field(default_factory=dict)
    position: str = ""


def look_of(casting: Casting, renderer: str) -> CharacterLook:
    """The character's attributes with the variations applied; in the toon renderer's own words for it.

    Raises:
        OrderRefused: the renderer cannot draw one of them; the sentence names the nearest word.
    """
    layers: list[Mapping[str, str]] = [
        {row.attribute_type: row.attribute_value for row in casting.character.attributes}
    ]
    layers += [attributes_set_by(variation) for variation in casting.variations]
    layers.append(casting.attributes)
    # Each layer is read on its own: what a variation only implies still wins over the layer below it.
    seen: dict[str, str] = {}
    for layer in layers:
        seen |= _normalised(tuple(layer.items())) if renderer == "toon" else dict(layer)
    return CharacterLook(name=casting.character.slug, attributes=seen, position=casting.position)


def scene_of(project: str, cut: Cut | None, path: str, ordered: Mapping[str, str]) -> SceneLook:
    """Where and when, and how the camera sees it: the cut's own words unless the order says others."""
    words = {
        "location": cut.scene.location if cut else None,
        "time_of_day": cut.scene.time_of_day if cut else None,
        "mood": cut.scene.mood if cut else None,
        "camera_angle": cut.camera_angle if cut else None,
        "camera_move": cut.camera_move if cut else None,
        "action": cut.action_notes if cut else None,
        "dialogue": cut.dialogue if cut else None,
    }
    look = {name: ordered.get(name) or word or "" for name, word in words.items()}
    # One background per scene; without a scene, one per place and time of the project.
    identity = path.rsplit("/", 1)[0] if path else f"{look['location']} {look['time_of_day']}"
    return SceneLook(**look, background_seed=derived_seed("background", project, identity))


def style_of(bible: StoryBible | None, overrides: Mapping[str, Any]) -> StyleLook:
    """The story bible's art direction, with what a scene overrides."""
    palette = {**(bible.color_palette if bible else {}), **(overrides.get("color_palette") or {})}
    words = {
        name: str(overrides.get(name) or (getattr(bible, name) if bible else None) or "")
        for name in ("art_style", "line_weight", "shading_style")
    }
    return StyleLook(**words, color_palette={str(name): str(value) for name, value in palette.items()})


def world_of(bible: StoryBible | None, overrides: Mapping[str, Any]) -> tuple[str, ...]:
    """What the story bible says of the world, for the prompt: setting, time period, moods.

    A scene's overrides win, word by word: an empty one leaves that part out.
    """
    texts: list[str] = []
    for name in ("setting_description", "time_period", "mood_keywords"):
        value = overrides[name] if name in overrides else getattr(bible, name, None)
        texts += [str(word) for word in (value if isinstance(value, list | tuple) else [value or ""])]
    return tuple(word.strip().rstrip(".") for word in texts if word.strip())


def loras_of(castings: Sequence[Casting], ordered: Sequence[Lora]) -> tuple[Lora, ...]:
    """The order's LoRAs, and each character's own where the order does not name it already."""
    named = {lora.path for lora in ordered}
    own = (
        Lora(name=casting.character.slug, path=casting.character.lora_model_path)
        for casting in castings
        if casting.character.lora_model_path and casting.character.lora_model_path not in named
    )
    return (*ordered, *own)


def position_of(notes: str | None) -> str:
    """`left`, `center` or `right` where the notes say so; else empty, for the renderer to choose."""
    words = (notes or "").lower().replace("centre", "center").split()
    return next((word for word in _POSITIONS if word in words), "")


def derived_seed(*parts: object) -> int:
    """0 <= seed < 2^64, the same for the same parts on every machine."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


@lru_cache(maxsize=4096)
def _normalised(layer: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """`normalise`, remembered: ten thousand orders show the same few people."""
    return normalise(dict(layer))


def attributes_set_by(variation: CharacterVariation) -> dict[str, str]:
    """The attributes that a variation puts in place of the character's own, by type."""
    return dict(variation.prompt_modifiers.get("attributes") or {})

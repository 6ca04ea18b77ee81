"""Builds recipes: who is seen, where, in which style, and the prompt that says it, as pure functions."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from models.recipe import CharacterLook, Lora, SceneLook, StyleLook
from workers.renderers.toon.attributes import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from models.rows.characters import Character, CharacterVariation
    from models.rows.shows import Cut, StoryBible

_POSITIONS = ("left", "center", "right")
#: how an attribute reads in a prompt where nobody gave it words of its own
_PHRASES = {
    "hair": "{} hair",
    "eyes": "{} eyes",
    "hair_color": "{} hair",
    "hair_style": "{} hair",
    "eye_color": "{} eyes",
    "eye_shape": "{} eyes",
    "skin": "{} skin",
    "face": "{} face",
    "build": "{} build",
    "height": "{} stature",
    "outfit_color": "{} clothes",
    "expression": "{} expression",
    "view": "seen from {}",
}
_HAIR_NOUNS = frozenset({"bob", "ponytail", "twintails", "braid", "bun", "side_tail"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Casting:
    """One character as an order shows them."""

    character: Character
    variations: tuple[CharacterVariation, ...] = ()
    #: attributes the order itself sets, over everything else
    attributes: Mapping[str, str] = field(default_factory=dict)
    position: str = ""


def prompt_of(casting: Casting) -> str:
    """A character in words.

    The base prompt, or the name where there is none; then each attribute's prompt tokens (its value where it
    has none) by descending priority, then type, joined with `, `; then the modifiers of each variation in turn:
    `replace` exchanges words, `prepend` goes in front, `append` behind. An attribute that a variation or the
    order sets takes the place of the character's own.
    """
    replaced: dict[str, str] = {}
    for variation in casting.variations:
        replaced |= _set_by(variation)
    replaced |= casting.attributes
    parts = [casting.character.base_prompt or casting.character.name]
    for row in sorted(casting.character.attributes, key=lambda row: (-row.priority, row.attribute_type)):
        own = row.prompt_tokens or [row.attribute_value]
        kind = row.attribute_type
        parts += [phrase(kind, replaced.pop(kind))] if kind in replaced else own
    parts += [phrase(kind, word) for kind, word in replaced.items()]
    text = ", ".join(parts)
    for variation in casting.variations:
        text = _modified(text, variation.prompt_modifiers)
    return text


def phrase(kind: str, word: str) -> str:
    """An attribute as words of a prompt: a bare `green` says nothing to a network.

    >>> phrase("eyes", "green"), phrase("hair", "long pink hair"), phrase("hair_style", "side_tail")
    ('green eyes', 'long pink hair', 'side tail')
    """
    plain = word.replace("_", " ")
    form = "{}" if word in _HAIR_NOUNS else _PHRASES.get(kind, "{}")
    noun = form.rpartition(" ")[2]
    return plain if noun in plain.split() else form.format(plain)


def look_of(casting: Casting, renderer: str) -> CharacterLook:
    """The character's attributes with the variations applied; in the toon renderer's own words for it.

    Raises:
        OrderRefused: the renderer cannot draw one of them; the sentence names the nearest word.
    """
    layers: list[Mapping[str, str]] = [
        {row.attribute_type: row.attribute_value for row in casting.character.attributes}
    ]
    layers += [_set_by(variation) for variation in casting.variations]
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


def positive_prompt(
    castings: Sequence[Casting],
    scene: SceneLook,
    style: StyleLook,
    *,
    prompt: str,
    description: str = "",
    world: Sequence[str] = (),
) -> str:
    """The order's own words, then who, what they do, where and when, the world around it, and the style.

    What the order and the cut say stands first, because a network heeds the beginning of a prompt most; a part
    that was said before is not said again.
    """
    camera = " ".join(word for word in (scene.camera_angle, scene.camera_move) if word)
    parts = [
        prompt,
        *(prompt_of(casting) for casting in castings),
        description,
        scene.action,
        scene.location,
        scene.time_of_day,
        f"{scene.mood} mood" if scene.mood else "",
        camera,
        *world,
        style.art_style,
        f"{style.shading_style} shading" if style.shading_style else "",
        f"{style.line_weight} lines" if style.line_weight else "",
    ]
    once: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in parts)):
        once.setdefault(part.casefold(), part)
    return ", ".join(once.values())


def negative_prompt(castings: Sequence[Casting], words: Iterable[str]) -> str:
    """The order's and the project's words and every character's negative tokens, each once."""
    tokens = [*words, *(token for casting in castings for token in casting.character.negative_tokens)]
    return ", ".join(dict.fromkeys(token.strip() for token in tokens if token.strip()))


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


def _modified(text: str, modifiers: Mapping[str, Any]) -> str:
    text = _exchanged(text, modifiers.get("replace") or {})
    return ", ".join([*_words(modifiers.get("prepend")), text, *_words(modifiers.get("append"))])


def _exchanged(text: str, words: Mapping[str, str]) -> str:
    """All at once, the longest first: the database keeps no order of them, and one may bring another's word."""
    pattern = "|".join(re.escape(old) for old in sorted(words, key=len, reverse=True) if old)
    return re.sub(pattern, lambda match: words[match[0]], text) if pattern else text


def _words(value: str | list[str] | None) -> list[str]:
    return [word for word in ([value] if isinstance(value, str) else value or ()) if word]


def _set_by(variation: CharacterVariation) -> dict[str, str]:
    return dict(variation.prompt_modifiers.get("attributes") or {})

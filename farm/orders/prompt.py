"""The words of a prompt: each character, the cut, the scene, the world and the style, as pure functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from farm.orders.recipes import Casting, attributes_set_by
from models.recipe import SceneLook, StyleLook

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


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


def prompt_of(casting: Casting) -> str:
    """A character in words.

    The base prompt, or the name where there is none; then each attribute's prompt tokens (its value where it
    has none) by descending priority, then type, joined with `, `; then the modifiers of each variation in turn:
    `replace` exchanges words, `prepend` goes in front, `append` behind. An attribute that a variation or the
    order sets takes the place of the character's own.
    """
    replaced: dict[str, str] = {}
    for variation in casting.variations:
        replaced |= attributes_set_by(variation)
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


def _modified(text: str, modifiers: Mapping[str, Any]) -> str:
    text = _exchanged(text, modifiers.get("replace") or {})
    return ", ".join([*_words(modifiers.get("prepend")), text, *_words(modifiers.get("append"))])


def _exchanged(text: str, words: Mapping[str, str]) -> str:
    """All in one pass, the longest first: they have no order, and a replacement may contain another's word."""
    pattern = "|".join(re.escape(old) for old in sorted(words, key=len, reverse=True) if old)
    return re.sub(pattern, lambda match: words[match[0]], text) if pattern else text


def _words(value: str | list[str] | None) -> list[str]:
    return [word for word in ([value] if isinstance(value, str) else value or ()) if word]

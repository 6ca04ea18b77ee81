"""The words of a prompt: each character, the cut, the scene, the world and the style, as pure functions."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from farm.orders.recipes import Casting, attributes_set_by
from models.errors import OrderRefused
from models.recipe import SceneLook, StyleLook
from workers.renderers.toon.attributes import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from models.rows.characters import CharacterAttribute


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
    order sets takes the place of the character's own, under whatever type that says it, and in the base prompt.
    """
    replaced: dict[str, str] = {}
    for variation in casting.variations:
        replaced |= attributes_set_by(variation)
    replaced |= casting.attributes
    words, unsaid = [], dict(replaced)
    rows = sorted(casting.character.attributes, key=lambda row: (-row.priority, row.attribute_type))
    for row in rows:
        kind = row.attribute_type
        if kind in replaced:
            words.append(phrase(kind, unsaid.pop(kind)))
        else:
            words += _left_of(row, replaced)
    words += [phrase(_typical(kind, word), word) for kind, word in unsaid.items()]
    base = casting.character.base_prompt or casting.character.name
    for row in rows:
        if (new := _in_place_of(row, replaced)) is not None:
            base = reworded(base, row.attribute_type, row.attribute_value, new)
    text = ", ".join([base, *words])
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


def reworded(text: str, kind: str, old: str, new: str, only: int | None = None) -> str:
    """The text with an attribute's new word where it says the old one: everywhere, or the `only` time from 0.

    >>> reworded("a pink-haired girl, long pink hair", "hair_color", "pink", "silver")
    'a silver-haired girl, long silver hair'
    """
    noun = _PHRASES.get(kind, "{}").rpartition("{}")[2].strip()
    beside = rf"(?=[\s-]+(?:[\w-]+\s+)?{re.escape(noun.removesuffix('s'))})" if noun else r"\b"
    before, after = (word.replace("_", " ").removesuffix(noun).strip() for word in (old, new))
    count = itertools.count()
    return re.sub(
        rf"\b{re.escape(before)}{beside}",
        lambda match: after if only in (None, next(count)) else match[0],
        text,
        flags=re.IGNORECASE,
    )


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


def _left_of(row: CharacterAttribute, replaced: Mapping[str, str]) -> list[str]:
    """What an attribute still says beside those that are set, of which some may be said by it too."""
    own = _settled(row.attribute_type, row.attribute_value)
    others = set().union(*(_settled(kind, word) for kind, word in replaced.items()))
    if others.isdisjoint(own):
        return row.prompt_tokens or [row.attribute_value]
    return [phrase(kind, word) for kind, word in own.items() if kind not in others]


def _in_place_of(row: CharacterAttribute, replaced: Mapping[str, str]) -> str | None:
    """The word that is set in place of an attribute's own, under its type or another that says the same."""
    if row.attribute_type in replaced:
        return replaced[row.attribute_type]
    settled: dict[str, str] = {}
    for kind, word in replaced.items():
        settled |= _settled(kind, word)
    return settled.get(next(iter(_settled(row.attribute_type, row.attribute_value))))


def _typical(kind: str, word: str) -> str:
    """The type under which an attribute has words, where it is written under another name of it."""
    return kind if kind in _PHRASES else next(iter(_settled(kind, word)))


@lru_cache(maxsize=4096)
def _settled(kind: str, word: str) -> Mapping[str, str]:
    """The attributes that a word says, in the vocabulary where it knows them: `long pink hair` says two."""
    try:
        return normalise({kind: word})
    except OrderRefused:
        return {kind: word}


def _modified(text: str, modifiers: Mapping[str, Any]) -> str:
    text = _exchanged(text, modifiers.get("replace") or {})
    return ", ".join([*_words(modifiers.get("prepend")), text, *_words(modifiers.get("append"))])


def _exchanged(text: str, words: Mapping[str, str]) -> str:
    """All in one pass, the longest first: they have no order, and a replacement may contain another's word."""
    pattern = "|".join(re.escape(old) for old in sorted(words, key=len, reverse=True) if old)
    return re.sub(pattern, lambda match: words[match[0]], text) if pattern else text


def _words(value: str | list[str] | None) -> list[str]:
    return [word for word in ([value] if isinstance(value, str) else value or ()) if word]

"""What the toon renderer draws of what people say, and what it does not: the declaration that admission reads.

The words are those of the tables from which it draws. Pure and light: neither skia nor numpy.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from models.nearest import closest
from models.vocabulary import JobType
from workers.renderers.toon import scene_words as scene
from workers.renderers.toon.attributes import VOCABULARY, find_word, normalise
from workers.renderers.toon.palette import from_hex
from workers.renderers.words import NotDrawn, Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from workers.renderers.words import Table

#: field -> its tables; of each table one word is drawn, of actions all
_FIELDS: dict[str, tuple[Table, ...]] = {
    "location": (scene.LOCATIONS,),
    "time_of_day": (scene.TIMES,),
    "mood": (scene.MOODS,),
    "camera_angle": (scene.SHOTS, scene.TILTS),
    "camera_move": (scene.MOVES,),
    "action": (scene.ACTIONS,),
}
_WORDS_OF_STYLE = {"line_weight": tuple(scene.LINE_WEIGHTS), "shading_style": scene.SHADINGS}
_PLACES_OF_PALETTE = (scene.PRIMARY, scene.ACCENT)
#: a sheet shows standard views and expressions of one character, and no scene
_ON_NO_SHEET = ("view", "expression")
#: fields that move something
_MOVING = ("camera_move", "action", "dialogue", "motion_strength")

_BETWEEN = re.compile(r"[,;/&+\n—–]")
_BETWEEN_ACTIONS = re.compile(r"[,;/&+\n—–.!?]|\b(?:and|then|while|but)\b", re.IGNORECASE)
#: words of a note that ask for nothing by themselves
_FILLING = frozenset({
    "a", "an", "the", "she", "he", "they", "it", "her", "his", "their", "him", "them", "both", "each", "other",
    "one", "to", "with", "at", "of", "in", "on", "is", "are",
})  # fmt: skip
_LIST = "`farm words toon` shows every word as it is drawn."
_LENIENT = "`lenient: true` accepts what is not drawn, and says so."


def tables() -> dict[str, Table]:
    """Field or attribute -> every word that is drawn, with other words for it."""
    fields = {field: {word: of[word] for of in several for word in of} for field, several in _FIELDS.items()}
    others = {**_WORDS_OF_STYLE, "color_palette": _PLACES_OF_PALETTE}
    return {**fields, **VOCABULARY, **{field: _without_others(words) for field, words in others.items()}}


def chapters() -> dict[str, tuple[str, ...]]:
    """Where people say the words -> names of `tables`, in the order of a list for people."""
    return {
        "In an order, a scene or a cut": tuple(_FIELDS),
        "In a character's attributes": tuple(VOCABULARY),
        "In a show's story bible": (*_WORDS_OF_STYLE, "color_palette"),
    }


def _without_others(words: Iterable[str]) -> Table:
    return dict.fromkeys(words, ())


@lru_cache(maxsize=8192)
def unknown(field: str, text: str, cast: tuple[str, ...] = ()) -> tuple[NotDrawn, ...]:
    """What of a field's text is drawn in no take at all.

    Of a field that holds one word (a place, a mood) the others are named too. Entries of a palette are fields
    of their own, `color_palette.primary`; so are a character's, and whatever else a scene overrides.
    """
    name, _, entry = field.partition(".")
    if name == "color_palette":
        return _palette(entry, text)
    if name in _WORDS_OF_STYLE:
        return _style(name, text)
    if name in _FIELDS:
        return tuple(_unknown_word(name, piece) for piece in _undrawn_pieces(name, text, cast))
    if name == "variations":
        # Asked of one that only changes words of a prompt.
        return (_idle(name, entry, "it sets no attribute", "Give the variation attributes."),)
    if name in ("character_palette", "style_overrides"):
        return (_no_place(_as_people_call_it(field), name),)
    return ()


@lru_cache(maxsize=8192)
def unseen(field: str, text: str, shown: Shown) -> tuple[NotDrawn, ...]:
    """What of a field's text would have no effect on this take; the unknown comes first."""
    if unknown_words := unknown(field, text, shown.cast):
        return unknown_words
    if field == "characters":
        return _beside_the_first(text, shown)
    if shown.kind is JobType.CHARACTER_SHEET:
        on_sheet = field in _FIELDS or field in _MOVING
        return (
            (_idle(field, "", "a character sheet shows no scene", "Order a still_image."),) if on_sheet else ()
        )
    if text and field in ("action", "dialogue") and not shown.cast:
        return (_idle(field, "", "nobody is in the take", "Name `characters`."),)
    return tuple(_without_motion(field, text, shown))


def unseen_attributes(attributes: Mapping[str, str], shown: Shown) -> tuple[NotDrawn, ...]:
    """Which attributes of one character would have no effect on this take.

    Raises:
        OrderRefused: as `normalise`.
    """
    if shown.kind is not JobType.CHARACTER_SHEET:
        return ()
    why, instead = "a character sheet shows every view and expression", "Order a still_image."
    return tuple(
        _idle(f"attributes.{kind}", word, why, instead)
        for kind, word in normalise(attributes).items()
        if kind in _ON_NO_SHEET
    )


def _undrawn_pieces(field: str, text: str, cast: tuple[str, ...]) -> Iterator[str]:
    """The parts of a text that hold no word which is drawn."""
    between = _BETWEEN_ACTIONS if field == "action" else _BETWEEN
    drawn = [word for table in _FIELDS[field] if (word := find_word(table, text))]
    for piece in between.split(text):
        if not _asks_for_something(piece, cast):
            continue
        words = [find_word(table, piece) for table in _FIELDS[field]]
        if not any(word and (field == "action" or word in drawn) for word in words):
            yield piece.strip()


def _asks_for_something(piece: str, cast: tuple[str, ...]) -> bool:
    names = {part for name in cast for part in _plain(name)}
    return any(word not in _FILLING and word not in names for word in _plain(piece))


def _plain(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _without_motion(field: str, text: str, shown: Shown) -> Iterator[NotDrawn]:
    """What a still, or a loop that ends where it begins, cannot show of a movement."""
    if field == "camera_move" and shown.kind is not JobType.FULL_VIDEO:
        word = find_word(scene.MOVES, text)
        if word and word not in scene.MOVES_OF_A_LOOP:
            yield _idle(field, text, "only in a full_video the camera goes anywhere", "Leave it out.")
    if shown.kind.is_motion:
        return
    if field == "action":
        for word in scene.actions(text):
            if word not in scene.ACTIONS_OF_A_STILL:
                yield _idle(field, word, "it is a movement, and this is a still", _as_pose(word))
    elif field == "dialogue" and not scene.ACTIONS_OF_A_STILL.intersection(scene.actions(shown.action)):
        yield _idle(field, "", "no lips move in a still", "Order the action 'talks', or leave it out.")
    elif field == "motion_strength":
        yield _idle(field, "", "nothing moves in a still", "Leave it out.")


def _beside_the_first(who: str, shown: Shown) -> tuple[NotDrawn, ...]:
    """A sheet is of the take's first character alone."""
    if shown.kind is not JobType.CHARACTER_SHEET or shown.cast[:1] == (who,):
        return ()
    return (_idle("characters", who, "a character sheet shows one character", "Order one for each."),)


def _as_pose(action: str) -> str:
    pose = find_word(VOCABULARY["pose"], action)
    if pose is None:
        return "Order an animation_loop."
    return f"Order the pose: attributes: {{NAME: {{pose: {pose}}}}}."


def _palette(entry: str, colour: str) -> tuple[NotDrawn, ...]:
    if entry not in _PLACES_OF_PALETTE:
        return (_no_place(f"color_palette.{entry}", "palette"),)
    if from_hex(colour) is None:
        return (
            NotDrawn(
                field=f"color_palette.{entry}",
                word=colour,
                sentence=f"The toon renderer cannot read the colour '{colour}' of color_palette.{entry}.",
                hint="Write it as '#rrggbb'.",
            ),
        )
    return ()


def _style(field: str, text: str) -> tuple[NotDrawn, ...]:
    words = _WORDS_OF_STYLE[field]
    if not text.strip() or any(word in text.lower() for word in words):
        return ()
    return (_unknown_in(field, text.strip(), _without_others(words)),)


def _unknown_word(field: str, piece: str) -> NotDrawn:
    of_field = {word: others for table in _FIELDS[field] for word, others in table.items()}
    if find_word(of_field, piece) is None:
        return _unknown_in(field, piece, of_field)
    return NotDrawn(
        field=field,
        word=piece,
        sentence=f"The toon renderer draws one {field}, so '{piece}' would be ignored.",
        hint=f"Leave the others out. {_LENIENT}",
    )


def _unknown_in(field: str, piece: str, words: Table) -> NotDrawn:
    phrases = {phrase: word for word, others in words.items() for phrase in (word, *others)}
    near = phrases[closest(piece.lower(), phrases)]
    return NotDrawn(
        field=field,
        word=piece,
        sentence=f"The toon renderer cannot draw the {field} '{piece}'; the nearest it knows is '{near}'.",
        hint=f"{_elsewhere(field, piece)}Known: {', '.join(words)}. {_LIST} {_LENIENT}",
    )


def _elsewhere(field: str, piece: str) -> str:
    """Where the word would be drawn, if it was only said in the wrong place."""
    for other, several in _FIELDS.items():
        if other != field and any(find_word(table, piece) for table in several):
            return f"'{piece}' can be a {other}. "
    for kind in ("expression", "pose"):
        if word := find_word(VOCABULARY[kind], piece):
            return f"The {kind} '{word}' is an attribute of a character. "
    return ""


def _as_people_call_it(field: str) -> str:
    """`mio.color_palette.ribbon`, or `style_overrides.art_style`."""
    kind, _, rest = field.partition(".")
    who, _, entry = rest.partition(".")
    return f"{who}.color_palette.{entry}" if kind == "character_palette" else field


def _no_place(field: str, what: str) -> NotDrawn:
    known = {
        "palette": f"Known entries: {', '.join(_PLACES_OF_PALETTE)}.",
        "character_palette": "A character's colours are attributes: hair_color, eye_color, outfit_color, skin.",
        "style_overrides": f"A scene overrides {', '.join(_WORDS_OF_STYLE)} and color_palette.",
    }
    sentence = f"The toon renderer has no place for {field}, so it would be ignored."
    return NotDrawn(field=field, sentence=sentence, hint=f"{known[what]} {_LENIENT}")


def _idle(field: str, word: str, why: str, instead: str) -> NotDrawn:
    what = f"{field} '{word}'" if word else field
    sentence = f"The toon renderer would ignore the {what}: {why}."
    return NotDrawn(field=field, word=word, sentence=sentence, hint=f"{instead} {_LENIENT}")

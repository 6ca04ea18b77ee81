"""Loads a show from its YAML file, names the line of what is wrong, and stores it without doubling anything."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from db import catalogue
from farm.judging import profiles
from farm.orders.prompt import phrase
from farm.shows import checking, drawable
from farm.shows.form import AttributePart, Show
from models import documents
from workers.renderers.toon.attributes import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from uuid import UUID

    from pydantic import BaseModel

    from db.engine import Session
    from farm.shows.form import CharacterHead
    from models.documents import Document, Mistake
    from models.errors import Fault
    from models.shows import StoredShow


def load(path: Path | str, *, lenient: bool = False) -> Show:
    """The show in the YAML file `path`, checked as a whole; stores nothing.

    `lenient` accepts words that its renderer will not draw, as `lenient: true` in its defaults does.

    Raises:
        BadInput: it cannot be read, or something in it is unknown, doubled, out of range or would not be drawn;
            all of that is named at once, each with its line.
    """
    document = documents.read(path)
    if not isinstance(document.content, dict):
        sentence = f"a mapping is expected, not a {type(document.content).__name__}."
        raise document.refusal([document.mistake((), sentence)])
    try:
        show = Show.model_validate(document.content)
    except ValidationError as error:
        raise document.refusal(_in_lines(document, checking.complaints(document.content, error))) from error
    undrawn = [] if lenient else drawable.faults(show)
    if wrong := _in_lines(document, [*checking.wrong_names(show), *undrawn]):
        raise document.refusal(wrong, hint=drawable.hint(show) if undrawn else "")
    return show


def store(session: Session, show: Show, *, rename: bool = False) -> StoredShow:
    """Write the show in this transaction; a second time changes only what changed.

    Found again by slug and number. An edit of the story bible raises its version's minor number. Characters and
    cuts that the file no longer has are left, because takes hang on them, and named in the answer.
    Raises `UnknownName` when it is to be judged by a profile nobody knows, and `Conflict` when its slug is
    another show's; `rename` says that it is the same one under a new name.
    """
    plain = plain_part(show)
    draws = checking.is_drawn(show)
    plain["characters"] = [character_fields(who, normalised=draws) for who in show.characters]
    stored = catalogue.store_show(session, plain, rename=rename)
    refuse_an_unknown_choice(session, stored.project_id)
    labels = dict.fromkeys(each.label for _, each in drawable.undrawn(show))
    return replace(stored, not_drawn=tuple(labels))


def plain_part(part: BaseModel) -> dict[str, Any]:
    """A show, or a part of one, as plain values to store; what is left out is not there."""
    return part.model_dump(mode="json", exclude_none=True)


def character_fields(character: CharacterHead, *, normalised: bool) -> dict[str, Any]:
    """Somebody as plain values to store; `normalised`: in the toon renderer's own words."""
    return plain_part(character) | {"attributes": _attribute_rows(character, normalised=normalised)}


def refuse_an_unknown_choice(session: Session, project_id: UUID) -> None:
    """Raises `UnknownName` where a project is to be judged by a profile that nobody knows.

    Asked when it is stored: a calibrated profile is known to the farm, not to the file.
    """
    defaults = catalogue.project(session, project_id).defaults
    if defaults.profile:
        profiles.named(defaults.profiles, defaults.profile)


def _in_lines(document: Document, faults: Iterable[Fault]) -> list[Mistake]:
    return [document.mistake(each.where, each.sentence, each.hint) for each in faults]


def _attribute_rows(character: CharacterHead, *, normalised: bool) -> list[dict[str, Any]]:
    """One row per attribute; in the toon renderer's own words when it draws this show."""
    parts = {
        kind: part if isinstance(part, AttributePart) else AttributePart(value=part)
        for kind, part in character.attributes.items()
    }
    if not normalised:
        return [
            {
                "type": kind,
                **part.model_dump(mode="json"),
                "tokens": list(part.tokens or [phrase(kind, part.value)]),
            }
            for kind, part in parts.items()
        ]
    words = normalise({kind: part.value for kind, part in parts.items()})
    rows = []
    for kind, word in words.items():
        given = next((part for raw, part in parts.items() if kind in normalise({raw: part.value})), None)
        rows.append(
            {
                "type": kind,
                "value": word,
                "tokens": list(given.tokens if given and given.tokens else [phrase(kind, word)]),
                "priority": given.priority if given else 0,
            }
        )
    return rows

"""Loads a show from its YAML file, names the line of what is wrong, and stores it without doubling anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from db import catalogue
from farm.judging import profiles
from farm.orders.prompt import phrase
from farm.shows import yaml_lines
from farm.shows.form import AttributePart, CharacterPart, CutPart, ScenePart, Show
from models.errors import BadInput, Refused
from models.nearest import did_you_mean, unknown_name
from models.shows import StoredShow
from workers.renderers.toon.attributes import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from db.engine import Session
    from farm.shows.yaml_lines import Document


#: where in a show something stands: field names and positions
Where = tuple[str | int, ...]


def load(path: Path | str) -> Show:
    """The show in the YAML file `path`, checked as a whole; stores nothing.

    Raises:
        BadInput: it cannot be read, or something in it is unknown, doubled or out of range; with its line.
    """
    document = yaml_lines.read(path)
    try:
        show = Show.model_validate(document.content)
    except ValidationError as error:
        raise _complaint(document, error) from error
    _Check(document, show).run()
    return show


def store(session: Session, show: Show) -> StoredShow:
    """Write the show in this transaction; a second time changes only what changed.

    Found again by slug and number. An edit of the story bible raises its version's minor number. Characters and
    cuts that the file no longer has are left, because takes hang on them, and named in the answer.
    Raises `UnknownName` when the project is to be judged by a profile that nobody knows.
    """
    plain = show.model_dump(mode="json", exclude_none=True)
    draws = _is_drawn(show)
    for fields, character in zip(plain["characters"], show.characters, strict=True):
        fields["attributes"] = _attribute_rows(character, normalised=draws)
    stored = catalogue.store_show(session, plain)
    _refuse_an_unknown_choice(session, stored)
    return stored


def _refuse_an_unknown_choice(session: Session, stored: StoredShow) -> None:
    """Asked when the show is stored: a calibrated profile is known to the farm, not to the file."""
    defaults = catalogue.project(session, stored.project_id).defaults
    if defaults.profile:
        profiles.named(defaults.profiles, defaults.profile)


def _is_drawn(show: Show) -> bool:
    return (show.project.defaults.renderer or "toon") == "toon"


def _attribute_rows(character: CharacterPart, *, normalised: bool) -> list[dict[str, Any]]:
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


class _Check:
    """Looks at what a form cannot see: names that must exist, and numbers that must differ."""

    def __init__(self, document: Document, show: Show) -> None:
        self._document, self._show = document, show
        self._cast = {who.slug: who for who in show.characters}

    def run(self) -> None:
        """Raises `BadInput` for the first thing that is wrong."""
        self._profiles()
        self._unique(("characters",), [who.slug for who in self._show.characters], "character")
        for index, who in enumerate(self._show.characters):
            self._character(("characters", index), who)
        self._unique(("episodes",), [each.number for each in self._show.episodes], "episode")
        for index, episode in enumerate(self._show.episodes):
            where = ("episodes", index, "scenes")
            self._unique(where, [scene.number for scene in episode.scenes], "scene")
            for place, scene in enumerate(episode.scenes):
                self._scene((*where, place), scene)

    def _profiles(self) -> None:
        for name, profile in self._show.project.defaults.profiles.items():
            fault = profiles.fault_of(name, profile)
            if fault is not None:
                where = ("project", "defaults", "profiles", name, *fault.where)
                raise self._document.error(
                    where, f"The profile '{name}' cannot be used: {fault.message}", fault.hint
                )

    def _character(self, where: Where, who: CharacterPart) -> None:
        self._unique((*where, "variations"), [each.name for each in who.variations], "variation")
        if not _is_drawn(self._show):
            return
        plain = {
            kind: part.value if isinstance(part, AttributePart) else part
            for kind, part in who.attributes.items()
        }
        for kind, value in plain.items():
            self._drawable((*where, "attributes", kind), {kind: value})
        self._drawable((*where, "attributes"), plain)
        for index, variation in enumerate(who.variations):
            self._drawable((*where, "variations", index, "attributes"), variation.attributes)

    def _scene(self, where: Where, scene: ScenePart) -> None:
        for index, entry in enumerate(scene.characters):
            self._known((*where, "characters", index, "character"), entry.character, self._cast, "character")
        self._unique((*where, "characters"), [entry.character for entry in scene.characters], "character")
        self._unique((*where, "cuts"), [cut.number for cut in scene.cuts], "cut")
        for index, cut in enumerate(scene.cuts):
            self._cut((*where, "cuts", index), cut)

    def _cut(self, where: Where, cut: CutPart) -> None:
        self._unique((*where, "characters"), cut.characters, "character")
        for index, slug in enumerate(cut.characters):
            self._known((*where, "characters", index), slug, self._cast, "character")
        for slug, names in cut.variations.items():
            self._known((*where, "variations", slug), slug, cut.characters, "character of this cut")
            variations = [variation.name for variation in self._cast[slug].variations]
            for name in names:
                self._known((*where, "variations", slug), name, variations, f"variation of {slug}")

    def _unique(self, where: Where, names: Sequence[object], what: str) -> None:
        for index, name in enumerate(names):
            if name in names[:index]:
                raise self._document.error((*where, index), f"The {what} {name} stands here twice.")

    def _known(self, where: Where, name: str, known: Iterable[str], what: str) -> None:
        names = list(known)
        if name not in names:
            refusal = unknown_name(name, names, what)
            raise self._document.error(where, refusal.message, refusal.hint)

    def _drawable(self, where: Where, attributes: Mapping[str, str]) -> None:
        """What the renderer says about the words of a look, with the line they stand on."""
        try:
            normalise(attributes)
        except Refused as refusal:
            raise self._document.error(where, refusal.message, refusal.hint) from refusal


def _complaint(document: Document, error: ValidationError) -> BadInput:
    """The first thing a form objects to, as a sentence with its line."""
    faults = error.errors(include_url=False)
    # A misspelt field is also a missing one: the misspelling is what the writer can see.
    first = next((each for each in faults if each["type"] == "extra_forbidden"), faults[0])
    where = tuple(part for part in first["loc"] if part not in ("[key]", "AttributePart"))
    name = ".".join(str(part) for part in where)
    if first["type"] == "extra_forbidden":
        hint = did_you_mean(str(where[-1]), _fields_at(where[:-1]))
        return document.error(where, f"There is no field '{where[-1]}' here.", hint)
    if first["type"] == "missing":
        return document.error(where, f"'{name}' is missing.")
    reason = first["msg"].removeprefix("Value error, ").replace("Input should", "it must", 1)
    return document.error(where, f"'{name}' cannot be used: {reason}.")


def _fields_at(where: Where) -> list[str]:
    """The fields of the form at a place in the show."""
    form: type[BaseModel] = Show
    for part in where:
        if isinstance(part, int):
            continue
        inner = _form_in(form.model_fields[part].annotation) if part in form.model_fields else None
        if inner is None:
            break
        form = inner
    return list(form.model_fields)


def _form_in(annotation: Any) -> type[BaseModel] | None:
    """The form that an annotation such as `tuple[CutPart, ...]` holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_form_in, getattr(annotation, "__args__", ()))), None)

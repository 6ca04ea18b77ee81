"""Edits one part of a stored show as if its file had been edited there: by the same rules, under its lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from db import catalogue
from farm.shows import loading, stored
from farm.shows.form import Show
from farm.shows.hands import FAR_BACK, change_of, refuse_stale
from farm.shows.nouns import CUTS, Row, Spot
from farm.shows.parts import fields_of, subject_of
from farm.shows.weighing import Edit, filled_in, refusal, weigh, weigh_removal
from models.errors import Conflict, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from db.catalogue import ShowRows
    from db.engine import Session
    from farm.shows.checking import Where
    from farm.shows.nouns import Noun
    from farm.shows.parts import Fields, Snapshot, Stored
    from models.access import AuditEntry, Change
    from models.rows.shows import Project

Part = TypeVar("Part", bound=BaseModel)
AnyStored = TypeVar("AnyStored")
#: a part in full, or the fields of it that are to be other ones; None empties a field
Given = BaseModel | Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms something is changed."""

    #: the tag of what was read; None: whatever is there
    if_match: str | None = None
    #: words that the renderer will not draw are accepted
    lenient: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(Generic[AnyStored]):
    """What a change came to."""

    project_id: UUID
    #: as it is now; None: it is gone
    stored: AnyStored
    #: what the audit keeps; nothing where nothing differs
    changes: tuple[Change, ...]
    #: a cut left the count, and a phase may have passed without it
    may_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor(Generic[Row, Part]):
    """Changes parts of one kind at one place of a show that is locked."""

    session: Session
    noun: Noun[Row, Part]
    spot: Spot
    terms: Terms

    def create(self, given: Given) -> Edited[Stored[Part]]:
        """Add a part.

        Raises:
            BadInput: something in it is unknown, out of range, or would not be drawn.
            Conflict: there is one of that name or number.
        """
        project = self.spot.project
        part = filled_in(self.noun.form, plain_of(given), f"new {self.noun.word} of {project.slug}")
        subject = self._subject(self.noun.known_as(self.spot, part))
        if self.noun.is_taken(self.session, self.spot, part):
            raise Conflict(f"There is a {subject} already.", hint="Edit that one, or choose another.")
        rows, where = self.noun.around(self.session, self.spot, None)
        not_drawn = self._weighed(subject, rows, where, part)
        now = self._stored(part, rows)
        change = self._change("create", subject, None, fields_of(now.content))
        return Edited(project_id=project.id, stored=replace(now, not_drawn=not_drawn), changes=change)

    def edit(
        self, row: Row, given: Given | Callable[[Part], Given], *, action: str = "", field: str | None = None
    ) -> Edited[Stored[Part]]:
        """Change a part; `given` may be what makes the new fields of the part as it is.

        `field` is the only one that the terms' `if_match` is about, `action` what the audit calls it.

        Raises:
            Stale: it is not what was read; the sentence names what changed, and who did that.
            BadInput: something in it is unknown, out of range, or would not be drawn.
            Conflict: something else in the show relies on what it takes away.
        """
        rows, where = self.noun.around(self.session, self.spot, row)
        before = self.noun.stored(self.spot, row, rows.slugs)
        subject, fields = self._subject(before.known_as), fields_of(before.content)
        self._refuse_stale(subject, fields, field)
        changed = given(before.content) if callable(given) else given
        part = filled_in(self.noun.form, merged(before.content, changed), subject)
        refuse_another_key(subject, self.noun.key, before.content, part)
        not_drawn = self._weighed(subject, rows, where, part)
        now = self._stored(part, rows)
        after = fields_of(now.content)
        return Edited(
            project_id=self.spot.project.id,
            stored=replace(now, not_drawn=not_drawn),
            changes=self._change("edit", subject, fields, after, action=action),
            may_open=bool(after.get("omit")) and not fields.get("omit"),
        )

    def remove(self, row: Row) -> Edited[Stored[Part]]:
        """Take a part away, with the parts in it; the value is what it was.

        Raises:
            Stale: it is not what was read.
            Conflict: takes hang on it, or something else in the show relies on it.
        """
        rows, where = self.noun.around(self.session, self.spot, row, leaving=True)
        before = self.noun.stored(self.spot, row, rows.slugs)
        subject, fields = self._subject(before.known_as), fields_of(before.content)
        self._refuse_stale(subject, fields, None)
        if jobs := catalogue.jobs_of(self.session, row):
            raise Conflict(f"The {subject} has takes: {jobs} jobs hang on it.", hint=self.noun.instead)
        _refuse_if_relied_on(subject, rows, where)
        gone = {subject: fields} | _inside(self.session, self.spot.project, before.known_as)
        catalogue.remove_part(self.session, row)
        changes = [
            self._change("", name, content, None, action=f"{name.partition(' ')[0]}.remove")
            for name, content in gone.items()
        ]
        return Edited(
            project_id=self.spot.project.id,
            stored=before,
            changes=tuple(change for listed in changes for change in listed),
            may_open=any(name.startswith(f"{CUTS.word} ") for name in gone),
        )

    def _subject(self, known_as: str) -> str:
        return subject_of(self.noun.word, known_as, self.spot.project.slug)

    def _refuse_stale(self, subject: str, fields: Fields, field: str | None) -> None:
        entries = entries_of(self.session, self.spot.project)
        refuse_stale(subject, {subject: fields}, self.terms.if_match, entries, field=field)

    def _stored(self, part: Part, rows: ShowRows) -> Stored[Part]:
        row = self.noun.store(self.session, self.spot, part, rows)
        self.session.flush()
        return self.noun.stored(self.spot, row, rows.slugs)

    def _weighed(self, subject: str, rows: ShowRows, where: Where, part: Part) -> tuple[str, ...]:
        """What of the part is not drawn; raises as `weigh` does."""
        before, content = stored.show_of_rows(rows), stored.content_of_rows(rows)
        siblings, place = _siblings(content, where)
        siblings[place : place + 1] = [loading.plain_part(part)]
        after = Show.model_validate(content)
        edit = Edit(what=subject, before=before, after=after, where=where)
        return weigh(edit, lenient=self.terms.lenient)

    def _change(
        self, verb: str, subject: str, before: Fields | None, after: Fields | None, *, action: str = ""
    ) -> tuple[Change, ...]:
        change = change_of(
            action or f"{self.noun.word}.{verb}",
            subject,
            before,
            after,
            project=self.spot.project.slug,
            why=self.terms.why,
        )
        return () if change is None else (change,)


def _refuse_if_relied_on(subject: str, rows: ShowRows, where: Where) -> None:
    before, content = stored.show_of_rows(rows), stored.content_of_rows(rows)
    siblings, place = _siblings(content, where)
    del siblings[place]
    weigh_removal(Edit(what=subject, before=before, after=Show.model_validate(content), where=where))


def _siblings(content: Any, where: Where) -> tuple[list[Any], int]:
    """The list in which a part stands, or will, and where."""
    *path, place = where
    for step in path:
        content = content[step]
    return content, int(place)


def _inside(session: Session, project: Project, known_as: str) -> Snapshot:
    """The parts that stand in an episode or a scene."""
    if not known_as.startswith("ep") or known_as.count("/") > 1:
        return {}
    whole = stored.whole_snapshot(session, project)
    return {name: fields for name, fields in whole.items() if f" {known_as}/" in name}


def entries_of(session: Session, project: Project) -> Callable[[], Iterable[AuditEntry]]:
    """The newest changes of a project, read where somebody must be told of them."""
    return lambda: catalogue.audit(session, project=project.slug, limit=FAR_BACK).items


def plain_of(given: Given) -> dict[str, Any]:
    """What is given, field by field."""
    return given.model_dump(mode="json") if isinstance(given, BaseModel) else dict(given)


def merged(content: BaseModel, given: Given) -> dict[str, Any]:
    """What is there, with the fields that are given in place of its own."""
    return loading.plain_part(content) | plain_of(given)


def refuse_another_key(subject: str, key: str, before: BaseModel, after: BaseModel) -> None:
    """Raises `BadInput` where an edit changes by what a part is found again."""
    if getattr(before, key) != getattr(after, key):
        sentence = f"Its {key} is how it is found again, and stays."
        raise refusal(subject, [Fault((key,), sentence, "Add another and remove this one.")])

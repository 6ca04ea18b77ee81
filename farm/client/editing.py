"""What every verb that edits a show shares: one transaction, its rows of the audit, what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from farm.client.connection import Connection
from models.plain import refuse_unkeepable
from models.vocabulary import Phase

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from db.engine import Session
    from farm.shows.editing import Edited, Given, Terms
    from farm.shows.nouns import Noun, Row
    from farm.shows.parts import Stored

    #: how a part of a show is named: by its id, or as people call it
    Name = UUID | str

Part = TypeVar("Part", bound=BaseModel)
Answer = TypeVar("Answer")


class Editing(Connection):
    """One change of a show, made and noted."""

    def _part(self, noun: Noun[Row, Part], name: Name, project: Name | None) -> Stored[Part]:
        from db import catalogue

        with self.database.transaction() as session:
            show = catalogue.show_of(session, noun.kind, name, project)
            row = noun.find(session, show, name)
            return noun.stored(noun.spot(show, row), row, catalogue.slugs_by_id(session, show.id))

    def _edit_part(
        self, noun: Noun[Row, Part], name: Name, given: Given, project: Name | None, terms: Terms
    ) -> Stored[Part]:
        from db import catalogue
        from farm.shows.editing import Editor

        def change(session: Session) -> Edited[Stored[Part]]:
            show = catalogue.show_of(session, noun.kind, name, project, lock=True)
            row = noun.find(session, show, name)
            spot = noun.spot(show, row)
            return Editor(session=session, noun=noun, spot=spot, terms=terms).edit(row, given)

        return self._changed(change)

    def _remove_part(
        self, noun: Noun[Row, Part], name: Name, project: Name | None, terms: Terms
    ) -> Stored[Part]:
        from db import catalogue
        from farm.shows.editing import Editor

        def change(session: Session) -> Edited[Stored[Part]]:
            show = catalogue.show_of(session, noun.kind, name, project, lock=True)
            row = noun.find(session, show, name)
            spot = noun.spot(show, row)
            return Editor(session=session, noun=noun, spot=spot, terms=terms).remove(row)

        return self._changed(change)

    def _changed(self, change: Callable[[Session], Edited[Answer]]) -> Answer:
        """Do it in one transaction, note it there, and open afterwards what it earned."""
        with self.database.transaction() as session:
            edited = change(session)
            for each in edited.changes:
                self._note(session, each)
        if edited.may_open:
            self._open_what_is_earned(edited.project_id)
        return edited.stored

    def _open_what_is_earned(self, project_id: UUID) -> None:
        """Without a cut that left the count, a phase may have passed.

        After the commit, because no gate may wait for the project's row.
        """
        from farm.judging import gate as gates

        def open_all() -> None:
            with self.database.transaction() as session:
                for phase in Phase:
                    gates.open_if_earned(session, project_id, phase)

        self._once_kept(open_all)


def terms_of(if_match: str | None, why: str, *, lenient: bool) -> Terms:
    """What every verb that edits a show takes; raises `BadInput` for a reason that cannot be kept.

    `if_match` is the `etag` of what was read: what somebody else changed since is not written over; see
    `Stale`. `lenient` accepts words that the renderer will not draw; the answer lists them as `not_drawn`.
    """
    from farm.shows.editing import Terms

    refuse_unkeepable(why, "The reason")
    return Terms(if_match=if_match, lenient=lenient, why=why)

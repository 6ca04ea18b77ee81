"""Verbs about references: what each network holds a character and a style to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.client.connection import Connection
from models.actors import Actor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.catalogue import ReferenceView
    from models.shows import NewReference, StoredShow, WantedReference


class References(Connection):
    """List what there is, say what is wanted, and store what was made; making needs networks (`tasks`)."""

    def references(self, project: str) -> tuple[ReferenceView, ...]:
        """What each network holds a project's characters and style to; `farm reference` makes them."""
        from db import catalogue

        with self.database.transaction() as session:
            return catalogue.list_references(session, catalogue.project(session, project).id)

    def wanted_references(self, stored: StoredShow) -> tuple[WantedReference, ...]:
        """What a show that was loaded is to be judged by, and of which pictures each is to be made."""
        from farm.shows import wanted_references

        with self.database.transaction() as session:
            return wanted_references.wanted_references(session, stored, self.settings)

    def reference_networks(
        self, project: str, character: str | None = None, named: Sequence[str] = ()
    ) -> tuple[str, ...]:
        """The networks that make a reference: those `named`, else all that the project's profiles ask for.

        Of a character, or of the style without one.

        Raises:
            UnknownName: there is no such project, character or network.
            BadInput: no profile asks for such a reference, and none is named.
        """
        from farm.shows import wanted_references

        with self.database.transaction() as session:
            return wanted_references.networks_for(session, project, character, self.settings, named)

    def store_reference(self, project: str, reference: NewReference) -> None:
        """Keep what a network makes of approved pictures, in place of what it made of others.

        Raises:
            UnknownName: there is no such project or character.
            Forbidden: nobody is named who approved the pictures.
        """
        from farm.shows import approved_references

        self._acting_as(Actor.named(reference.approved_by, "A reference names nobody who approved it."))
        with self.database.transaction() as session:
            self._note(session, approved_references.store(session, project, reference))

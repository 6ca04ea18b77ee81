"""Verbs about references: what each network holds a character and a style to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.client.connection import Connection
from models.access import Change
from models.actors import Actor
from models.nearest import unknown_name

if TYPE_CHECKING:
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

    def reference_networks(self, project: str, character: str | None = None) -> tuple[str, ...]:
        """The networks that a project's profiles ask for: of a character, or of the style without one.

        Raises:
            UnknownName: there is no such project or character.
        """
        from farm.shows import wanted_references

        with self.database.transaction() as session:
            return wanted_references.networks_asked_for(session, project, character, self.settings)

    def store_reference(self, project: str, reference: NewReference) -> None:
        """Keep what a network makes of approved pictures, in place of what it made of others.

        Raises:
            UnknownName: there is no such project or character.
            Forbidden: nobody is named who approved the pictures.
        """
        from db import catalogue

        self._acting_as(Actor.named(reference.approved_by, "A reference names nobody who approved it."))
        with self.database.transaction() as session:
            project_id = catalogue.project(session, project).id
            if reference.character is None:
                catalogue.store_style_reference(
                    session, project_id, calibration=reference.calibration, **reference.provenance
                )
                self._note(session, _approved(project, reference))
                return
            cast = catalogue.characters(session, project_id)
            if reference.character not in cast:
                raise unknown_name(reference.character, cast, f"character in {project}")
            catalogue.store_character_reference(
                session,
                cast[reference.character],
                embedding=reference.embedding,
                baseline=reference.baseline or 0.0,
                **reference.provenance,
            )
            self._note(session, _approved(project, reference))


def _approved(project: str, reference: NewReference) -> Change:
    pictures = {"network": reference.network, "image_paths": list(reference.image_paths)}
    return Change(
        action="reference.store",
        subject=f"reference {reference.character or 'style'}",
        by=reference.approved_by,
        after=pictures,
        project=project,
    )

"""Keeps what a network makes of approved pictures: what a character, or a style, is held to from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import catalogue
from models.access import Change
from models.actors import Actor
from models.nearest import unknown_name

if TYPE_CHECKING:
    from db.engine import Session
    from models.shows import NewReference


def store(session: Session, project: str, reference: NewReference) -> Change:
    """Keep it in place of what the network made of other pictures; what the audit is told.

    Raises:
        UnknownName: there is no such project or character.
        Forbidden: nobody is named who approved the pictures.
    """
    Actor.named(reference.approved_by, "A reference names nobody who approved it.")
    project_id = catalogue.project(session, project).id
    if reference.character is None:
        catalogue.store_style_reference(
            session, project_id, calibration=reference.calibration, **reference.provenance
        )
    else:
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
    return Change(
        action="reference.store",
        subject=f"reference {reference.character or 'style'}",
        by=reference.approved_by,
        after={"network": reference.network, "image_paths": list(reference.image_paths)},
        project=project,
    )

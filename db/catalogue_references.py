"""Which references a project has, so that making them again can be left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from models.characters import Character, CharacterReference, StyleReference

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownReference:
    """What one network has been shown of a character, or of the project's style (`character` is then None)."""

    character: str | None  #: slug
    network: str
    network_sha256: str
    #: relative to the artifact store, or absolute for pictures the show names
    image_paths: tuple[str, ...]


def known_references(session: Session, project_id: UUID) -> set[KnownReference]:
    """Every stored reference of a project."""
    characters = session.execute(
        select(Character.slug, CharacterReference)
        .join(CharacterReference, CharacterReference.character_id == Character.id)
        .where(Character.project_id == project_id)
    )
    styles = session.scalars(select(StyleReference).where(StyleReference.project_id == project_id))
    found = {_known(slug, row) for slug, row in characters}
    return found | {_known(None, row) for row in styles}


def _known(character: str | None, row: CharacterReference | StyleReference) -> KnownReference:
    return KnownReference(
        character=character,
        network=row.network,
        network_sha256=row.network_sha256,
        image_paths=tuple(row.image_paths),
    )

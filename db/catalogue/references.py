"""Which references a project has: what networks hold its characters and its style to, and who approved it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select

from models.rows.characters import Character, CharacterReference, StyleReference

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from models.actors import Actor

_FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceView:
    """What one file of one network was shown of a character; of the style where `character` is None."""

    character: str | None  #: slug
    network: str
    network_sha256: str
    #: relative to the artifact store; absolute for pictures that `farm reference` was given
    image_paths: tuple[str, ...]
    #: mean similarity of the pictures to their own mean; None for a style
    baseline: float | None
    #: of a character's vector; None for a style
    dimensions: int | None
    approved_by: Actor
    created_at: datetime


def list_references(session: Session, project_id: UUID) -> tuple[ReferenceView, ...]:
    """Every reference of a project: characters by slug, then the style; the newest of a network first."""
    characters = session.execute(
        select(Character.slug, CharacterReference)
        .join(CharacterReference, CharacterReference.character_id == Character.id)
        .where(Character.project_id == project_id)
        .order_by(Character.slug, CharacterReference.network, CharacterReference.created_at.desc())
    )
    styles = session.scalars(
        select(StyleReference)
        .where(StyleReference.project_id == project_id)
        .order_by(StyleReference.network, StyleReference.created_at.desc())
    )
    of_characters = [
        _view(slug, row, row.baseline, len(row.embedding) // _FLOAT_BYTES) for slug, row in characters
    ]
    return tuple(of_characters + [_view(None, row) for row in styles])


def _view(
    character: str | None,
    row: CharacterReference | StyleReference,
    baseline: float | None = None,
    dimensions: int | None = None,
) -> ReferenceView:
    return ReferenceView(
        character=character,
        network=row.network,
        network_sha256=row.network_sha256,
        image_paths=tuple(row.image_paths),
        baseline=baseline,
        dimensions=dimensions,
        approved_by=row.approved_by,
        created_at=row.created_at,
    )


def store_character_reference(
    session: Session,
    character: Character,
    *,
    network: str,
    network_sha256: str,
    embedding: bytes,
    baseline: float,
    image_paths: Iterable[str],
    approved_by: Actor,
) -> None:
    """Keep, or replace, what one network holds a character to; `embedding` is little-endian float32."""
    row = session.scalar(
        select(CharacterReference).filter_by(
            character_id=character.id, network=network, network_sha256=network_sha256
        )
    )
    if row is None:
        row = CharacterReference(character_id=character.id, network=network, network_sha256=network_sha256)
        session.add(row)
    row.embedding, row.baseline, row.approved_by = embedding, baseline, approved_by
    row.image_paths = list(image_paths)
    row.created_at = func.now()
    if len(embedding) == 512 * _FLOAT_BYTES:
        # The HTTP contract promises the character's own column in ArcFace's dimensions.
        character.reference_embedding, character.reference_network = embedding, network
    session.flush()


def store_style_reference(
    session: Session,
    project_id: UUID,
    *,
    network: str,
    network_sha256: str,
    calibration: dict[str, object],
    image_paths: Iterable[str],
    approved_by: Actor,
) -> None:
    """Keep, or replace, what a project's pictures look like to one network."""
    row = session.scalar(
        select(StyleReference).filter_by(project_id=project_id, network=network, network_sha256=network_sha256)
    )
    if row is None:
        row = StyleReference(project_id=project_id, network=network, network_sha256=network_sha256)
        session.add(row)
    row.calibration, row.approved_by = calibration, approved_by
    row.image_paths = list(image_paths)
    row.created_at = func.now()
    session.flush()

"""Which farm a database is: the id that its artifact store bears too, and that a restored backup keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from models.rows.fleet import FarmIdentity

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def farm_id(session: Session) -> UUID:
    """The farm's id, made with the schema."""
    known: UUID = session.execute(select(FarmIdentity.id)).scalar_one()
    return known

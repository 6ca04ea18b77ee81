"""Many rows in one statement: they travel as one JSON document, and the server takes it apart."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Column, CursorResult, DefaultClause, TextClause
    from sqlalchemy.orm import Session

    from models.rows.base import Base


def insert_rows(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Store rows in the order given; raises `IntegrityError` for one that breaks a constraint.

    All rows have the first one's columns; any other column, and None where a column may not be NULL, is the
    server's default. A driver that quotes value by value takes several times as long.
    """
    if rows:
        _insert(session, table, rows, "")


def insert_new_rows(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """As `insert_rows`, but a row that is there already is left out: the ids of those that were stored."""
    if not rows:
        return set()
    return set(_insert(session, table, rows, "ON CONFLICT DO NOTHING RETURNING id").scalars())


def _insert(
    session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]], ending: str
) -> CursorResult[Any]:
    document = json.dumps(rows, default=str)
    statement = _insertion(table, tuple(rows[0]), ending)
    return cast("CursorResult[Any]", session.execute(statement, {"rows": document}))


@lru_cache(maxsize=16)
def _insertion(table: type[Base], columns: tuple[str, ...], ending: str) -> TextClause:
    name, known = table.__tablename__, table.__table__.columns
    values = ", ".join(_value(cast("Column[Any]", known[column])) for column in columns)
    return text(
        f"INSERT INTO {name} ({', '.join(columns)}) SELECT {values} "
        f"FROM json_populate_recordset(NULL::{name}, CAST(:rows AS json)) r {ending}"
    )


def _value(column: Column[Any]) -> str:
    if column.nullable or column.server_default is None:
        return f"r.{column.name}"
    return f"coalesce(r.{column.name}, {cast('DefaultClause', column.server_default).arg})"

"""Column shorthands of the migrations; frozen like them: a new need gets a new function."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


def key() -> sa.Column[Any]:
    """A UUID primary key that the database makes up."""
    return sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False)


def counter() -> sa.Column[Any]:
    """A primary key that rises from row to row."""
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def ref(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """A UUID that points at another table's row."""
    return sa.Column(name, sa.UUID(), nullable=nullable)


def moment(name: str = "created_at") -> sa.Column[Any]:
    """A point in time that is now unless said otherwise."""
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def later(name: str) -> sa.Column[Any]:
    """A point in time that has not come yet."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def word(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[Any]:
    """A word of the vocabulary, stored by value."""
    return sa.Column(name, sa.String(32), nullable=nullable, server_default=_quoted(default))


def name(
    column: str, length: int = 255, *, nullable: bool = False, default: str | None = None
) -> sa.Column[Any]:
    """A short text."""
    return sa.Column(column, sa.String(length), nullable=nullable, server_default=_quoted(default))


def breaks_older_code(revision: str) -> sa.TextClause:
    """The note that code from before this revision does not work on the schema any more."""
    return sa.text("UPDATE farm_identity SET oldest_code = :revision").bindparams(revision=revision)


def prose(column: str, *, nullable: bool = True) -> sa.Column[Any]:
    """A text of any length."""
    return sa.Column(column, sa.Text(), nullable=nullable)


def number(column: str, *, nullable: bool = False, default: int | None = None) -> sa.Column[Any]:
    """A whole number."""
    given = None if default is None else sa.text(str(default))
    return sa.Column(column, sa.Integer(), nullable=nullable, server_default=given)


def flag(column: str) -> sa.Column[Any]:
    """Yes or no; no unless said otherwise."""
    return sa.Column(column, sa.Boolean(), server_default=sa.text("false"), nullable=False)


def measure(column: str, *, nullable: bool = True) -> sa.Column[Any]:
    """A measured number; NULL is not measured."""
    return sa.Column(column, sa.Double(), nullable=nullable)


def seed(column: str, *, nullable: bool = False) -> sa.Column[Any]:
    """0 <= seed < 2^64, larger than bigint."""
    return sa.Column(column, sa.Numeric(20, 0), nullable=nullable)


def json_object(column: str, *, required: bool = False) -> sa.Column[Any]:
    """A JSON object: `{}` unless said otherwise, or required from whoever inserts."""
    default = None if required else sa.text("'{}'::jsonb")
    return sa.Column(column, postgresql.JSONB(), server_default=default, nullable=False)


def json_or_null(column: str) -> sa.Column[Any]:
    """A JSON value that may be missing."""
    return sa.Column(column, postgresql.JSONB(), nullable=True)


def json_list(column: str) -> sa.Column[Any]:
    """A JSON list, `[]` unless said otherwise."""
    return sa.Column(column, postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False)


def texts(column: str) -> sa.Column[Any]:
    """An array of texts, empty unless said otherwise."""
    return sa.Column(column, postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False)


def ids(column: str) -> sa.Column[Any]:
    """An array of UUIDs, empty unless said otherwise."""
    return sa.Column(column, postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False)


def primary(table: str, column: str = "id") -> sa.PrimaryKeyConstraint:
    """The primary key's constraint."""
    return sa.PrimaryKeyConstraint(column, name=f"pk_{table}")


def points(table: str, column: str, to: str, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    """A foreign key to `to.id`."""
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}_{to}", ondelete=ondelete)


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    """No two rows agree in all of `columns`."""
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _quoted(default: str | None) -> sa.TextClause | None:
    return None if default is None else sa.text(f"'{default}'")

"""The declarative base, the naming of constraints and the column types every table shares."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Numeric, String, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

from models.actors import Actor

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The root of every mapped class; constraint names are fixed so that migrations can drop them."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this class attribute by its name
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        list[str]: ARRAY(String),
        list[UUID]: ARRAY(PgUUID(as_uuid=True)),
    }


class Word(TypeDecorator[StrEnum]):
    """An enum of `models.vocabulary`, stored by value in a varchar: adding a word is no schema change."""

    impl = String(32)
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | str | None, dialect: Any) -> str | None:
        """Refuses a word that is not in the vocabulary with `ValueError`."""
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Any) -> StrEnum | None:
        return None if value is None else self.words(value)

    def __repr__(self) -> str:
        return f"Word({self.words.__name__})"


class Who(TypeDecorator[Actor]):
    """Who did something, as the text that `Actor` reads back."""

    impl = String(255)
    cache_ok = True

    def process_bind_param(self, value: Actor | str | None, dialect: Any) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Any) -> Actor | None:
        return None if value is None else Actor.read(value)

    def __repr__(self) -> str:
        return "Who()"


UuidKey = Annotated[
    UUID, mapped_column(PgUUID(as_uuid=True), primary_key=True, server_default=text("gen_random_uuid()"))
]
CreatedAt = Annotated[datetime, mapped_column(server_default=func.now())]


class Seed(TypeDecorator[int]):
    """0 <= seed < 2^64: larger than bigint, so NUMERIC(20) in Postgres and an int, never a float, in Python."""

    impl = Numeric(20, 0)
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Any) -> int | None:
        return None if value is None else int(value)

    def __repr__(self) -> str:
        return "Seed()"


def empty(kind: str) -> Any:
    """The server default of an empty JSON object `{}`, JSON list `[]` or array `'{}'`."""
    return text({"object": "'{}'::jsonb", "list": "'[]'::jsonb", "array": "'{}'"}[kind])

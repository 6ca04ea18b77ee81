"""Answers to requests with an idempotency key: stored in the request's own transaction, said again later.

A request that runs holds a lock of its transaction and has no row yet: one that dies leaves neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, text

from models.access import KeptAnswer
from models.rows.access import AnswerRow

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy.orm import Session

_TRY_LOCK = text(
    "SELECT pg_try_advisory_xact_lock(hashtextextended('answer to ' || :caller || ' ' || :key, 0))"
)


def find_answer(session: Session, caller: str, key: str) -> tuple[str, KeptAnswer] | None:
    """The SHA-256 of the request that a caller sent under this key, and its answer; None: no such one ended."""
    row = session.scalars(select(AnswerRow).filter_by(caller=caller, key=key)).one_or_none()
    if row is None:
        return None
    return row.request_sha256, KeptAnswer(status=row.http_status, headers=row.headers, body=row.body)


def may_answer(session: Session, caller: str, key: str) -> bool:
    """Whether this transaction alone answers the request, until it ends; False: another one is at it."""
    return bool(session.execute(_TRY_LOCK, {"caller": caller, "key": key}).scalar_one())


def keep_answer(session: Session, caller: str, key: str, request_sha256: str, answer: KeptAnswer) -> None:
    """Keep the answer, with all that this transaction changes; `may_answer` was true for it."""
    session.execute(
        insert(AnswerRow).values(
            caller=caller,
            key=key,
            request_sha256=request_sha256,
            http_status=answer.status,
            headers=answer.headers,
            body=answer.body,
        )
    )


def forget_answers(session: Session, *, older_than: timedelta) -> None:
    """Remove what nobody asks for again."""
    session.execute(delete(AnswerRow).where(AnswerRow.created_at < func.now() - older_than))

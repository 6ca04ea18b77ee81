"""Identical work done once: finds takes of equal recipes, and who waits for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from models.takes import TakeFiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from db.queue.claim import Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualTake(TakeFiles):
    """A take of an equal recipe, and what it was made with."""

    job_id: UUID
    #: the job that drew these pixels; `job_id` unless that take was itself reused
    drawn_by_job_id: UUID
    environment: dict[str, str]
    file_hashes: dict[str, str]
    model_hash: str | None
    comfyui_workflow: dict[str, Any] | None


# A reproduction that came out different is no stand-in for what it was to repeat, and one that nobody compared
# yet may be such a one. Those made with the same facts come first, so that the few that are looked at are the
# best, and the newest of each first.
_EQUAL_TAKES = text("""
SELECT t.job_id, COALESCE(t.reused_from_job_id, t.job_id) AS drawn_by_job_id, t.master_path, t.proxy_path,
       t.pixel_sha256, t.file_sha256, t.size_bytes, t.frames, t.width, t.height, t.fps,
       p.environment, p.file_hashes, p.model_hash, p.comfyui_workflow
FROM generation_params p JOIN jobs j ON j.id = p.job_id JOIN takes t ON t.job_id = p.job_id
WHERE p.fingerprint = :fingerprint AND p.job_id <> :job_id
  AND (j.reproduces_job_id IS NULL OR j.reproduction ->> 'equality' IN ('identical', 'equivalent'))
ORDER BY (p.environment @> :environment AND p.file_hashes = :file_hashes) DESC, t.created_at DESC, t.id
LIMIT :at_most
""").bindparams(bindparam("environment", type_=JSONB), bindparam("file_hashes", type_=JSONB))

# The cheap question before the renderer is asked for its facts, which may read gigabytes.
_HAS_TAKE = text("""
SELECT EXISTS (SELECT 1 FROM generation_params p JOIN takes t ON t.job_id = p.job_id
               WHERE p.fingerprint = :fingerprint AND p.job_id <> :job_id)
""")

_WAITING = text("""
SELECT pool FROM render_queue
WHERE fingerprint = :fingerprint AND status = 'ready' AND step = 'render' AND available_at <= now()
ORDER BY priority DESC, available_at, id LIMIT 1
""")


def has_equal_take(session: Session, claim: Claim) -> bool:
    """Whether any other job has a take of an equal recipe, whatever it was made with."""
    values = {"fingerprint": claim.fingerprint, "job_id": claim.job_id}
    return bool(session.execute(_HAS_TAKE, values).scalar_one())


def equal_takes(
    session: Session,
    claim: Claim,
    *,
    environment: Mapping[str, str],
    file_hashes: Mapping[str, str],
    at_most: int = 5,
) -> list[EqualTake]:
    """Takes of recipes equal to the claim's: first those made with these very facts, each kind newest first."""
    rows = session.execute(
        _EQUAL_TAKES,
        {
            "fingerprint": claim.fingerprint,
            "job_id": claim.job_id,
            "environment": dict(environment),
            "file_hashes": dict(file_hashes),
            "at_most": at_most,
        },
    )
    return [EqualTake(**row._mapping) for row in rows]


def pool_of_an_equal(session: Session, claim: Claim) -> str | None:
    """The pool in which an equal order is due that waited for this claim's; None when none does."""
    return session.execute(_WAITING, {"fingerprint": claim.fingerprint}).scalar_one_or_none()

"""Identical work done once: finds takes of equal recipes, and who waits for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from db import order
from models.rates import exact_rate
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
       t.pixel_sha256, t.file_sha256, t.size_bytes, t.frames, t.width, t.height,
       t.fps, p.recipe -> 'fps' AS exact_fps,
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

_WAITING = text(f"""
SELECT q.pool FROM render_queue q
WHERE q.fingerprint = :fingerprint AND q.status = 'ready' AND q.step = 'render' AND q.available_at <= now()
  AND NOT q.waits_for_equal
ORDER BY {order.by_place("q")} LIMIT 1
""")

# Of each set of equals of which none is at work or about to be, the best one need not wait any more.
_LET_START = text(f"""
UPDATE render_queue q SET waits_for_equal = false
FROM (
    SELECT DISTINCT ON (w.fingerprint) w.id FROM render_queue w
    WHERE w.status = 'ready' AND w.step = 'render' AND w.waits_for_equal
      AND (CAST(:fingerprint AS text) IS NULL OR w.fingerprint = :fingerprint)
      AND NOT EXISTS (
          SELECT 1 FROM render_queue r
          WHERE r.fingerprint = w.fingerprint AND r.step = 'render' AND NOT r.waits_for_equal
            AND r.status IN ('ready', 'running') AND (r.status = 'running' OR r.available_at <= now()))
    ORDER BY w.fingerprint, {order.by_place("w")}
) first
WHERE q.id = first.id AND q.waits_for_equal
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
    return [_equal_take(dict(row._mapping)) for row in rows]


def _equal_take(row: dict[str, Any]) -> EqualTake:
    return EqualTake(**row | {"fps": exact_rate(row["fps"], row.pop("exact_fps"))})


def let_equals_start(session: Session, fingerprint: str | None = None) -> None:
    """Let one of several equal orders start where the one before it is over; None: of all fingerprints.

    However an order leaves the queue (rendered, failed, called off, held), this finds its successor.
    """
    session.execute(_LET_START, {"fingerprint": fingerprint})


def pool_of_an_equal(session: Session, claim: Claim) -> str | None:
    """The pool in which an equal order is due that waited for this claim's; None when none does."""
    return session.execute(_WAITING, {"fingerprint": claim.fingerprint}).scalar_one_or_none()

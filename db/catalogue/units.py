"""What gates count, one row a unit: found or made for orders, and kept right wherever a job's standing changes.

Whoever changes a row locks it first, after rows of the queue and after the lock of the gate: always that order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import text

from models.takes import STILL_LIMIT_S
from models.vocabulary import JobType, Phase, UnitKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy.orm import Session


class UnitName(NamedTuple):
    """A unit as its unique constraint knows it."""

    project_id: UUID
    phase: Phase
    kind: UnitKind
    key: str


# Whoever comes second waits for the first to commit and then finds its row with the second statement.
_MAKE = text("""
INSERT INTO gate_units (project_id, phase, kind, key, cut_id)
SELECT project_id, phase, kind, key, CASE kind WHEN 'cut' THEN CAST(key AS uuid) END
FROM unnest(CAST(:projects AS uuid[]), CAST(:phases AS varchar[]), CAST(:kinds AS varchar[]),
            CAST(:keys AS text[])) AS wanted (project_id, phase, kind, key)
ORDER BY project_id, phase, kind, key
ON CONFLICT DO NOTHING
""")

_FIND = text("""
SELECT u.id, u.project_id, u.phase, u.kind, u.key
FROM unnest(CAST(:projects AS uuid[]), CAST(:phases AS varchar[]), CAST(:kinds AS varchar[]),
            CAST(:keys AS text[])) AS wanted (project_id, phase, kind, key)
JOIN gate_units u USING (project_id, phase, kind, key)
""")

_HAS_CUTS = text("""
SELECT DISTINCT e.project_id
FROM episodes e JOIN scenes s ON s.episode_id = e.id JOIN cuts c ON c.scene_id = s.id
WHERE e.project_id = ANY(CAST(:projects AS uuid[]))
""")

_OF_JOBS = text("SELECT id, unit_id FROM jobs WHERE id = ANY(CAST(:job_ids AS uuid[]))")

# In the order of ids, in a statement of its own: the next one then sees what whoever held a row has committed.
_LOCK = text("""
SELECT 1 FROM gate_units WHERE id = ANY(CAST(:unit_ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
""")

_COUNT_IN = text("""
UPDATE gate_units u SET orders = u.orders + n.orders, takes = u.takes + n.takes, is_called_off = false
FROM unnest(CAST(:unit_ids AS uuid[]), CAST(:orders AS integer[]), CAST(:takes AS integer[]))
     AS n (unit_id, orders, takes)
WHERE u.id = n.unit_id
""")

# The best take is the first in the index, and what is under way has an index of its own: however often a cut
# was ordered, this reads a few rows. Only where all else failed or was called off are its jobs walked.
_STAND = text("""
UPDATE gate_units u
SET best_job_id = best.id, best_take_number = best.take_number, verdict = best.verdict,
    is_called_off = best.id IS NULL AND NOT EXISTS (
        SELECT 1 FROM render_queue q WHERE q.unit_id = w.id AND q.status IN ('held', 'ready', 'running')
    ) AND NOT EXISTS (
        SELECT 1 FROM jobs j JOIN render_queue q ON q.job_id = j.id
        WHERE j.unit_id = w.id AND q.status <> 'cancelled'
    ),
    blocking = COALESCE(s.blocking, '{}'), not_measured = COALESCE(s.not_measured, '{}'),
    limits = COALESCE(
        (SELECT jsonb_object_agg(key, value -> 'limit') FROM jsonb_each(s.thresholds_used)), '{}'),
    measured = COALESCE(
        (SELECT jsonb_object_agg(m ->> 'metric', m -> 'value') FROM jsonb_array_elements(s.measurements) m
         WHERE m ->> 'value' IS NOT NULL
           AND m ->> 'network' = s.thresholds_used -> (m ->> 'metric') ->> 'network'), '{}')
FROM gate_units w
LEFT JOIN LATERAL (
    SELECT j.id, j.take_number, j.verdict FROM jobs j WHERE j.unit_id = w.id AND j.place IS NOT NULL
    ORDER BY j.place, j.take_number, j.id LIMIT 1
) best ON true
LEFT JOIN quality_scores s ON s.job_id = best.id
WHERE w.id = ANY(CAST(:unit_ids AS uuid[])) AND u.id = w.id
""")

_IS_SLOW = f"""t.reused_from_job_id IS NULL AND t.render_seconds > {STILL_LIMIT_S}
    AND j.job_type = '{JobType.STILL_IMAGE.value}'"""

_NOTE_SLOW = text(f"""
UPDATE gate_units u
SET slow_takes = u.slow_takes + 1,
    slowest_job_id = CASE WHEN t.render_seconds > COALESCE(u.slowest_seconds, 0) THEN t.job_id
                          ELSE u.slowest_job_id END,
    slowest_seconds = greatest(u.slowest_seconds, t.render_seconds)
FROM takes t JOIN jobs j ON j.id = t.job_id
WHERE t.job_id = :job_id AND u.id = j.unit_id AND {_IS_SLOW}
""")

_RECOUNT = text(f"""
UPDATE gate_units u
SET orders = n.orders, takes = n.takes, slow_takes = n.slow_takes, slowest_job_id = n.slowest_job_id,
    slowest_seconds = n.slowest_seconds
FROM (
    SELECT j.unit_id, count(*) FILTER (WHERE j.root_job_id = j.id) AS orders, count(*) AS takes,
           count(t.id) AS slow_takes, max(t.render_seconds) AS slowest_seconds,
           (array_agg(t.job_id ORDER BY t.render_seconds DESC NULLS LAST, t.job_id))[1] AS slowest_job_id
    FROM jobs j LEFT JOIN takes t ON t.job_id = j.id AND j.verdict IS NOT NULL AND {_IS_SLOW}
    WHERE j.unit_id = ANY(CAST(:unit_ids AS uuid[])) GROUP BY j.unit_id
) n WHERE n.unit_id = u.id
""")


def unit_ids(session: Session, names: Collection[UnitName]) -> dict[UnitName, UUID]:
    """The rows of these units, made where they are new; what is counted in them, `count_in` says."""
    if not names:
        return {}
    columns = {
        "projects": [name.project_id for name in names],
        "phases": [name.phase.value for name in names],
        "kinds": [name.kind.value for name in names],
        "keys": [name.key for name in names],
    }
    by_name = _rows_of(session, columns)
    if len(by_name) < len(set(names)):
        session.execute(_MAKE, columns)
        by_name = _rows_of(session, columns)
    return by_name


def projects_with_cuts(session: Session, project_ids: Iterable[UUID]) -> set[UUID]:
    """Which of these shows have a cut."""
    wanted = list(project_ids)
    return set(session.execute(_HAS_CUTS, {"projects": wanted}).scalars()) if wanted else set()


def units_of(session: Session, job_ids: Iterable[UUID]) -> dict[UUID, UUID | None]:
    """Job -> its unit."""
    wanted = list(job_ids)
    rows = session.execute(_OF_JOBS, {"job_ids": wanted}) if wanted else ()
    return {row.id: row.unit_id for row in rows}


def count_in(session: Session, stored: Mapping[UUID, tuple[int, int]]) -> None:
    """Count new jobs into their units, as unit -> (root jobs, all jobs); the last thing their transaction does.

    The rows stay locked until the commit, and gates of those units wait for it.
    """
    ids = sorted(stored)
    if not ids:
        return
    session.execute(_LOCK, {"unit_ids": ids})
    orders, takes = ([stored[each][place] for each in ids] for place in (0, 1))
    session.execute(_COUNT_IN, {"unit_ids": ids, "orders": orders, "takes": takes})


def stand(session: Session, ids: Iterable[UUID]) -> None:
    """Look up anew how units stand: their best take, and whether all of their jobs were called off."""
    wanted = sorted(set(ids))
    if wanted:
        session.execute(_LOCK, {"unit_ids": wanted})
        session.execute(_STAND, {"unit_ids": wanted})


def note_slow(session: Session, job_id: UUID) -> None:
    """Count a still that is judged for the first time, if it was slow."""
    session.execute(_NOTE_SLOW, {"job_id": job_id})


def recount(session: Session, project_id: UUID) -> None:
    """Count all units of a project from their jobs anew; what is kept beside the jobs never differs from it."""
    ids = sorted(
        session.execute(text("SELECT id FROM gate_units WHERE project_id = :id"), {"id": project_id}).scalars()
    )
    if ids:
        session.execute(_LOCK, {"unit_ids": ids})
        session.execute(_RECOUNT, {"unit_ids": ids})
        session.execute(_STAND, {"unit_ids": ids})


def _rows_of(session: Session, columns: Mapping[str, object]) -> dict[UnitName, UUID]:
    return {
        UnitName(row.project_id, Phase(row.phase), UnitKind(row.kind), row.key): row.id
        for row in session.execute(_FIND, columns)
    }

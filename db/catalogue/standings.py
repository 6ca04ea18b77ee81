"""How a phase stands, read from its units and never from its history: counted for the gate, or in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from models.shows import cut_path
from models.takes import TakeResult
from models.units import PhaseTally, UnitStanding
from models.vocabulary import LeftOut, UnitKind, Verdict

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from models.vocabulary import Phase

# The units of a phase, each with why the gate leaves it out; NULL: it counts. A cut that is gone is omitted.
_UNITS = """
show AS MATERIALIZED (
    SELECT count(*) AS all_cuts, count(*) FILTER (WHERE NOT c.omitted) AS cuts
    FROM episodes e JOIN scenes s ON s.episode_id = e.id JOIN cuts c ON c.scene_id = s.id
    WHERE e.project_id = :project_id
), units AS (
    SELECT u.*, CASE WHEN u.kind = 'reproduction' THEN 'reproduction'
                     WHEN u.kind = 'scratch' OR u.kind = 'order' AND show.all_cuts > 0 THEN 'scratch'
                     WHEN u.kind = 'cut' AND COALESCE(c.omitted, true) THEN 'omitted'
                     WHEN u.is_called_off THEN 'cancelled' END AS left_out
    FROM gate_units u CROSS JOIN show LEFT JOIN cuts c ON c.id = u.cut_id
    WHERE u.project_id = :project_id AND u.phase = :phase AND u.takes > 0
)"""

_TALLY = text(f"""
WITH {_UNITS}
SELECT count(u.id) FILTER (WHERE u.left_out IS NULL) AS ordered,
       count(u.id) FILTER (WHERE u.left_out IS NULL AND u.verdict IN ('pass', 'approved')) AS passed,
       (SELECT cuts FROM show) AS cuts
FROM units u
""")

_STANDINGS = text(f"""
WITH {_UNITS}
SELECT u.kind, u.key, u.left_out, e.episode_number, s.scene_number, c.cut_number, u.orders, u.takes,
       u.best_job_id, u.best_take_number, u.verdict, u.blocking, u.not_measured, u.measured, u.limits,
       u.slow_takes, u.slowest_job_id, u.slowest_seconds,
       EXISTS (
           SELECT 1 FROM render_queue q WHERE q.unit_id = u.id AND q.status IN ('held', 'ready', 'running')
       ) AS in_work, last.id AS last_job_id, last.error_message
FROM units u
LEFT JOIN cuts c ON c.id = u.cut_id
LEFT JOIN scenes s ON s.id = c.scene_id
LEFT JOIN episodes e ON e.id = s.episode_id
LEFT JOIN LATERAL (
    SELECT j.id, CASE q.status WHEN 'failed' THEN q.error_message END AS error_message
    FROM jobs j JOIN render_queue q ON q.job_id = j.id
    WHERE j.unit_id = u.id AND j.place IS NULL AND u.best_job_id IS NULL
    ORDER BY j.take_number DESC, j.id DESC LIMIT 1
) last ON true
ORDER BY e.episode_number, s.scene_number, c.cut_number, u.kind, u.key
""")


def tally(session: Session, project_id: UUID, phase: Phase) -> PhaseTally:
    """How many units of a phase have an order, and how many of them passed; cheap, for every gate."""
    values = {"project_id": project_id, "phase": phase.value}
    return PhaseTally(**session.execute(_TALLY, values).one()._mapping)


def standings(session: Session, project_id: UUID, phase: Phase) -> list[UnitStanding]:
    """Every unit of a phase, those left out too: cuts in story order, then characters, then the rest."""
    values = {"project_id": project_id, "phase": phase.value}
    return [_standing(row) for row in session.execute(_STANDINGS, values)]


def _standing(row: Row[Any]) -> UnitStanding:
    return UnitStanding(
        kind=UnitKind(row.kind),
        left_out=LeftOut(row.left_out) if row.left_out else None,
        cut=None if row.cut_number is None else cut_path(row.episode_number, row.scene_number, row.cut_number),
        character=row.key if row.kind == UnitKind.CHARACTER else None,
        orders=row.orders,
        takes=row.takes,
        best=_best(row) if row.best_job_id else None,
        in_work=row.in_work,
        last_job_id=row.last_job_id,
        error=row.error_message,
        slow_takes=row.slow_takes,
        slowest_job_id=row.slowest_job_id,
        slowest_seconds=row.slowest_seconds,
    )


def _best(row: Row[Any]) -> TakeResult:
    return TakeResult(
        job_id=row.best_job_id,
        take_number=row.best_take_number,
        verdict=Verdict(row.verdict),
        blocking=tuple(row.blocking),
        not_measured=tuple(row.not_measured),
        values={name: float(value) for name, value in row.measured.items()},
        limits={name: float(value) for name, value in row.limits.items()},
    )

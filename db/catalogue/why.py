"""Gathers what is known about why a job has not moved on: its place, its workers, its lease and its waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select, text

from db import order
from db.catalogue.jobs import attempt_view, job_rows, queue_view
from db.fleet import inventories
from db.fleet.holds import all_holds
from models.errors import UnknownName
from models.fleet import HoldView, WorkerView
from models.jobs import WhyFacts
from models.pools import COMFYUI, renderer_of
from models.rows.fleet import Tick, Worker
from models.rows.jobs import Attempt, QueueRow
from models.scheduling import lane
from models.vocabulary import HoldScope, QueueStatus, Step

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy.orm import Session

_RENDERS_AHEAD = text(f"""
WITH {order.CAN_DO}
SELECT count(*)
FROM render_queue mine JOIN render_queue q ON q.pool = mine.pool
WHERE mine.job_id = :job_id AND {order.is_before("q", "mine")}
  AND {order.is_startable("q")} AND {order.is_doable("q")}
""")

_OTHERS_AHEAD = text(f"""
SELECT count(*) FROM render_queue mine JOIN render_queue q ON q.step = mine.step
WHERE mine.job_id = :job_id AND {order.is_before("q", "mine")}
  AND q.step <> 'render' AND q.status = 'ready' AND q.available_at <= now()
""")


def workers(session: Session) -> tuple[WorkerView, ...]:
    """Every worker ever heard of, by id; how long it has been silent is by the database's clock."""
    silent = func.extract("epoch", func.now() - Worker.last_seen_at)
    rows = session.execute(select(Worker, silent).order_by(Worker.id).execution_options(populate_existing=True))
    return tuple(_worker_view(row, float(seconds)) for row, seconds in rows)


def why_facts(session: Session, job_id: UUID, silent_after: timedelta) -> WhyFacts:
    """What is known about one job's wait; a worker silent for longer than `silent_after` does not count.

    Raises:
        UnknownName: there is no such job.
    """
    rows = job_rows(session, [job_id])
    if not rows:
        raise UnknownName(f"There is no job {job_id}.", hint="`farm jobs` lists them.")
    queue = session.scalars(select(QueueRow).where(QueueRow.job_id == job_id)).one()
    due, lease, beat = session.execute(
        select(
            func.extract("epoch", QueueRow.available_at - func.now()),
            func.extract("epoch", QueueRow.lease_until - func.now()),
            select(func.extract("epoch", func.now() - func.max(Tick.ran_at))).scalar_subquery(),
        ).where(QueueRow.job_id == job_id)
    ).one()
    serving = tuple(
        worker for worker in workers(session) if worker.is_live(silent_after) and _serves(worker, queue)
    )
    last = session.scalar(
        select(Attempt).where(Attempt.job_id == job_id).order_by(Attempt.epoch.desc()).limit(1)
    )
    return WhyFacts(
        row=rows[0],
        queue=queue_view(queue),
        ahead_in_pool=_ahead(session, queue, silent_after),
        running_in_pool=_running(session, queue),
        workers=serving,
        seconds_until_due=float(due),
        seconds_of_lease_left=None if lease is None else float(lease),
        seconds_since_beat=None if beat is None else float(beat),
        last_attempt=attempt_view(last) if last else None,
        **_equal_before(session, queue),
        needs=tuple(queue.needs),
        servers=inventories.known(session, silent_after=silent_after)
        if renderer_of(queue.pool) == COMFYUI
        else (),
        holds=_holds(session, queue, rows[0].project_id, serving),
    )


def _holds(
    session: Session, queue: QueueRow, project_id: UUID, serving: tuple[WorkerView, ...]
) -> tuple[HoldView, ...]:
    named = {
        (HoldScope.FARM, ""),
        (HoldScope.PROJECT, str(project_id)),
        (HoldScope.POOL, lane(queue.step, queue.pool)),
        *((HoldScope.WORKER, worker.id) for worker in serving),
    }
    return tuple(each for each in all_holds(session) if each.in_force and (each.scope, each.target) in named)


def _equal_before(session: Session, queue: QueueRow) -> dict[str, Any]:
    """The equal order whose take the job waits for: the one that is being rendered, else the one to be."""
    if queue.fingerprint is None or queue.step is not Step.RENDER or queue.status is not QueueStatus.READY:
        return {}
    statuses = [QueueStatus.RUNNING, *([QueueStatus.READY] if queue.waits_for_equal else [])]
    equal = session.execute(
        select(QueueRow.job_id, QueueRow.status)
        .where(
            QueueRow.fingerprint == queue.fingerprint,
            QueueRow.step == Step.RENDER,
            QueueRow.status.in_(statuses),
            ~QueueRow.waits_for_equal,
        )
        .order_by(QueueRow.status.desc(), QueueRow.priority.desc(), QueueRow.queued_at, QueueRow.id)
        .limit(1)
    ).one_or_none()
    if equal is None:
        return {}
    return {"equal_job_id": equal.job_id, "equal_is_running": equal.status is QueueStatus.RUNNING}


def _ahead(session: Session, queue: QueueRow, silent_after: timedelta) -> int:
    statement = _RENDERS_AHEAD if queue.step is Step.RENDER else _OTHERS_AHEAD
    return session.scalar(statement, {"job_id": queue.job_id, "silent_after": silent_after}) or 0


def _running(session: Session, queue: QueueRow) -> int:
    running = (QueueRow.step == queue.step) & (QueueRow.status == QueueStatus.RUNNING)
    if queue.step is Step.RENDER:
        running &= QueueRow.pool == queue.pool
    return session.scalar(select(func.count()).select_from(QueueRow).where(running)) or 0


def _serves(worker: WorkerView, queue: QueueRow) -> bool:
    if queue.step is Step.RENDER:
        return queue.pool in worker.pools
    return queue.step.value in worker.queues


def _worker_view(row: Worker, silent: float) -> WorkerView:
    return WorkerView(
        id=row.id,
        host=row.host,
        pid=row.pid,
        pools=tuple(row.pools),
        queues=tuple(row.queues),
        slots=row.slots,
        status=row.status,
        current_job_id=row.current_job_id,
        last_seen_at=row.last_seen_at,
        seconds_silent=silent,
        capabilities=dict(row.capabilities) | ({"networks": row.networks} if row.networks else {}),
    )

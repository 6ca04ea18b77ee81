"""Jobs for the queue's tests: stored as admission stores them, looked at as Postgres sees them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import text

from db import queue
from db.catalogue import NewJob, insert_jobs
from db.queue import TakeRecord
from models.jobs import DEFAULT_RETRIES
from models.recipe import Recipe
from models.rows.shows import Project
from models.shows import Defaults
from models.vocabulary import JobType, Step

if TYPE_CHECKING:
    from db.engine import Database
    from db.queue import Claim

#: what a render of one frame made
TAKE = TakeRecord(
    master_path="takes/a/1/master.png",
    proxy_path=None,
    pixel_sha256="p" * 64,
    file_sha256="f" * 64,
    size_bytes=10,
    frames=1,
    width=48,
    height=32,
    fps=24,
    render_seconds=0.5,
    renderer_version="1",
    environment={"device": "cpu"},
    resolved={"file_hashes": {"a.safetensors": "0" * 64}, "model_hash": "1" * 64},
)


#: the structural marks alone: no network is loaded to score by them
PLAIN = "plain"
PLAIN_MARKS = {"based_on": "embedded", "marks": {"still": {"identity": None, "style_adherence": None}}}


def add_project(database: Database) -> UUID:
    """A project of one's own, which has the profile `PLAIN`."""
    with database.transaction() as session:
        defaults = Defaults(profiles={PLAIN: PLAIN_MARKS})
        project = Project(slug=f"show-{uuid4().hex[:8]}", name="A show", defaults=defaults)
        session.add(project)
        session.flush()
        return project.id


def add_jobs(
    database: Database,
    project: UUID,
    count: int = 1,
    *,
    renderer: str = "null",
    pool: str | None = None,
    model_name: str = "null",
    frame_count: int = 1,
    priority: int = 5,
    max_retries: int = DEFAULT_RETRIES,
    seed: int | None = None,
    reuse: bool = False,
    reproduces_job_id: UUID | None = None,
    needs: tuple[str, ...] = (),
    profile: str = "embedded",
    max_retakes: int = 0,
    not_drawn: tuple[str, ...] = (),
) -> list[UUID]:
    """`count` orders, of the null renderer unless another is named, ready to be claimed.

    With a `seed` they are equal, without one each has its own.
    """
    kind = JobType.STILL_IMAGE if frame_count == 1 else JobType.ANIMATION_LOOP
    jobs = [
        NewJob(
            project_id=project,
            recipe=Recipe(
                renderer=renderer,
                job_type=kind,
                seed=number if seed is None else seed,
                width=64 if renderer == "comfyui" else 48,
                height=32,
                frame_count=frame_count,
                model_name=model_name,
            ),
            pool=pool or renderer,
            profile=profile,
            requested_by="test",
            priority=priority,
            max_retries=max_retries,
            reuse=reuse,
            reproduces_job_id=reproduces_job_id,
            needs=needs,
            max_retakes=max_retakes,
            not_drawn=not_drawn,
            order_data={},
            quality_thresholds={},
        )
        for number in range(count)
    ]
    with database.transaction() as session:
        return [job_id for job_id in insert_jobs(session, jobs) if job_id is not None]


def render_all(database: Database, *, networks: tuple[str, ...] = ()) -> None:
    """Whatever waits for its render waits for its score from now on, which asks for `networks`."""
    execute(
        database,
        "UPDATE render_queue SET step = 'score', networks = :networks"
        " WHERE step = 'render' AND status = 'ready'",
        networks=list(networks),
    )


def claim_after_render(
    database: Database, step: Step, worker: str = "w", *, networks: tuple[str, ...] = ()
) -> Claim | None:
    """The best score for a worker that has these networks, or the best gate."""
    who: dict[str, Any] = {"worker_id": worker, "lease": timedelta(seconds=60)}
    with database.transaction() as session:
        if step is Step.GATE:
            return queue.claim_gate(session, **who)
        return queue.claim_score(session, **who, networks=networks, queue="score")


def row_of(database: Database, job_id: UUID) -> Any:
    """The job's queue row, as it stands."""
    return one(
        database, "SELECT *, available_at <= now() AS due FROM render_queue WHERE job_id = :job", job=job_id
    )


def one(database: Database, sql: str, **values: Any) -> Any:
    """The single row a query finds."""
    with database.transaction() as session:
        return session.execute(text(sql), values).one()


def execute(database: Database, sql: str, **values: Any) -> None:
    """One statement, committed."""
    with database.transaction() as session:
        session.execute(text(sql), values)

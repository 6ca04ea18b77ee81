"""Writes admitted orders: job, recipe and queue row of each, thousands in a handful of statements."""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from sqlalchemy import func, select

from db.catalogue.many import insert_new_rows, insert_rows
from db.catalogue.units import UnitName, count_in, projects_with_cuts, unit_ids, units_of
from models.jobs import DEFAULT_RETRIES
from models.recipe import fingerprint_of
from models.rows.jobs import Job, QueueRow
from models.rows.takes import GenerationParams
from models.units import unit_of
from models.vocabulary import QueueStatus, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from models.actors import Actor
    from models.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """One job that passed admission, or a retake the gate asks for."""

    project_id: UUID
    recipe: Recipe
    pool: str
    profile: str
    requested_by: Actor
    priority: int = 5
    max_retries: int = DEFAULT_RETRIES
    max_retakes: int = 3
    order_data: dict[str, Any]
    quality_thresholds: dict[str, float]
    scene_id: UUID | None = None
    cut_id: UUID | None = None
    idempotency_key: str | None = None
    #: None: this job is a root
    root_job_id: UUID | None = None
    parent_job_id: UUID | None = None
    take_number: int = 1
    retake_reason: dict[str, Any] | None = None
    #: an equal take may stand in for it, and it waits while its equal is being rendered
    reuse: bool = False
    #: files and node types that its worker must have
    needs: tuple[str, ...] = ()
    #: what was asked for and its renderer will not draw
    not_drawn: tuple[str, ...] = ()
    #: no gate counts it, whatever else the show has
    is_scratch: bool = False
    #: the job whose take this one makes again, and what is changed of its recipe: field -> [before, after]
    reproduces_job_id: UUID | None = None
    reproduction_changes: dict[str, Any] | None = None

    @classmethod
    def again(cls, job: Job, recipe: Recipe, **changes: Any) -> Self:
        """Another job for the order of `job`, which it follows; `changes` are the fields that differ."""
        kept: dict[str, Any] = {
            "project_id": job.project_id,
            "pool": job.queue.pool,
            "needs": tuple(job.queue.needs),
            "profile": job.profile,
            "priority": job.queue.priority,
            "max_retries": job.queue.max_retries,
            "order_data": dict(job.order_data),
            "not_drawn": tuple(job.not_drawn),
            "quality_thresholds": dict(job.quality_thresholds),
            "scene_id": job.scene_id,
            "cut_id": job.cut_id,
            "parent_job_id": job.id,
        }
        return cls(recipe=recipe, **kept | changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedJob:
    """A job that was ordered under an idempotency key, and what was ordered."""

    job_id: UUID
    order_data: dict[str, Any]
    seed: int
    pool: str
    not_drawn: tuple[str, ...]


def insert_jobs(
    session: Session, jobs: Sequence[NewJob], *, key_prefix: str | None = None
) -> list[UUID | None]:
    """Store jobs with their recipes and queue rows; None for one that already exists.

    `key_prefix` names the key they are ordered with.

    A root exists already when its idempotency key is taken, a retake when its root has that take number: the
    first to commit wins, the others wait for it and then store nothing.
    """
    if not jobs:
        return []
    ids = _ids_in_order(len(jobs))
    units = _units(session, jobs, ids)
    rows = [
        _job_values(job, job_id, units[job_id]) | {"key_prefix": key_prefix}
        for job, job_id in zip(jobs, ids, strict=True)
    ]
    # In the order of their keys: two that order the same at once never wait for each other crosswise.
    rows.sort(key=lambda row: row["idempotency_key"] or "")
    stored = insert_new_rows(session, Job, rows)
    new = [(job, job_id) for job, job_id in zip(jobs, ids, strict=True) if job_id in stored]
    if new:
        recipes = [_recipe_values(job.recipe, job_id) for job, job_id in new]
        insert_rows(session, GenerationParams, recipes)
        ages = _ages(session, [job for job, _ in new])
        places = zip(new, recipes, _ids_in_order(len(new)), strict=True)
        rows = [
            _queue_values(job, recipe["fingerprint"], job_id, row_id)
            | {"unit_id": units[job_id], "queued_at": ages.get(job.root_job_id)}
            for (job, job_id), recipe, row_id in places
        ]
        _let_equals_wait(session, rows)
        insert_rows(session, QueueRow, rows)
        _count_in(session, new, units)
    return [job_id if job_id in stored else None for job_id in ids]


def jobs_by_key(session: Session, project_id: UUID, keys: Iterable[str]) -> dict[str, KeyedJob]:
    """The jobs of a project that were ordered under these idempotency keys."""
    wanted = list(keys)
    if not wanted:
        return {}
    rows = session.execute(
        select(Job.idempotency_key, Job.id, Job.order_data, Job.not_drawn, GenerationParams.seed, QueueRow.pool)
        .join(GenerationParams, GenerationParams.job_id == Job.id)
        .join(QueueRow, QueueRow.job_id == Job.id)
        .where(Job.project_id == project_id, Job.idempotency_key.in_(wanted))
    )
    return {
        key: KeyedJob(job_id=job_id, order_data=order_data, seed=seed, pool=pool, not_drawn=tuple(not_drawn))
        for key, job_id, order_data, not_drawn, seed, pool in rows
    }


def newest_take_number(session: Session, root_job_id: UUID) -> int:
    """The highest take number of a root job's family."""
    return session.scalar(select(func.max(Job.take_number)).where(Job.root_job_id == root_job_id)) or 0


def seed_of(session: Session, job_id: UUID) -> int:
    """The seed a job was ordered with; raises `NoResultFound`."""
    return session.scalars(select(GenerationParams.seed).where(GenerationParams.job_id == job_id)).one()


def _ids_in_order(count: int) -> list[UUID]:
    """UUIDs (version 7) that sort as they were made.

    Rows of one transaction share their times, and the queue and every list go on by id: so a batch is rendered
    and shown in the order it was given.
    """
    start = time.time_ns() // 1_000_000 << 80
    return [
        # 48 bits of milliseconds, version, 12 and 20 bits of counter around the variant, 42 bits of chance
        UUID(
            int=start
            | 7 << 76
            | (place >> 20 & 0xFFF) << 64
            | 0b10 << 62
            | (place & 0xFFFFF) << 42
            | secrets.randbits(42)
        )
        for place in range(count)
    ]


def _units(session: Session, jobs: Sequence[NewJob], ids: Sequence[UUID]) -> dict[UUID, UUID | None]:
    """Job -> what it counts as at its gate: a root as `unit_of` says, a retake as its root does."""
    roots = [(job, job_id) for job, job_id in zip(jobs, ids, strict=True) if job.root_job_id is None]
    uncut = {job.project_id for job, _ in roots if job.cut_id is None}
    with_cuts = projects_with_cuts(session, uncut)
    names = {job_id: _unit_name(job, job_id, job.project_id in with_cuts) for job, job_id in roots}
    ids_by_name = unit_ids(session, set(names.values()))
    of_roots = units_of(session, {job.root_job_id for job in jobs if job.root_job_id is not None})
    return {
        job_id: ids_by_name[names[job_id]] if job.root_job_id is None else of_roots.get(job.root_job_id)
        for job, job_id in zip(jobs, ids, strict=True)
    }


def _unit_name(job: NewJob, job_id: UUID, show_has_cuts: bool) -> UnitName:
    unit = unit_of(
        job_id,
        job.recipe.job_type,
        cut_id=job.cut_id,
        characters=(look.name for look in job.recipe.characters),
        is_reproduction=job.reproduces_job_id is not None,
        is_scratch=job.is_scratch,
        show_has_cuts=show_has_cuts,
    )
    return UnitName(job.project_id, job.recipe.job_type.phase, unit.kind, unit.key)


def _count_in(session: Session, new: Iterable[tuple[NewJob, UUID]], units: Mapping[UUID, UUID | None]) -> None:
    counts: dict[UUID, tuple[int, int]] = {}
    for job, job_id in new:
        unit = units[job_id]
        if unit is not None:
            orders, takes = counts.get(unit, (0, 0))
            counts[unit] = orders + (job.root_job_id is None), takes + 1
    count_in(session, counts)


def _job_values(job: NewJob, job_id: UUID, unit_id: UUID | None) -> dict[str, Any]:
    return {
        "id": job_id,
        "unit_id": unit_id,
        "project_id": job.project_id,
        "job_type": job.recipe.job_type,
        "phase": job.recipe.job_type.phase,
        "scene_id": job.scene_id,
        "cut_id": job.cut_id,
        "root_job_id": job.root_job_id or job_id,
        "parent_job_id": job.parent_job_id,
        "take_number": job.take_number,
        "retake_reason": job.retake_reason,
        "reproduces_job_id": job.reproduces_job_id,
        "reproduction_changes": job.reproduction_changes,
        "max_retakes": job.max_retakes,
        "order_data": job.order_data,
        "not_drawn": list(job.not_drawn),
        "profile": job.profile,
        "quality_thresholds": job.quality_thresholds,
        "total_frames": job.recipe.frame_count,
        "idempotency_key": job.idempotency_key,
        "requested_by": job.requested_by,
    }


def _recipe_values(recipe: Recipe, job_id: UUID) -> dict[str, Any]:
    recipe_json = recipe.to_json()
    return {
        # One row for each job, known by the job's own id: who orders is told both.
        "id": job_id,
        "job_id": job_id,
        "positive_prompt": recipe.positive_prompt,
        "negative_prompt": recipe.negative_prompt,
        "seed": recipe.seed,
        "subseed": recipe.subseed,
        "model_name": recipe.model_name,
        "vae_name": recipe.vae_name,
        "sampler_name": recipe.sampler_name,
        "scheduler": recipe.scheduler,
        "steps": recipe.steps,
        "cfg_scale": recipe.cfg_scale,
        "width": recipe.width,
        "height": recipe.height,
        "frame_count": recipe.frame_count,
        # The recipe holds it exactly.
        "fps": round(recipe.fps),
        "lora_models": [asdict(lora) for lora in recipe.lora_models],
        "controlnet_models": [asdict(net) for net in recipe.controlnet_models],
        "ipadapter_refs": [asdict(ref) for ref in recipe.ipadapter_refs],
        "renderer": recipe.renderer,
        "recipe": recipe_json,
        "fingerprint": fingerprint_of(recipe_json),
    }


def _ages(session: Session, jobs: Iterable[NewJob]) -> dict[UUID | None, datetime]:
    """Root -> its age, which its retakes have: a cut that was begun is finished before the next is begun.

    A phase's door opens by cuts that passed; behind every first take, retakes would open it last.
    """
    roots = {job.root_job_id for job in jobs} - {None}
    query = select(QueueRow.job_id, QueueRow.queued_at).where(QueueRow.job_id.in_(roots))
    return {row.job_id: row.queued_at for row in session.execute(query)} if roots else {}


def _let_equals_wait(session: Session, rows: list[dict[str, Any]]) -> None:
    """Mark the queue rows that an equal one of their pool, of at least their priority, comes before.

    Equals ordered at the same instant do not see each other; the claim still gives out one at a time.
    """
    fingerprints = {row["fingerprint"] for row in rows} - {None}
    if not fingerprints:
        return
    query = select(QueueRow.fingerprint, QueueRow.pool, func.max(QueueRow.priority)).where(
        QueueRow.fingerprint.in_(fingerprints),
        QueueRow.step == Step.RENDER,
        QueueRow.status.in_((QueueStatus.READY, QueueStatus.RUNNING)),
        ~QueueRow.waits_for_equal,
    )
    grouped = query.group_by(QueueRow.fingerprint, QueueRow.pool)
    first = {(fingerprint, pool): priority for fingerprint, pool, priority in session.execute(grouped)}
    for row in sorted(rows, key=lambda row: -int(row["priority"])):
        equal = row["fingerprint"], row["pool"]
        if row["fingerprint"] is not None:
            row["waits_for_equal"] = first.setdefault(equal, row["priority"] - 1) >= row["priority"]
            first[equal] = max(first[equal], row["priority"])


def _queue_values(job: NewJob, fingerprint: str, job_id: UUID, queue_id: UUID) -> dict[str, Any]:
    return {
        "id": queue_id,
        "job_id": job_id,
        "project_id": job.project_id,
        "pool": job.pool,
        "priority": job.priority,
        "max_retries": job.max_retries,
        "model_name": job.recipe.model_name,
        # A reproduction proves something only when it is really rendered.
        "fingerprint": fingerprint if job.reuse and job.reproduces_job_id is None else None,
        "needs": list(job.needs),
        "waits_for_equal": False,
    }

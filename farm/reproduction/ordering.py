"""Orders a take again from what was recorded of its making, to prove that it can be repeated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from db import catalogue
from db.catalogue import NewJob
from farm.orders import undrawn
from farm.orders.plan import Plan
from farm.orders.submission import SubmittedJob
from farm.reproduction.changes import changed_recipe
from farm.settings import settings as machine_settings
from models.actors import Actor
from models.errors import Conflict
from models.pools import COMFYUI
from models.recipe import Recipe
from models.vocabulary import JobState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from db.engine import Session
    from farm.settings import Settings
    from models.rows.jobs import Job

#: states that end without a take, as a sentence says them
_MADE_NOTHING = {
    JobState.FAILED: "failed",
    JobState.TIMEOUT: "ran out of time",
    JobState.CANCELLED: "was cancelled",
}


def reproduce(
    session: Session,
    job_id: UUID,
    *,
    requested_by: Actor | str,
    changes: Mapping[str, Any] | None = None,
    settings: Settings | None = None,
    key_prefix: str | None = None,
) -> SubmittedJob:
    """Order the take of `job_id` again, from its recorded recipe: its order might give another one now.

    The new job is a root of its own and counts nowhere. It is rendered on a cold cache and never answered by an
    equal take; once scored, `jobs.reproduction` says how equal the two are. Reproducing
    an unchanged reproduction makes its original again. `changes` are recipe fields by dotted name, see
    `farm.reproduction.changes`.

    Raises:
        UnknownName: no such job, or no such field; the hint names the nearest.
        Conflict: the job has no take to compare with.
        OrderRefused: a change cannot work, or no ComfyUI of this farm has what the take was made with any more;
            nothing was stored.
    """
    who = Actor.named(requested_by)
    original = catalogue.reproducible(session, job_id)
    if original.take is None:
        raise _no_take(original)
    plan, changed = _planned(session, settings or machine_settings(), original, changes or {})
    new = NewJob.again(
        original,
        plan.recipe,
        pool=plan.pool,
        needs=plan.needs,
        requested_by=who,
        max_retakes=0,
        reproduces_job_id=original.id,
        reproduction_changes=changed,
    )
    (stored,) = catalogue.insert_jobs(session, [new], key_prefix=key_prefix)
    if stored is None:
        # Only a key or a take number can keep a job from being stored, and a root without a key has neither.
        raise Conflict("The reproduction could not be stored.", hint="Ask for it again.")
    return SubmittedJob(job_id=stored, seed_used=plan.recipe.seed, pool=plan.pool, not_drawn=new.not_drawn)


def _planned(
    session: Session, settings: Settings, original: Job, changes: Mapping[str, Any]
) -> tuple[Plan, dict[str, list[Any]]]:
    """What is rendered and where, and what is changed; an unchanged recipe waits where it waited before."""
    recorded = Recipe.from_json(original.params.recipe)
    as_before = Plan(recipe=recorded, pool=original.queue.pool, needs=tuple(original.queue.needs))
    if recorded.renderer == COMFYUI:
        # Imported here: a farm that only draws never reads workflows.
        from farm.reproduction import comfyui

        # Unchanged too: weights that are gone since would let it wait for ever.
        plan, changed = comfyui.planned(session, settings, recorded, changes)
        return (plan if changed else as_before), changed
    recipe, changed = changed_recipe(recorded, changes)
    undrawn.refuse_changes(recipe, changed)
    return replace(as_before, recipe=recipe), changed


def _no_take(job: Job) -> Conflict:
    """Why a job without a take cannot be made again, and what can be done instead."""
    state = JobState.of(job.queue.step, job.queue.status, job.queue.error_kind)
    if ended := _MADE_NOTHING.get(state):
        instead = f"make this one anew: `farm retake {job.id}`"
        if job.reproduces_job_id is not None:
            # A reproduction has no retakes.
            instead = f"its original once more: `farm reproduce {job.reproduces_job_id}`"
        return Conflict(
            f"The job {job.id} {ended} and made nothing that could be made again.",
            hint=f"Reproduce another job, or {instead}.",
        )
    return Conflict(
        f"The job {job.id} has no take to compare with.",
        hint=f"Wait until it is rendered; `farm job {job.id}` says how it stands.",
    )

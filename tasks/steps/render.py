"""The render step: claim the best due job, make its pixels, hand over the finished take."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from db import queue
from db.queue import TakeRecord
from farm.broker import TaskName, task
from farm.judging import profiles
from models.errors import LeaseLost, StepFailed
from models.recipe import Recipe
from models.takes import SIDECAR
from models.vocabulary import ErrorKind, Step
from tasks.process import fitness, runtime
from tasks.steps import reusing, wake_ups, watchers
from tasks.steps.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from db.files.artifacts import StoredTake
    from db.queue import Claim
    from tasks.steps.reusing import EqualTakeSearch
    from workers.media.rendered import Rendered


@task(TaskName.RENDER, bind=True)
def render(self: Any, pool: str) -> str:
    """Render the best job that is due in this worker's pools; returns its id for `score`.

    `pool` is only where the wake-up came from. Safe to run twice: the second run claims another job or nothing.
    """
    claim = runtime.claim_render(pool) if fitness.is_fit(Step.RENDER) else None
    if claim is None:
        return runtime.end_chain(self, "nothing to render")
    with (
        wake_ups.left_behind(claim),
        _equal_woken(claim),
        Work(claim, self) as work,
        _nothing_left_behind(claim),
    ):
        watchers.show(self, claim)
        _make(work)
    return work.why_lost or wake_ups.hint(self, claim, Step.SCORE)


@contextmanager
def _equal_woken(claim: Claim) -> Iterator[None]:
    """However it ends: an equal order that waits uses the take, or is rendered in its place."""
    try:
        yield
    finally:
        reusing.wake_an_equal(claim)


@contextmanager
def _nothing_left_behind(claim: Claim) -> Iterator[None]:
    """Removes the files of an attempt that did not become the take, before anybody else may begin."""
    try:
        yield
    except Exception as error:
        runtime.discard(claim)
        _free_memory_after(error)
        raise


def _make(work: Work) -> None:
    claim = work.claim
    recipe = _recipe(claim)
    with runtime.store().scratch(claim.job_id, claim.epoch) as folder:
        rendered, search, seconds = _pixels(work, recipe, folder)
        if not work.alive():
            raise LeaseLost
        with runtime.untimed():
            sidecar = _sidecar(claim, recipe, rendered, seconds, search)
            stored = runtime.store().publish(
                claim.job_id,
                claim.epoch,
                rendered.master,
                rendered.proxy,
                beside=[sidecar, _thumbnail(rendered.master)],
            )
            take = _record(rendered, stored, seconds, search.drawn_by)
            work.settle(
                lambda session: queue.settle_render(
                    session, claim, take, networks=profiles.networks_asked(session, claim.job_id)
                )
            )


def _pixels(work: Work, recipe: Recipe, folder: Path) -> tuple[Rendered, EqualTakeSearch, float]:
    """(the take, what the search for an equal one came to, seconds of the render or else of the search)."""
    started = time.monotonic()
    search = reusing.find(work.claim, recipe, folder)
    if search.rendered is not None:
        return search.rendered, search, time.monotonic() - started
    # The search may have read gigabytes of weights; the render is not slower for that.
    started = time.monotonic()
    rendered = runtime.bench().render(
        recipe,
        folder,
        progress=work.progress,
        alive=work.alive,
        cold=work.claim.reproduces_job_id is not None,
    )
    return rendered, search, time.monotonic() - started


def _recipe(claim: Claim) -> Recipe:
    try:
        return Recipe.from_json(claim.recipe or {})
    except ValueError as error:
        raise StepFailed(
            f"The stored recipe of job {claim.job_id} cannot be read: {error}.", error_kind=ErrorKind.BAD_RECIPE
        ) from error


def _sidecar(claim: Claim, recipe: Recipe, rendered: Rendered, seconds: float, search: EqualTakeSearch) -> Path:
    """Everything known of the take as one JSON file beside it, for whoever has files and no database."""
    from workers.media.provenance import Provenance

    take = {
        "job_id": str(claim.job_id),
        "attempt": claim.epoch,
        **rendered.content,
        "render_seconds": round(seconds, 3),
    }
    if claim.not_drawn:
        take["not_drawn"] = list(claim.not_drawn)
    if search.drawn_by is not None:
        take["reused_from"] = str(search.drawn_by)
    if search.why_not:
        take["not_reused"] = search.why_not
    provenance = Provenance(
        recipe=recipe, environment=rendered.environment, resolved=rendered.resolved, take=take
    )
    path = rendered.master.with_name(SIDECAR)
    path.write_text(provenance.to_text() + "\n", encoding="utf-8")
    return path


def _thumbnail(master: Path) -> Path:
    from workers.media.proxies import thumbnail

    return thumbnail(master)


def _record(rendered: Rendered, stored: StoredTake, seconds: float, drawn_by: UUID | None) -> TakeRecord:
    return TakeRecord(
        master_path=stored.master,
        proxy_path=stored.proxy,
        **rendered.content,
        size_bytes=rendered.size_bytes,
        render_seconds=seconds,
        renderer_version=rendered.environment.get("renderer_version", ""),
        environment=rendered.environment,
        resolved=rendered.resolved,
        reused_from_job_id=drawn_by,
    )


def _free_memory_after(error: BaseException) -> None:
    out_of_memory = isinstance(error, StepFailed) and error.error_kind is ErrorKind.OUT_OF_MEMORY
    if out_of_memory or isinstance(error, MemoryError):
        runtime.bench().free()

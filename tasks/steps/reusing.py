"""Identical work done once: an equal take that is whole stands in for a render, and whoever waited is woken."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from db import queue
from farm import broker
from farm.settings import settings
from models import failpoints
from models.disk import sha256_of
from models.errors import BadInput
from tasks.process import runtime

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from db.engine import Session
    from db.queue import Claim, EqualTake
    from models.recipe import Recipe
    from workers.media.rendered import Rendered
    from workers.renderers.renderer import Facts

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EqualTakeSearch:
    """What the search for an equal take came to."""

    rendered: Rendered | None = None
    #: the job that once drew it
    drawn_by: UUID | None = None
    #: why there are equal takes and none of them was used; empty when there are none
    why_not: str = ""


def find(claim: Claim, recipe: Recipe, into: Path) -> EqualTakeSearch:
    """A verified take of an equal recipe, made with what this worker would use, its files lying in `into`.

    Raises:
        StepFailed: the renderer cannot say what it would use; a render would fail in the same way.
    """
    if claim.fingerprint is None or claim.reproduces_job_id is not None:
        return EqualTakeSearch()
    if not _asked(lambda session: queue.has_equal_take(session, claim)):
        return EqualTakeSearch()
    facts = runtime.bench().facts(recipe)
    if facts.unknown:
        return _refused(claim, f"the content of {', '.join(facts.unknown)} cannot be read here")
    takes = _asked(
        lambda session: queue.equal_takes(
            session, claim, environment=facts.environment, file_hashes=facts.file_hashes
        )
    )
    why_not = ""
    for take in takes:
        reason = difference(take, facts)
        if not reason:
            rendered, reason = _borrowed(take, into)
            if rendered is not None:
                _log.info("Job %s: the take of job %s is equal and is used.", claim.job_id, take.job_id)
                return EqualTakeSearch(rendered, take.drawn_by_job_id)
        why_not = why_not or f"of the take of job {take.job_id}, {reason}"
    return _refused(claim, why_not) if takes else EqualTakeSearch()


def difference(take: EqualTake, facts: Facts) -> str:
    """What the take was made with that is not what would be used now, in words; empty when nothing differs."""
    pairs = [
        *((name, take.environment.get(name), now) for name, now in facts.environment.items()),
        *(
            (name, take.file_hashes.get(name), facts.file_hashes.get(name))
            for name in sorted({*take.file_hashes, *facts.file_hashes})
        ),
    ]
    for name, then, now in pairs:
        if then != now:
            return f"{name} was {then or 'not recorded'} and is {now or 'not used'} here"
    return ""


def wake_an_equal(claim: Claim) -> None:
    """Wake the pool in which an equal order waited for this one, now that it is over; `relay` would, later."""
    if claim.fingerprint is None:
        return
    with broker.best_effort():
        with runtime.database().transaction() as session:
            queue.let_equals_start(session, claim.fingerprint)
            pool = queue.pool_of_an_equal(session, claim)
        failpoints.hit(failpoints.Window.EQUAL)
        if pool is not None:
            broker.pass_on(pool)


def _asked(question: Callable[[Session], T]) -> T:
    """The database's answer, through an outage as long as the lease."""
    return runtime.in_transaction(question, patience=settings().lease)


def _refused(claim: Claim, why_not: str) -> EqualTakeSearch:
    _log.warning("Job %s is rendered although an equal take exists: %s.", claim.job_id, why_not)
    return EqualTakeSearch(why_not=why_not)


def _borrowed(take: EqualTake, into: Path) -> tuple[Rendered | None, str]:
    """The take as if rendered in `into`, once its master was read and found whole; else None, and why."""
    # A folder of its own: a renderer that opened a borrowed name would write into the other job's take.
    folder = into / "equal"
    folder.mkdir()
    try:
        master = runtime.store().borrow(take.master_path, folder)
        proxy = runtime.store().borrow(take.proxy_path, folder) if take.proxy_path else None
        # What was borrowed is what is read: nobody can put another file in its place in between.
        reason = "" if sha256_of(master) == take.file_sha256 else "the master is damaged"
    except (OSError, BadInput) as error:
        # Without the file's place: the reason stands in the sidecar, which leaves the studio.
        reason = f"the files cannot be read: {getattr(error, 'strerror', None) or error}"
    if reason:
        shutil.rmtree(folder)
        return None, reason
    return _as_rendered(take, master, proxy), ""


def _as_rendered(take: EqualTake, master: Path, proxy: Path | None) -> Rendered:
    """What the other job's renderer handed over, as it is recorded."""
    from workers.media.rendered import Rendered

    resolved: dict[str, Any] = {"file_hashes": take.file_hashes}
    if take.model_hash is not None:
        resolved["model_hash"] = take.model_hash
    if take.comfyui_workflow is not None:
        resolved["comfyui_workflow"] = take.comfyui_workflow
    return Rendered(
        master=master,
        proxy=proxy,
        **take.content,
        size_bytes=take.size_bytes,
        environment=take.environment,
        resolved=resolved,
    )

"""What a step sends when its work is over; before that nothing waits for the broker."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from farm import broker
from models.errors import Unavailable
from tasks.process import runtime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.queue import Claim
    from models.vocabulary import Step


@contextmanager
def left_behind(claim: Claim) -> Iterator[None]:
    """One wake-up for the one that was taken, if more was due: the list never runs dry between relays."""
    try:
        yield
    finally:
        if claim.next_pool is not None:
            with broker.best_effort():
                broker.pass_on(claim.next_pool, step=claim.step)


def pass_on_once(step: Step) -> None:
    """Give the wake-up that was taken to whoever has waited longest for one, as Redis does."""
    with broker.best_effort():
        broker.pass_on("", step=step, once=True)


def hint(task: Any, claim: Claim, to: Step) -> str:
    """The job's id for the next step to show; the chain ends here where enough wake-ups wait for that step.

    Without the broker it ends as well, and `relay` sends the wake-up when the broker is back.
    """
    job_id = str(claim.job_id)
    try:
        return job_id if broker.has_room(to) else runtime.end_chain(task, job_id)
    except Unavailable:
        return runtime.end_chain(task, job_id)

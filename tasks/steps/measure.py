"""The measure step: answer what somebody asks of pictures; a refusal is an answer, a failure is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db import catalogue, queue
from db.queue import Settlement
from models import errors
from models.errors import BadInput, Busy, NotMeasured, Refused
from tasks.measuring import answering
from tasks.measuring.answers import Answer
from tasks.process import runtime
from tasks.steps import wake_ups, watchers
from tasks.steps.work import Work

if TYPE_CHECKING:
    from db.engine import Session
    from db.queue import Claim
    from models.errors import FarmError


def answer(task: Any, claim: Claim) -> str:
    """Answer the question that was claimed; no step follows."""
    with wake_ups.left_behind(claim), Work(claim, task) as work:
        watchers.show(task, claim)
        answered = _answered(work)
        work.settle(lambda session: _write(session, claim, answered))
    return work.why_lost or runtime.end_chain(task, "answered")


def _answered(work: Work) -> Answer | FarmError:
    """The answer, or the refusal that is one: asked again, it would be refused again."""
    question, asked_by = runtime.in_transaction(lambda session: catalogue.question(session, work.claim.job_id))
    try:
        return answering.answer(question, asked_by, alive=work.alive)
    except Busy:
        raise
    except (Refused, BadInput, NotMeasured) as refusal:
        return refusal


def _write(session: Session, claim: Claim, answered: Answer | FarmError) -> Settlement:
    """End the step and keep its answer, with whatever it changes: all of it is written, or nothing."""
    settlement = queue.settle_measure(session, claim)
    if settlement is not Settlement.WRITTEN:
        return settlement
    if isinstance(answered, Answer):
        answered.keep(session)
        catalogue.store_answer(session, claim.job_id, answered.plain)
    else:
        catalogue.store_answer(session, claim.job_id, None, errors.to_json(answered))
    return settlement

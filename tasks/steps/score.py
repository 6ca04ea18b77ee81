"""The score step: measure everything the job's profile judges its take by, or what somebody asks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from uuid import UUID

from db import catalogue, queue
from db.queue import Settlement
from farm.broker import TaskName, task
from farm.judging import profiles
from farm.judging.verdicts import judge, marks_in_force
from models.errors import StepFailed
from models.metrics import Metric
from models.vocabulary import ErrorKind, Step
from tasks.measuring.expecting import expectations_of
from tasks.process import fitness, runtime
from tasks.steps import comparing, measure, wake_ups, watchers
from tasks.steps.work import Work

if TYPE_CHECKING:
    from db.engine import Session
    from models.metrics import Measurement, Profile
    from models.takes import TakeToScore

_log = logging.getLogger(__name__)


@task(TaskName.SCORE, bind=True)
def score(self: Any, _hint: str = "", *, passed_on: bool = False) -> str:
    """Score the best take that is due for this worker; returns its job's id for `gate`.

    A question that waits comes first. `_hint` is the job that was rendered before, for whoever watches the
    chain. Safe to run twice: the second run claims another job or nothing.
    """
    claim = runtime.claim_score() if fitness.is_fit(Step.SCORE) else None
    if claim is None:
        return runtime.end_chain(self, _why_nothing(passed_on=passed_on))
    if claim.step is Step.MEASURE:
        return measure.answer(self, claim)
    with wake_ups.left_behind(claim), Work(claim, self) as work:
        watchers.show(self, claim)
        _measure(work)
    return work.why_lost or wake_ups.hint(self, claim, Step.GATE)


def _why_nothing(*, passed_on: bool) -> str:
    """Why there is nothing to score here; a wake-up of use to another worker is passed on to it, once."""
    other = runtime.better_scorer()
    if other is None:
        return "nothing to score"
    if not passed_on:
        wake_ups.pass_on_once(Step.SCORE)
    return f"left to {other}, which has networks that are missing here"


def _measure(work: Work) -> None:
    claim = work.claim
    held_to, profile = runtime.in_transaction(lambda session: _held_to(session, claim.job_id))
    marks = marks_in_force(profile, held_to.phase, held_to.quality_thresholds)
    wanted = [(mark.metric, mark.network) for mark in marks]
    measured = runtime.bench().measure(
        runtime.store().path(held_to.master_path),
        expectations_of(held_to, marks),
        wanted,
        progress=lambda done, total: None,
        alive=work.alive,
    )
    _refuse_a_vanished_master(held_to)
    _refuse_a_damaged_master(held_to, measured)
    measurements = _with_pictures(held_to, profile, measured)
    reproduction = _reproduction(work)

    def write(session: Session) -> Settlement:
        settlement = queue.settle_score(session, claim)
        if settlement is Settlement.WRITTEN:
            catalogue.store_measurements(session, claim.job_id, measurements)
            if reproduction is not None:
                catalogue.store_reproduction(session, claim.job_id, reproduction)
        return settlement

    work.settle(write)


def _held_to(session: Session, job_id: UUID) -> tuple[TakeToScore, Profile]:
    """What the take is held against, and the profile that judges it."""
    return catalogue.take_to_score(session, job_id), profiles.of_job(session, job_id)


def _reproduction(work: Work) -> dict[str, Any] | None:
    """How equal the take is to the one it makes again; None where it makes none again."""
    pair = runtime.in_transaction(lambda session: catalogue.take_pair(session, work.claim.job_id))
    return None if pair is None else comparing.compared(pair, work.alive)


def _with_pictures(held_to: TakeToScore, profile: Profile, measured: list[Measurement]) -> list[Measurement]:
    """What was measured; what fails with a picture of its worst frame, which lies beside the take."""
    from workers.scoring.worst_frames import with_pictures

    failing = judge(measured, profile, held_to.phase, held_to.quality_thresholds).blocking
    master = runtime.store().path(held_to.master_path)
    address = f"{held_to.master_path.rpartition('/')[0]}/worst"
    frames = held_to.recipe.frame_count
    try:
        return with_pictures(master, measured, failing, master.parent / "worst", address, count=frames)
    except OSError as error:
        # They explain and judge nothing: a store that cannot be written costs the report its pictures only.
        _log.warning("The worst frames of %s cannot be kept: %s.", held_to.job_id, error.strerror or error)
        return measured


def _refuse_a_vanished_master(held_to: TakeToScore) -> None:
    """A master that is gone is the farm's failure, never a take that 'does not decode'."""
    if not runtime.store().path(held_to.master_path).is_file():
        runtime.store().require_usable(writes=False)
        raise StepFailed(
            f"The take's file {held_to.master_path} is not in the artifact store.",
            error_kind=ErrorKind.UNAVAILABLE,
            hint="Every score worker needs the same artifact store as the render workers.",
        )


def _refuse_a_damaged_master(held_to: TakeToScore, measured: list[Measurement]) -> None:
    """The render step read the master back whole: what does not decode now was damaged since, by the farm."""
    for measurement in measured:
        if measurement.metric is Metric.DECODABLE and measurement.value == 0.0:
            raise StepFailed(
                f"The take's file {held_to.master_path} was damaged after it was rendered: "
                f"{measurement.detail.get('text', 'it cannot be decoded.')}",
                error_kind=ErrorKind.UNAVAILABLE,
                hint="Check the disk of the artifact store, then retake the job.",
            )

"""What tools answer: the figures a program needs, and sentences that can be passed on to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import BaseModel, Field

from farm.explaining.scores import scores_of
from farm.explaining.sentences import explain
from models.metrics import WORST_PICTURE_FRAMES
from models.vocabulary import JobState, JobType, Phase, ScoreStatus, Verdict

if TYPE_CHECKING:
    from farm.explaining.scores import MarkedScore
    from farm.judging.reports import PhaseReport
    from farm.orders.submission import SubmittedJob
    from models.fleet import WorkerView
    from models.jobs import JobDetail, JobRow
    from models.shows import CutView

#: so many jobs under way are counted, and so many takes named that wait for a person
MOST_COUNTED, MOST_NAMED = 1000, 100
#: how an agent hears of the end of what it ordered
HOW_TO_WAIT = "get_job with wait_seconds=30 waits for it, again and again until is_over."


class Planned(BaseModel):
    """What an order would come to; nothing was stored."""

    accepted: bool
    refusal: str = Field(default="", description="Why it would be refused, in one sentence.")
    hint: str = Field(default="", description="What to change.")
    seed_text: str = Field(
        default="", description="The seed, as text; another one each time where the order has none."
    )
    pool: str = Field(default="", description="Which workers would render it.")
    not_drawn: list[str] = Field(
        default_factory=list, description="What was asked for and the renderer will not draw."
    )
    workers: int = Field(
        default=0, description="How many live workers serve that pool; with none it would wait."
    )

    @classmethod
    def of(cls, job: SubmittedJob, workers: int) -> Planned:
        return cls(
            accepted=True,
            seed_text=str(job.seed_used),
            pool=job.pool,
            not_drawn=list(job.not_drawn),
            workers=workers,
        )


class Ordered(BaseModel):
    """An order that is stored and waits for a worker; it is not done."""

    job_id: UUID
    seed_text: str = Field(description="The seed, as text: it may be larger than JavaScript's numbers.")
    pool: str = Field(description="Which workers render it.")
    not_drawn: list[str] = Field(description="What was asked for and the renderer will not draw.")
    is_new: bool | None = Field(
        default=None, description="False: it had been ordered before under the same idempotency_key."
    )
    next_step: str = HOW_TO_WAIT

    @classmethod
    def of(cls, job: SubmittedJob) -> Ordered:
        return cls(
            job_id=job.job_id,
            seed_text=str(job.seed_used),
            pool=job.pool,
            not_drawn=list(job.not_drawn),
            is_new=job.is_new,
        )


class Take(BaseModel):
    """One take of an order, as a list shows it."""

    job_id: UUID
    take_number: int = Field(description="1 for the first; a failed gate orders the next one by itself.")
    project: str
    cut: str | None
    job_type: JobType
    phase: Phase
    state: JobState
    verdict: Verdict | None = Field(description="`review`: a person must decide. None: not judged yet.")
    blocking: list[str] = Field(description="Metrics that missed their mark.")
    reproduces_job_id: UUID | None

    @classmethod
    def of(cls, row: JobRow) -> Take:
        shared = {name: getattr(row, name) for name in cls.model_fields if name != "job_id"}
        return cls(job_id=row.id, **shared)


class Takes(BaseModel):
    """Takes, and how to read on."""

    items: list[Take]
    next: str | None = Field(default=None, description="The `after` of the next page; None at the end.")


class JobSeen(BaseModel):
    """How an order stands, by its newest take."""

    job_id: UUID = Field(description="The newest take of the order, of which everything here speaks.")
    asked_job_id: UUID
    is_over: bool = Field(description="Nothing more happens to the order by itself.")
    waits_for_a_person: bool = Field(description="It is judged, and only a person's review can pass it.")
    state: JobState
    verdict: Verdict | None
    take_number: int
    sentences: list[str] = Field(description="Why it stands where it stands; the first one is the answer.")
    frames_done: int = Field(description="Of the present render.")
    frames_in_all: int
    seed_text: str
    next_step: str

    @classmethod
    def of(cls, asked_job_id: UUID, detail: JobDetail, sentences: list[str], *, is_over: bool) -> JobSeen:
        row = detail.row
        return cls(
            job_id=row.id,
            asked_job_id=asked_job_id,
            is_over=is_over,
            waits_for_a_person=is_over and row.verdict is Verdict.REVIEW,
            state=row.state,
            verdict=row.verdict,
            take_number=row.take_number,
            sentences=sentences,
            frames_done=row.current_frame,
            frames_in_all=row.total_frames,
            seed_text=str(detail.recipe.seed),
            next_step=_next_step(row, is_over=is_over),
        )


def _next_step(row: JobRow, *, is_over: bool) -> str:
    if not is_over:
        return HOW_TO_WAIT
    if row.verdict is Verdict.REVIEW:
        return "Show a person explain_take, and let them decide: review_take needs the key of a person."
    if row.verdict is not None and row.verdict.passes:
        return (
            f"Nothing: it passed. farm://jobs/{row.id}/still shows it, farm://jobs/{row.id}/take.json says all."
        )
    return "why_waiting says what became of it; explain_take what was measured, where there is a take."


class Cancelled(BaseModel):
    """What was called off."""

    cancelled: list[UUID]
    over_before: list[UUID] = Field(description="These were over already, and are unchanged.")


class Why(BaseModel):
    """Why a job is not moving, or why it ended as it did."""

    job_id: UUID
    sentences: list[str] = Field(description="The first one is the answer, the others explain it.")


class GateSeen(BaseModel):
    """How a phase stands against its gate."""

    project: str
    phase: Phase
    can_open: bool = Field(description="The phase has earned the door behind it.")
    ordered: int = Field(description="Cuts, and characters by their sheets, that count.")
    finished: int
    judged: int
    passed: int
    pass_rate: float | None
    required_rate: float
    sentences: list[str] = Field(description="What is missing, and what keeps takes from passing.")
    waiting_for_a_person: list[UUID] = Field(
        description=f"Best takes that only a person's review can pass, {MOST_NAMED} at most."
    )

    @classmethod
    def of(cls, project: str, report: PhaseReport) -> GateSeen:
        sentences = [
            *report.missing,
            *(issue.sentence for issue in report.blocking_issues),
            report.left_out_sentence,
            report.pace_sentence,
        ]
        return cls(
            project=project,
            phase=report.phase,
            can_open=report.can_open,
            ordered=report.ordered,
            finished=report.finished,
            judged=report.judged,
            passed=report.passed,
            pass_rate=report.pass_rate,
            required_rate=report.required_rate,
            sentences=[each for each in sentences if each],
            waiting_for_a_person=[
                unit.best_job_id
                for unit in report.individual_results
                if unit.verdict is Verdict.REVIEW and unit.best_job_id is not None
            ][:MOST_NAMED],
        )


class Scored(BaseModel):
    """One metric of a take beside its mark."""

    metric: str
    status: ScoreStatus = Field(description="`not_measured` is neither a pass nor a number.")
    value: float | None
    mark: float | None
    sentence: str = Field(description="What is wrong; empty when nothing is.")
    worst_frame: int | None = Field(description="A position in the file, from 0.")

    @classmethod
    def of(cls, score: MarkedScore) -> Scored:
        return cls(
            metric=score.metric.value,
            status=score.status,
            value=score.value,
            mark=score.mark,
            sentence=explain(score),
            worst_frame=score.worst_frame,
        )


class Explained(BaseModel):
    """Why a take passed or did not; pictures follow, in the order in which `pictures` speaks of them."""

    job_id: UUID
    verdict: Verdict | None
    sentences: list[str]
    scores: list[Scored]
    reviews: list[str] = Field(description="What people decided, the last one counts.")
    pictures: list[str] = Field(description="What each picture shows.")

    @classmethod
    def of(cls, detail: JobDetail, sentences: list[str], pictures: list[str]) -> Explained:
        return cls(
            job_id=detail.row.id,
            verdict=detail.row.verdict,
            sentences=sentences,
            scores=[Scored.of(score) for score in scores_of(detail.scores)] if detail.scores else [],
            reviews=[
                f"{review.verdict.value} by {review.by}: {review.note or 'no note'}"
                for review in detail.reviews
            ],
            pictures=pictures,
        )


def caption(metric: str, detail: dict[str, Any]) -> str:
    """What the picture of a metric's worst frames shows."""
    frames = detail.get(WORST_PICTURE_FRAMES) or []
    which = " and ".join(str(frame) for frame in frames)
    return f"{metric}: frame{'s' if len(frames) > 1 else ''} {which}, where it is worst, in small."


class Reviewed(BaseModel):
    """A person's verdict, which counts in place of the gate's from now on."""

    job_id: UUID
    verdict: Verdict
    by: str
    opened_phase: Phase | None = Field(description="The phase whose door this opened.")


class Cut(BaseModel):
    """One cut of a show: `path` is what an order calls `cut`."""

    path: str
    description: str
    characters: list[str]
    location: str
    time_of_day: str
    dialogue: str
    duration_frames: int | None
    omitted: bool = Field(description="The show does without it.")

    @classmethod
    def of(cls, cut: CutView) -> Cut:
        return cls.model_validate(cut, from_attributes=True)


class Cuts(BaseModel):
    """Cuts in story order."""

    items: list[Cut]
    next: str | None = Field(default=None, description="The `after` of the next page; None at the end.")


class Worker(BaseModel):
    """A worker that was heard of lately."""

    name: str
    status: str
    pools: list[str]
    job_id: UUID | None

    @classmethod
    def of(cls, worker: WorkerView) -> Worker:
        return cls(
            name=worker.id,
            status=worker.status.value,
            pools=list(worker.pools),
            job_id=worker.current_job_id,
        )


class Allowance(BaseModel):
    """What may be done with the caller's key, and what of it was spent since midnight (UTC)."""

    actor: str
    scopes: list[str]
    jobs_per_day: int | None = Field(default=None, description="None: as many as it likes.")
    jobs_today: int | None = None
    gpu_seconds_per_day: int | None = None
    gpu_seconds_today: float | None = None


class Status(BaseModel):
    """How the farm stands."""

    status: str = Field(description="`ok`, `degraded`, or `down`.")
    reasons: list[str]
    workers: list[Worker] = Field(description="Those that are alive.")
    jobs_under_way: int = Field(description=f"{MOST_COUNTED}: at least so many.")
    shows: list[str] = Field(description="What orders call `project`.")
    caller: Allowance

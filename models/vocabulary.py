"""The closed sets of words that rows, messages and files share; stored and sent by value."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Phase(StrEnum):
    """What a project makes, in this order; each opens when 80 % of the cuts of the one before it passed."""

    STILL = "still"
    LOOP = "loop"
    VIDEO = "video"

    @property
    def before(self) -> Phase | None:
        """The phase whose gate opens this one; the first has none."""
        index = list(Phase).index(self)
        return list(Phase)[index - 1] if index else None

    @property
    def after(self) -> Phase | None:
        """The phase this one's gate opens; the last has none."""
        phases = list(Phase)
        index = phases.index(self) + 1
        return phases[index] if index < len(phases) else None

    @property
    def usual_kind(self) -> JobType:
        """What is made in this phase where nobody says more: no character sheet."""
        return next(kind for kind in JobType if kind.phase is self)


class JobType(StrEnum):
    """The four deliverables."""

    STILL_IMAGE = "still_image"
    CHARACTER_SHEET = "character_sheet"
    ANIMATION_LOOP = "animation_loop"
    FULL_VIDEO = "full_video"

    @property
    def phase(self) -> Phase:
        return _PHASE_OF[self]

    @property
    def default_frames(self) -> int:
        return _FRAMES_OF[self]

    @property
    def is_motion(self) -> bool:
        return self.phase is not Phase.STILL


_PHASE_OF = {
    JobType.STILL_IMAGE: Phase.STILL,
    JobType.CHARACTER_SHEET: Phase.STILL,
    JobType.ANIMATION_LOOP: Phase.LOOP,
    JobType.FULL_VIDEO: Phase.VIDEO,
}
_FRAMES_OF = {
    JobType.STILL_IMAGE: 1,
    JobType.CHARACTER_SHEET: 1,
    JobType.ANIMATION_LOOP: 16,
    JobType.FULL_VIDEO: 120,
}


class Step(StrEnum):
    """What a job goes through."""

    RENDER = "render"  #: made by a GPU worker; `tasks.steps.render` moves the job on to SCORE
    SCORE = "score"  #: measured; `tasks.steps.score` moves it on to GATE
    GATE = "gate"  #: judged; `tasks.steps.gate` completes it
    #: a question of no job's, answered where scores are made; `tasks.steps.measure` completes it
    MEASURE = "measure"


CHAIN = (Step.RENDER, Step.SCORE, Step.GATE)
"""The steps of a job, in their order."""


class MeasureKind(StrEnum):
    """What can be asked of pictures beside all orders; it needs a network, or somebody who decodes."""

    REFERENCE = "reference"  #: hold a character, or a style, to approved pictures
    CONSISTENCY = "consistency"  #: how much a picture shows a character
    EVALUATION = "evaluation"  #: how a file would be judged as the take of a job
    DELIVERY = "delivery"  #: hand finished cuts to editorial
    RECIPE = "recipe"  #: how a file was made


class QueueStatus(StrEnum):
    """Where a job's row in `render_queue` stands; who moves it out of the state stands beside it."""

    HELD = "held"  #: paused, or waiting for what `held_for` names; a person or the awaited thing releases it
    READY = "ready"  #: due at `available_at`; a worker claims it
    RUNNING = "running"  #: leased; its worker settles it, or `retry` takes it back when the lease runs out
    COMPLETED = "completed"  #: terminal: the take was written, read back, hashed and judged
    FAILED = "failed"  #: terminal: the retries are used up, or repeating could not help
    CANCELLED = "cancelled"  #: terminal: somebody called it off

    @property
    def is_terminal(self) -> bool:
        return self in (QueueStatus.COMPLETED, QueueStatus.FAILED, QueueStatus.CANCELLED)


class JobState(StrEnum):
    """What people see; derived from step and status, never stored."""

    PENDING = "pending"
    QUEUED = "queued"
    PROCESSING = "processing"
    QUALITY_CHECK = "quality_check"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"

    @classmethod
    def of(cls, step: Step, status: QueueStatus, error_kind: ErrorKind | None = None) -> JobState:
        """The state a person is shown for a queue row."""
        if status is QueueStatus.HELD:
            return cls.PENDING
        if status is QueueStatus.FAILED:
            return cls.TIMEOUT if error_kind is ErrorKind.TIMEOUT else cls.FAILED
        if status.is_terminal:
            return cls(status.value)
        if step is not Step.RENDER:
            return cls.QUALITY_CHECK
        return cls.PROCESSING if status is QueueStatus.RUNNING else cls.QUEUED

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to the job by itself."""
        return self in (JobState.COMPLETED, JobState.FAILED, JobState.TIMEOUT, JobState.CANCELLED)


class Verdict(StrEnum):
    """What the gate says of a take; `approved` and `rejected` are a person's answer to `review`."""

    PASS = "pass"
    RETAKE = "retake"
    REVIEW = "review"
    APPROVED = "approved"
    REJECTED = "rejected"

    @property
    def passes(self) -> bool:
        return self in (Verdict.PASS, Verdict.APPROVED)


class UnitKind(StrEnum):
    """What a gate counts as one, however often it is ordered; see `models.units`."""

    CUT = "cut"
    CHARACTER = "character"  #: the sheets of one character
    ORDER = "order"  #: in a show without cuts each order stands for itself
    SCRATCH = "scratch"  #: what was ordered for no cut of a show that has cuts, or shows nothing of its order
    REPRODUCTION = "reproduction"


class LeftOut(StrEnum):
    """Why a gate does not count a unit."""

    CANCELLED = "cancelled"  #: every order of it was called off
    OMITTED = "omitted"  #: the show does without the cut
    SCRATCH = "scratch"
    REPRODUCTION = "reproduction"


#: for a query, which cannot ask a verdict itself
PASSING = tuple(verdict for verdict in Verdict if verdict.passes)


class ScoreStatus(StrEnum):
    """How one measured number stands against its mark."""

    PASS = "pass"
    FAIL = "fail"
    NOT_MEASURED = "not_measured"


class AttemptOutcome(StrEnum):
    """How one worker's try at one step ended; NULL while it runs."""

    SETTLED = "settled"  #: its result was committed; at most one per job and step
    FAILED = "failed"  #: it reported an error
    LOST = "lost"  #: its lease ran out
    CANCELLED = "cancelled"  #: somebody called the job off while it ran
    RELEASED = (
        "released"  #: it handed the work back unharmed: at a drain, or because its machine could not do it
    )


class ErrorKind(StrEnum):
    """Why a step failed; decides whether the same inputs are worth another try, and where."""

    OUT_OF_MEMORY = "out_of_memory"
    UNAVAILABLE = "unavailable"
    STORE_UNAVAILABLE = "store_unavailable"
    WORKER_LOST = "worker_lost"
    TIMEOUT = "timeout"
    DISK_FULL = "disk_full"
    MISSING_NETWORK = "missing_network"
    MISSING_CHECKPOINT = "missing_checkpoint"
    BAD_RECIPE = "bad_recipe"
    BAD_OUTPUT = "bad_output"
    LEASE_LOST = "lease_lost"
    BUSY = "busy"
    BUG = "bug"

    @property
    def is_of_the_machine(self) -> bool:
        """Whether its machine is the cause: the job is handed back, and the worker steps aside."""
        return self in _OF_THE_MACHINE

    @property
    def is_worth_repeating(self) -> bool:
        """Whether the same inputs can succeed on a second try (a missing model cannot)."""
        return self in _REPEATABLE


_REPEATABLE = frozenset(
    {
        ErrorKind.OUT_OF_MEMORY,
        ErrorKind.UNAVAILABLE,
        ErrorKind.WORKER_LOST,
        ErrorKind.TIMEOUT,
        ErrorKind.BAD_OUTPUT,
        ErrorKind.BUG,
    }
)


_OF_THE_MACHINE = frozenset({ErrorKind.DISK_FULL, ErrorKind.STORE_UNAVAILABLE, ErrorKind.MISSING_NETWORK})


class HoldScope(StrEnum):
    """What a hold keeps from being begun; what runs already goes on."""

    FARM = "farm"  #: every step of every job
    PROJECT = "project"  #: every step of its jobs
    POOL = "pool"  #: renders of a pool, or the step of that name
    WORKER = "worker"  #: whatever this worker would begin


class WorkerStatus(StrEnum):
    """How a worker process stands; derived from its last beat, `draining` and `gone` are said by itself."""

    READY = "ready"
    BUSY = "busy"
    DRAINING = "draining"
    LOST = "lost"
    GONE = "gone"


class VariationType(StrEnum):
    """What a character variation changes."""

    OUTFIT = "outfit"
    EXPRESSION = "expression"
    POSE = "pose"
    AGE_VARIANT = "age_variant"


class Defect(StrEnum):
    """A fault drawn on purpose, so that a gate can be seen to catch it; a retake never repeats it."""

    IDENTITY_DRIFT = "identity_drift"  #: another character's face and hair creep in
    FLICKER = "flicker"  #: brightness jumps from frame to frame
    JITTER = "jitter"  #: the whole picture shakes by a few pixels
    SHUFFLED = "shuffled"  #: neighbouring frames are out of order
    WRONG_FRAME_COUNT = "wrong_frame_count"  #: fewer frames than ordered
    BLANK = "blank"  #: one flat colour
    FROZEN = "frozen"  #: one frame, repeated


class Exit(IntEnum):
    """How a command ends; what a script can trust."""

    OK = 0
    NOT_PASSED = 1  #: a gate said no: a take, a phase, a job that failed, a farm already running
    NOT_JUDGED = 2  #: a required metric could not be measured, or the command line was wrong
    BAD_INPUT = 3  #: an order or a file was refused; nothing was stored
    NOT_HERE = 4  #: something is not installed, not running or does not answer
    INTERRUPTED = 130

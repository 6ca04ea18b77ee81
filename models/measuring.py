"""What may be asked of pictures beside all orders, as values: the question of each kind, and how it stands.

A question waits in the queue, and whoever makes scores answers it: the front decodes nothing and loads no
network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from models import errors
from models.errors import Conflict, StepFailed, Unavailable
from models.recipe import InputPicture
from models.vocabulary import ErrorKind, MeasureKind, Phase, QueueStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pydantic import TypeAdapter

    from models.access import Caller
    from models.actors import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceQuestion:
    """Hold a character, or the style, to these approved pictures."""

    project: str
    #: slug; None: the style
    character: str | None
    pictures: tuple[InputPicture, ...]
    networks: tuple[str, ...]
    #: in place of what is held to other pictures
    force: bool = True
    #: the text of an `Actor`
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistencyQuestion:
    """How much a picture shows a character, -1 to 1, and whether that reaches `threshold`."""

    project: str
    character: str
    picture: InputPicture
    threshold: float
    network: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationQuestion:
    """How a file, or where none is named its own take, would be judged as the take of a job."""

    job_id: UUID
    #: in full; None: the job's own take
    path: str | None = None
    #: slugs of who must be seen; empty: whom the job shows
    characters: tuple[str, ...] = ()
    #: metric -> limit, in place of the job's
    thresholds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryQuestion:
    """Hand the best passing takes to editorial; fields as `Farm.deliver` has them."""

    project: str
    phase: Phase | None = None
    cuts: tuple[str, ...] = ()
    #: in full; None: beside the takes
    to: str | None = None
    form: str = "frames"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeQuestion:
    """How a picture or clip was made, from the file itself or the take.json beside it."""

    #: in full
    path: str


Question = ReferenceQuestion | ConsistencyQuestion | EvaluationQuestion | DeliveryQuestion | RecipeQuestion

_KIND_OF: dict[type[Question], MeasureKind] = {
    ReferenceQuestion: MeasureKind.REFERENCE,
    ConsistencyQuestion: MeasureKind.CONSISTENCY,
    EvaluationQuestion: MeasureKind.EVALUATION,
    DeliveryQuestion: MeasureKind.DELIVERY,
    RecipeQuestion: MeasureKind.RECIPE,
}
_FORM_OF = {kind: form for form, kind in _KIND_OF.items()}


def kind_of(question: Question) -> MeasureKind:
    return _KIND_OF[type(question)]


def to_json(question: Question) -> dict[str, Any]:
    """The question as plain JSON types."""
    plain: dict[str, Any] = _adapter(kind_of(question)).dump_python(question, mode="json")
    return plain


def from_json(kind: MeasureKind, plain: Mapping[str, Any]) -> Question:
    """The inverse of `to_json`; raises `ValueError` for anything else.

    >>> question = RecipeQuestion(path="/studio/a.png")
    >>> from_json(kind_of(question), to_json(question)) == question
    True
    """
    return _adapter(kind).validate_python(dict(plain))


@cache
def _adapter(kind: MeasureKind) -> TypeAdapter[Question]:
    from pydantic import TypeAdapter

    return TypeAdapter(_FORM_OF[kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMeasurement:
    """A question that can be asked."""

    question: Question
    #: what a person calls it: `reference of mio`
    subject: str
    asked_by: Caller
    project_id: UUID | None = None
    #: it is left to a worker that has more of them
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementView:
    """One question, how it stands, and once it is answered the answer."""

    id: UUID
    kind: MeasureKind
    subject: str
    #: slug; None: it belongs to no project
    project: str | None
    asked_by: Actor
    status: QueueStatus
    #: plain JSON; None: not answered yet, refused, failed or called off
    answer: dict[str, Any] | None
    #: kind, message and hint of a refusal
    error: dict[str, str] | None
    #: of the last try that failed
    error_kind: ErrorKind | None
    error_message: str | None
    #: one sentence: what a held one waits for
    held_for: str | None
    retry_count: int
    worker_id: str | None
    asked_at: datetime
    completed_at: datetime | None

    @property
    def is_over(self) -> bool:
        return self.status.is_terminal

    def answered(self) -> dict[str, Any]:
        """The answer.

        Raises:
            Unavailable: there is none yet.
            Conflict: it was called off.
            FarmError: the refusal, as the worker raised it, or `StepFailed` when every try failed.
        """
        if self.error is not None:
            raise errors.from_json(self.error)
        if self.answer is not None:
            return self.answer
        if self.status is QueueStatus.CANCELLED:
            raise Conflict(f"The {self.subject} was called off.", hint="Ask again.")
        if self.is_over:
            raise StepFailed(
                self.error_message or "", error_kind=self.error_kind or ErrorKind.BUG, hint="Ask again."
            )
        raise Unavailable(f"The {self.subject} is not measured yet.", hint="Look again in a while.")

"""One error tree; every error carries a sentence for a person and what to do about it.

                                exit  HTTP
FarmError                          1   500
├── Refused                        3   422  it cannot be done as asked; nothing was changed
│   ├── OrderRefused               3   422  admission said no
│   │   └── PhaseLocked            1   409  the gate before the phase has not opened
│   ├── UnknownName                3   404  a project, cut, character, network... that does not exist
│   ├── Conflict                   3   409  it clashes with how things stand: taken, over, not judged yet
│   │   ├── Busy                   1   409  it runs already, or another command is at it
│   │   └── Stale                  3   412  it was changed by another hand since it was read
│   ├── Forbidden                  3   403  whoever asks may not do it, or does not say who decides
│   ├── Unauthenticated            3   401  nobody knows who asks: no key, or one that is no good any more
│   └── TooMuch                    3   429  more than this caller may ask for by now; later it may
├── BadInput                       3   422  a file or value a person gave cannot be used
│   ├── WrongJobs                  3   400  these jobs cannot be weighed together
│   ├── Unconditional              3   428  an edit does not say what it was made from
│   └── NoFace                     3   400  nobody is seen in any of the pictures
├── NotHere                        4   503  something the machine needs is not installed or not running
│   └── Unavailable                4   503  a server did not answer; trying again later may help
│       └── Locked                 4   503  somebody else holds what this waited for; nothing was written
├── NotMeasured                    2   422  a metric could not be measured; never a pass, never a number
└── StepFailed                     1   500  a render or a score went wrong; `kind` says who should try again
    └── LeaseLost                  1   409  the work is no longer ours: cancelled or taken over

`exit_code` is what a command ends with, `http_status` what the API answers; where an error knows when to try
again, `retry_after` says so. Raise one of the branches: a bare `FarmError` says neither what went wrong nor
what can be done about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from models.vocabulary import ErrorKind, Exit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta


class FarmError(Exception):
    """Something the farm cannot do."""

    exit_code: ClassVar[Exit] = Exit.NOT_PASSED
    http_status: ClassVar[int] = 500
    #: after this long the same may be asked again; None: waiting does not help, or nobody knows how long
    retry_after: timedelta | None = None

    def __init__(self, message: str = "", *, hint: str = "", retry_after: timedelta | None = None) -> None:
        """`message` is one sentence; `hint` says what a person can do. The docstring is the default message."""
        if retry_after is not None:
            self.retry_after = retry_after
        self.message = message or (type(self).__doc__ or "").strip()
        self.hint = hint
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets an error cross from a worker's child to its parent, and so to Flower, as what it is."""
        return _again, (type(self), self.args, self.__dict__)

    @property
    def kind(self) -> str:
        """The word scripts match on, in `--json` errors and in the `attempts` table."""
        return type(self).__name__


def _again(kind: type[FarmError], args: tuple[Any, ...], state: dict[str, Any]) -> FarmError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class Refused(FarmError):
    """This cannot be done as asked; nothing was changed."""

    exit_code = Exit.BAD_INPUT
    http_status = 422


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an order: in which field, and what to do about it."""

    where: tuple[str | int, ...]
    sentence: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.sentence} {self.hint}".strip()


class OrderRefused(Refused):
    """The order cannot be accepted."""

    #: by field, where the order's form objects
    faults: tuple[Fault, ...] = ()

    @classmethod
    def of_faults(cls, faults: Sequence[Fault]) -> OrderRefused:
        """All that is wrong, at least one thing, in one refusal."""
        one = faults[0] if len(faults) == 1 else None
        refusal = cls(one.sentence, hint=one.hint) if one else cls(" ".join(map(str, faults)))
        refusal.faults = tuple(faults)
        return refusal


class PhaseLocked(OrderRefused):
    """The phase is still closed: the gate before it has not opened."""

    exit_code = Exit.NOT_PASSED
    http_status = 409


class UnknownName(Refused):
    """No such name."""

    http_status = 404


class Conflict(Refused):
    """This clashes with how things stand."""

    http_status = 409


class Busy(Conflict):
    """This runs already, or another command is at it."""

    exit_code = Exit.NOT_PASSED


class Stale(Conflict):
    """This was changed by another hand since it was read."""

    http_status = 412
    #: the fields that differ from what was read, where that is known
    changed: tuple[str, ...] = ()


class Forbidden(Refused):
    """Whoever asks for this may not do it."""

    http_status = 403


class Unauthenticated(Refused):
    """Nobody knows who asks for this."""

    http_status = 401


class TooMuch(Refused):
    """This is more than whoever asks may ask for by now."""

    http_status = 429


class BadInput(FarmError):
    """This input cannot be used."""

    exit_code = Exit.BAD_INPUT
    http_status = 422
    #: by field, where it is a part of a show
    faults: tuple[Fault, ...] = ()


class WrongJobs(BadInput):
    """These jobs cannot be weighed together."""

    http_status = 400


class Unconditional(BadInput):
    """An edit does not say what it was made from."""

    http_status = 428


class NoFace(BadInput):
    """No face was found in any of these pictures."""

    http_status = 400


class NotHere(FarmError):
    """Something this needs is not installed or not running here."""

    exit_code = Exit.NOT_HERE
    http_status = 503


class Unavailable(NotHere):
    """A server did not answer."""


class Locked(Unavailable):
    """Somebody else holds what this waited for."""


class NotMeasured(FarmError):
    """This metric could not be measured."""

    exit_code = Exit.NOT_JUDGED
    http_status = 422


class StepFailed(FarmError):
    """A step failed; `error_kind` decides whether and where it is tried again."""

    def __init__(self, message: str = "", *, error_kind: ErrorKind, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.error_kind = error_kind

    @classmethod
    def of(cls, error: FarmError, error_kind: ErrorKind) -> StepFailed:
        """A refusal as the failure of the step that met it, in its own words."""
        return StepFailed(error.message, error_kind=error_kind, hint=error.hint)

    @property
    def kind(self) -> str:
        return self.error_kind.value


class LeaseLost(StepFailed):
    """The work is no longer ours: it was cancelled or another worker took it over."""

    http_status = 409

    def __init__(self, message: str = "") -> None:
        super().__init__(message, error_kind=ErrorKind.LEASE_LOST)


def to_json(error: FarmError) -> dict[str, str]:
    """The error as scripts read it."""
    return {"kind": error.kind, "message": error.message, "hint": error.hint}


def from_json(plain: Mapping[str, str]) -> FarmError:
    """The inverse of `to_json`; a kind that is not of the tree, as a step's, is a step that failed.

    >>> type(from_json(to_json(NoFace()))).__name__, str(from_json(to_json(NoFace())))
    ('NoFace', 'No face was found in any of these pictures.')
    """
    message, hint = plain["message"], plain.get("hint", "")
    kind = _by_name(FarmError).get(plain["kind"])
    if kind is None:
        return StepFailed(message, error_kind=ErrorKind(plain["kind"]), hint=hint)
    return kind(message, hint=hint)


def _by_name(root: type[FarmError]) -> dict[str, type[FarmError]]:
    below = [each for each in root.__subclasses__() if not issubclass(each, StepFailed)]
    return {name: kind for each in below for name, kind in (_by_name(each) | {each.__name__: each}).items()}


def together(refusals: Sequence[Refused], head: str) -> Refused:
    """Several refusals, at least one, as one of their common kind; `head` stands before more than one."""
    if len(refusals) == 1:
        return refusals[0]
    kinds = {type(each) for each in refusals}
    kind = kinds.pop() if len(kinds) == 1 else OrderRefused
    return kind("\n  ".join((head, *map(str, refusals))))

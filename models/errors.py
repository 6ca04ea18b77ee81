"""One error tree; every error carries a sentence for a person and what to do about it.

FarmError
├── OrderRefused            admission said no; nothing was stored
│   ├── UnknownName         a project, cut, character, network... that does not exist
│   └── PhaseLocked         the gate before the phase has not opened
├── BadInput                a file or value a person gave cannot be used
├── NotHere                 something the machine needs is not installed or not running
│   └── Unavailable         a server did not answer; trying again later may help
├── NotMeasured             a metric could not be measured; never a pass, never a number
└── StepFailed              a render or a score went wrong; `kind` says who should try again
    └── LeaseLost           the work is no longer ours: cancelled or taken over
"""

from __future__ import annotations

from typing import Any

from models.vocabulary import ErrorKind


class FarmError(Exception):
    """Something the farm cannot do."""

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        """`message` is one sentence; `hint` says what a person can do. The docstring is the default message."""
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


class OrderRefused(FarmError):
    """The order cannot be accepted."""


class UnknownName(OrderRefused):
    """No such name."""


class PhaseLocked(OrderRefused):
    """The phase is still closed: the gate before it has not opened."""


class BadInput(FarmError):
    """This input cannot be used."""


class NotHere(FarmError):
    """Something this needs is not installed or not running here."""


class Unavailable(NotHere):
    """A server did not answer."""


class NotMeasured(FarmError):
    """This metric could not be measured."""


class StepFailed(FarmError):
    """A step failed; `error_kind` decides whether and where it is tried again."""

    def __init__(self, message: str = "", *, error_kind: ErrorKind, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.error_kind = error_kind

    @property
    def kind(self) -> str:
        return self.error_kind.value


class LeaseLost(StepFailed):
    """The work is no longer ours: it was cancelled or another worker took it over."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message, error_kind=ErrorKind.LEASE_LOST)

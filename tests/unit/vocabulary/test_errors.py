"""The error tree."""

import pickle

import pytest

from models.errors import BadInput, FarmError, LeaseLost, PhaseLocked, StepFailed
from models.vocabulary import ErrorKind


@pytest.mark.parametrize(
    "error",
    [
        BadInput("This is no picture.", hint="Give a PNG."),
        StepFailed("The disk is full.", error_kind=ErrorKind.DISK_FULL, hint="Free space."),
        LeaseLost(),
    ],
)
def test_an_error_that_crosses_processes_is_still_what_it_was(error: FarmError) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes, made one call earlier

    assert type(again) is type(error)
    assert (str(again), again.kind, again.hint) == (str(error), error.kind, error.hint)


def test_an_error_without_a_message_says_its_docstring() -> None:
    assert PhaseLocked().message == "The phase is still closed: the gate before it has not opened."

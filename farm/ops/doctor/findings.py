"""What the doctor finds: one line each, how bad it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from farm.settings import Settings


class Health(StrEnum):
    """How one line of the doctor's list stands."""

    OK = "ok"
    WARN = "warn"  #: the farm works, and something it could do is missing
    FAIL = "fail"  #: the farm does not work until this is mended


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at."""

    name: str
    health: Health
    message: str
    hint: str = ""
    #: more than fits in a line, for scripts
    details: dict[str, Any] = field(default_factory=dict)


def ok(name: str, message: str, **details: Any) -> Finding:
    """A line that is as it should be."""
    return Finding(name=name, health=Health.OK, message=message, details=details)


def warn(name: str, message: str, hint: str, **details: Any) -> Finding:
    """A line without which the farm works, though not all of it."""
    return Finding(name=name, health=Health.WARN, message=message, hint=hint, details=details)


def fail(name: str, message: str, hint: str) -> Finding:
    """A line that is to be mended first."""
    return Finding(name=name, health=Health.FAIL, message=message, hint=hint)


Check = Callable[["Settings"], Iterator[Finding]]

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


Check = Callable[["Settings"], Iterator[Finding]]

"""What an acceptance run found out, each beside what it was held against, and what all of it adds up to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from models.plain import plain_fields
from models.vocabulary import Exit

if TYPE_CHECKING:
    from collections.abc import Iterable


class Outcome(StrEnum):
    """How one comparison ended."""

    AGREED = "agreed"  #: measured, and within what was expected
    DISAGREED = "disagreed"  #: measured, and outside it
    NOT_MEASURED = "not_measured"  #: never a pass: `reason` says why, `todo` what a person can do
    NOTED = "noted"  #: measured, with no known value to compare it with


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What a number is held against: both ends still agree."""

    low: float
    high: float
    source: str  #: who says so

    @classmethod
    def around(cls, value: float, tolerance: float, source: str) -> Band:
        """A reference value and how far from it a right measurement may lie."""
        return cls(low=value - tolerance, high=value + tolerance, source=source)

    def holds(self, value: float) -> bool:
        """Whether the number lies in it; none that is not finite does."""
        # The ends are sums in floating point: an exact hit must not be lost in the last bit.
        slack = 1e-9 * max(1.0, abs(self.low) if math.isfinite(self.low) else 1.0)
        return math.isfinite(value) and self.low - slack <= value <= self.high + slack

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"{self.low:.4g} or more"
        if math.isinf(self.low):
            return f"{self.high:.4g} or less"
        if self.low == self.high:
            return f"{self.low:.4g}"
        return f"{self.low:.4g} to {self.high:.4g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was asked, and its answer."""

    section: str
    name: str
    outcome: Outcome
    value: float | None = None
    #: how the value reads when its digits alone do not say it
    shown: str = ""
    expected: str = ""
    source: str = ""
    reason: str = ""
    todo: str = ""
    #: without it the acceptance is not complete
    required: bool = True

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; a value that is not finite becomes null."""
        finite = self.value is not None and math.isfinite(self.value)
        return plain_fields(self) | {"value": self.value if finite else None}


def compared(
    section: str, name: str, value: float, band: Band, *, shown: str = "", expected: str = ""
) -> Finding:
    """A number held against its band; `shown` and `expected` are for what digits alone do not say."""
    return Finding(
        section=section,
        name=name,
        outcome=Outcome.AGREED if band.holds(value) else Outcome.DISAGREED,
        value=value,
        shown=shown or f"{value:.4g}",
        expected=expected or str(band),
        source=band.source,
    )


def missing(section: str, name: str, reason: str, todo: str, *, required: bool = True) -> Finding:
    """Something that could not be measured here."""
    outcome = Outcome.NOT_MEASURED
    return Finding(section=section, name=name, outcome=outcome, reason=reason, todo=todo, required=required)


def crashed(section: str, name: str, error: BaseException) -> Finding:
    """Something that broke where a number was expected: worse than missing, for nothing is missing."""
    return Finding(
        section=section,
        name=name,
        outcome=Outcome.DISAGREED,
        shown="It crashed.",
        expected="a number",
        source=f"{type(error).__name__}: {error}",
    )


def noted(section: str, name: str, shown: str, *, value: float | None = None, source: str = "") -> Finding:
    """A measurement that nothing is known to compare with."""
    return Finding(section=section, name=name, outcome=Outcome.NOTED, value=value, shown=shown, source=source)


def verdict(findings: Iterable[Finding]) -> Exit:
    """0: everything required was measured and agreed; 1: something disagreed; 2: something was not measured."""
    known = list(findings)
    if any(finding.outcome is Outcome.DISAGREED for finding in known):
        return Exit.NOT_PASSED
    if not known or any(each.outcome is Outcome.NOT_MEASURED and each.required for each in known):
        return Exit.NOT_JUDGED
    return Exit.OK

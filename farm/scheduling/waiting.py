"""When a job that waits for other orders is released, and when it is called off: pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from models.dispatch import Condition
from models.vocabulary import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.dispatch import Awaited


class Outlook(StrEnum):
    """How it stands with what somebody waits for."""

    MET = "met"
    OPEN = "open"
    LOST = "lost"  #: it cannot come to what was waited for any more


_PASSES = {verdict.value for verdict in Verdict if verdict.passes}


def outlook(awaited: Awaited) -> Outlook:
    """Whether one awaited order came to its condition; an order is weighed when nothing of it is in work.

    A take that waits for a person has neither passed nor failed.
    """
    if awaited.in_work:
        return Outlook.OPEN
    if awaited.condition is Condition.OVER:
        return Outlook.MET
    if awaited.condition is Condition.COMPLETED:
        return Outlook.MET if awaited.verdicts else Outlook.LOST
    passed = bool(awaited.verdicts & _PASSES)
    if not passed and Verdict.REVIEW in awaited.verdicts:
        return Outlook.OPEN
    return Outlook.MET if passed == (awaited.condition is Condition.PASSED) else Outlook.LOST


def of_all(awaited: Iterable[Awaited]) -> Outlook:
    """Whether somebody who waits for all of these may begin: one that is lost is enough to be called off."""
    outlooks = {outlook(each) for each in awaited}
    if Outlook.LOST in outlooks:
        return Outlook.LOST
    return Outlook.OPEN if Outlook.OPEN in outlooks else Outlook.MET

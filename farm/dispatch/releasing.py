"""Releases or calls off the jobs that waited for other orders."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from db import catalogue, queue
from farm.judging import gate as gates
from farm.scheduling.waiting import Outlook, of_all

if TYPE_CHECKING:
    from uuid import UUID

    from db.engine import Session

_LOST = "What it waited for cannot come any more: an order before it ended otherwise."


@dataclass(frozen=True, slots=True)
class Released:
    """What one round did."""

    released: tuple[UUID, ...] = ()
    called_off: tuple[UUID, ...] = ()


def release_due(session: Session) -> Released:
    """Let go on who waited long enough, and call off who waits in vain, and who waits for those; once each."""
    released: list[UUID] = []
    called_off: list[UUID] = []
    while True:
        outlooks = _outlooks(session)
        free = [job_id for job_id, outlook in outlooks.items() if outlook is Outlook.MET]
        lost = [job_id for job_id, outlook in outlooks.items() if outlook is Outlook.LOST]
        released += queue.unhold(session, free)
        if lost:
            called_off += queue.cancel(session, lost, reason=_LOST)
            gates.called_off(session, catalogue.job_rows(session, lost))
        queue.wait_no_more(session, free + lost)
        if not lost:
            return Released(tuple(released), tuple(called_off))


def _outlooks(session: Session) -> dict[UUID, Outlook]:
    awaited = queue.awaited(session)
    return {job_id: of_all(each) for job_id, each in groupby(awaited, key=lambda one: one.job_id)}

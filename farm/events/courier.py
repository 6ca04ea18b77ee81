"""The courier: numbers what happened and delivers it, to several endpoints at once.

Nothing is sent inside a transaction. Each endpoint is leased to one thread of one courier, and a slow one keeps
nobody else waiting. What the courier finds out is noted event by event, so that a courier that dies has at most
the one event sent twice that was under way.
"""

from __future__ import annotations

import logging
import random
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from db.events import deliveries, outbox
from farm.events import policy, signing
from farm.events.policy import REST, TOLERATED
from farm.events.sending import send
from models import failpoints

if TYPE_CHECKING:
    from concurrent.futures import Future
    from uuid import UUID

    from db.engine import Database
    from db.events.deliveries import Delivery, Destination
    from farm.events.policy import Answer
    from farm.settings import Settings

_log = logging.getLogger(__name__)

_HANDS = 8
"""Endpoints that are served at once."""

_AT_MOST = 100
"""Events that are looked up for an endpoint at once."""

_VISIT = timedelta(seconds=20)
"""So long an endpoint is served before it is another's turn, and so long a round begins new visits."""


class Courier:
    """Delivers what is due at the endpoints of one farm."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._hosts, self._timeout = settings.callback_hosts, settings.callback_timeout
        #: a visit, the call that was begun at its end, and a slow answer of the DNS
        self._lease = _VISIT + 2 * self._timeout + timedelta(seconds=60)

    def round(self) -> int:
        """Number and deliver until nothing is due or the time is over; how many events were taken.

        Raises `Unavailable` when the database does not answer; what was under way is sent again later.
        """
        until = time.monotonic() + _VISIT.total_seconds()
        taken = 0
        visits: set[Future[int]] = set()
        with ThreadPoolExecutor(_HANDS, thread_name_prefix="courier") as hands:
            while True:
                self._number()
                if time.monotonic() < until:
                    due = self._destinations(_HANDS - len(visits))
                    visits |= {hands.submit(self._visit, each) for each in due}
                if not visits:
                    return taken
                # Meanwhile something may have become due for those who are not slow.
                over, visits = wait(visits, timeout=1, return_when=FIRST_COMPLETED)
                taken += sum(each.result() for each in over)

    def _number(self) -> None:
        with self._database.transaction() as session:
            outbox.number(session)
        failpoints.hit(failpoints.Window.EVENTS)

    def _destinations(self, at_most: int) -> list[Destination]:
        if not at_most:
            return []
        with self._database.transaction() as session:
            return deliveries.lease(session, lease=self._lease, at_most=at_most)

    def _visit(self, destination: Destination) -> int:
        """Send what is due at one endpoint, the oldest first; how many events it took."""
        until = time.monotonic() + _VISIT.total_seconds()
        with self._database.transaction() as session:
            waiting = deliveries.due(session, destination.id, at_most=_AT_MOST)
        taken, failed_in_a_row = 0, 0
        behind: set[UUID] = set()
        for delivery in waiting:
            if delivery.subject in behind:
                continue
            answer = self._call(destination, delivery)
            failed_in_a_row = 0 if answer.is_taken else failed_in_a_row + 1
            taken += answer.is_taken
            if not answer.is_taken:
                behind.add(delivery.subject)
            goes_on = self._note(destination, delivery, answer)
            if not goes_on or failed_in_a_row == TOLERATED or time.monotonic() > until:
                break
        with self._database.transaction() as session:
            rest = REST if failed_in_a_row == TOLERATED else timedelta(0)
            deliveries.give_back(session, destination, rest=rest)
        return taken

    def _call(self, destination: Destination, delivery: Delivery) -> Answer:
        body = signing.body_of(delivery.event, destination.task_id)
        headers = signing.headers_of(delivery.event, body, destination.secrets, datetime.now(UTC))
        answer = send(destination.url, body, headers, hosts=self._hosts, timeout=self._timeout)
        failpoints.hit(failpoints.Window.CALLED)
        return answer

    def _note(self, destination: Destination, delivery: Delivery, answer: Answer) -> bool:
        """Write down what became of a call; whether more may be sent to the endpoint."""
        endpoint_id, event_id = destination.id, delivery.event.id
        with self._database.transaction() as session:
            if answer.is_taken:
                return deliveries.note_delivered(session, endpoint_id, event_id)
            decision = policy.after_failure(answer, delivery.attempts, jitter=_jitter())
            goes_on = deliveries.note_failed(
                session, endpoint_id, event_id, error=str(answer), pause=decision.pause
            )
            if decision.stop:
                deliveries.pause(session, endpoint_id, decision.stop)
                _log.warning("The endpoint %s is paused: %s", endpoint_id, decision.stop)
            return goes_on and not decision.stop


def _jitter() -> float:
    return random.random()  # noqa: S311 - spreads tries, keeps no secret

"""Verbs that order work and call it off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.client.connection import Connection, job_id_of, require_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from farm.orders.form import Order
    from farm.orders.submission import SubmittedJob
    from models.actors import Actor


class Ordering(Connection):
    """Submit, cancel, retake, reproduce."""

    def submit(self, order: Order | Mapping[str, Any] | None = None, /, **fields: Any) -> SubmittedJob:
        """Store one order and wake a worker; the order as a value, a mapping, or keyword arguments.

        Raises:
            Refused: it cannot be accepted, and the hint names the nearest fix; nothing was stored.
        """
        given = fields if order is None else order
        return self.submit_many([given])[0]

    def submit_many(self, given: Iterable[Order | Mapping[str, Any]]) -> list[SubmittedJob]:
        """Store many orders in one transaction: all of them or none.

        Raises:
            Refused: some of them cannot be accepted, each named by its number; nothing was stored.
        """
        from farm.orders import batch, submission

        orders = list(given)
        where = batch.places(orders)
        with batch.uncollected():
            wanted = submission.parse_all(orders, where)
            with self.database.transaction() as session:
                submitted = submission.submit(session, wanted, self.settings, where)
        self._wake(job.pool for job in submitted)
        return submitted

    def cancel(self, job_ids: Iterable[UUID | str]) -> list[UUID]:
        """Call jobs off; the ids of those that were not over yet. A running render stops within seconds.

        Raises:
            UnknownName: one of them is no job; none was called off.
        """
        from db import catalogue, queue
        from farm.judging import gate as gates
        from models import failpoints

        wanted = [job_id_of(each) for each in job_ids]
        with self.database.transaction() as session:
            require_all(wanted, catalogue.job_rows(session, wanted))
            called_off = queue.cancel(session, wanted)
            gates.called_off(session, catalogue.job_rows(session, called_off))
        failpoints.hit(failpoints.Window.CANCEL)
        return called_off

    def retake(
        self, job_id: UUID | str, *, reason: str, requested_by: Actor | str, **changes: Any
    ) -> SubmittedJob:
        """Order another take of a finished job; without `changes` the seed is new.

        Raises:
            UnknownName: there is no such job.
            Conflict: a take of it is still in work, or it is a reproduction.
            Forbidden: nobody is named.
            Refused: the changes cannot be accepted.
        """
        from farm.orders import submission

        with self.database.transaction() as session:
            submitted = submission.retake(
                session,
                job_id_of(job_id),
                reason=reason,
                requested_by=requested_by,
                changes=changes,
                settings=self.settings,
            )
        self._wake([submitted.pool])
        return submitted

    def reproduce(
        self,
        job_id: UUID | str,
        changes: Mapping[str, Any] | None = None,
        /,
        *,
        requested_by: Actor | str = "unknown",
        **more: Any,
    ) -> SubmittedJob:
        """Make a take again from its recorded recipe; `farm.job(...).reproduction` then says how equal it is.

        `changes` are recipe fields, dotted in the mapping: `reproduce(job, {"scene.mood": "tense"}, seed=7)`.

        Raises:
            UnknownName: there is no such job or field.
            Conflict: it has no take to compare with.
            OrderRefused: a change cannot work; nothing was stored.
        """
        from farm.reproduction import ordering

        with self.database.transaction() as session:
            submitted = ordering.reproduce(
                session,
                job_id_of(job_id),
                requested_by=requested_by,
                changes={**(changes or {}), **more},
                settings=self.settings,
            )
        self._wake([submitted.pool])
        return submitted

"""Verbs that order work and call it off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.client.connection import Connection, job_id_of, require_all
from models.access import Change
from models.actors import Actor
from models.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from db.engine import Session
    from farm.orders.form import Order
    from farm.orders.submission import SubmittedJob

#: so many ids of jobs that were ordered together stand in the audit
_LISTED = 20


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
                self._note_orders(session, wanted, submitted)
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
            rows = catalogue.job_rows(session, called_off)
            gates.called_off(session, rows)
            for row in rows:
                self._note(session, Change(action="job.cancel", subject=f"job {row.id}", project=row.project))
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
            self._note_again(
                session, "job.retake", job_id, submitted, why=reason, by=requested_by, changed=changes
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

        changed = {**(changes or {}), **more}
        with self.database.transaction() as session:
            submitted = ordering.reproduce(
                session,
                job_id_of(job_id),
                requested_by=requested_by,
                changes=changed,
                settings=self.settings,
            )
            self._note_again(session, "job.reproduce", job_id, submitted, by=requested_by, changed=changed)
        self._wake([submitted.pool])
        return submitted

    def _note_orders(
        self, session: Session, orders: Sequence[Order], submitted: Sequence[SubmittedJob]
    ) -> None:
        """One row of the audit for all orders of a call, apart from those that were known before."""
        new = [(order, job) for order, job in zip(orders, submitted, strict=True) if job.is_new]
        if not new:
            return
        projects, askers = {order.project for order, _ in new}, {order.requested_by for order, _ in new}
        listed = [str(job.job_id) for _, job in new[:_LISTED]]
        self._note(
            session,
            Change(
                action="job.submit",
                subject=f"job {listed[0]}" if len(new) == 1 else f"{len(new)} jobs",
                by=_named(askers),
                after={"jobs": listed, "count": len(new)},
                project=projects.pop() if len(projects) == 1 else None,
            ),
        )

    def _note_again(
        self,
        session: Session,
        action: str,
        job_id: UUID | str,
        submitted: SubmittedJob,
        *,
        by: Actor | str,
        changed: Mapping[str, Any],
        why: str = "",
    ) -> None:
        """A row of the audit for a job that is ordered again."""
        self._note(
            session,
            Change(
                action=action,
                subject=f"job {job_id}",
                by=_named({str(by)}),
                why=why,
                after={"job": str(submitted.job_id), "changed": plain(dict(changed))},
            ),
        )


def _named(askers: set[str]) -> Actor | None:
    """Who asks, where an order names one; None: whoever calls."""
    who = Actor.read(askers.pop()) if len(askers) == 1 else None
    return None if who is None or who.name == "unknown" else who

"""Verbs that order work and call it off."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from farm.client.connection import Connection, job_id_of, require_all
from models.access import Change, Door
from models.actors import Actor
from models.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from db.engine import Session
    from farm.orders.batch import Place
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
            TooMuch: the caller's key has spent what it may spend today, here and wherever something is ordered.
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
            wanted = self._in_their_names(submission.parse_all(orders, where), where)
            with self.database.transaction() as session:
                self._lock_spending(session)
                submitted = submission.submit(
                    session, wanted, self.settings, where, key_prefix=self.caller.key_prefix
                )
                self._refuse_overspending(session, sum(job.is_new for job in submitted))
                self._note_orders(session, wanted, submitted)
        self._wake(job.pool for job in submitted)
        return submitted

    def plan(self, order: Order | Mapping[str, Any] | None = None, /, **fields: Any) -> SubmittedJob:
        """What `submit` would answer to the same order, refusals included; nothing is stored, nobody is woken.

        The seed of an order that names none is another one each time. Raises as `submit` does.
        """
        with self.as_one(keep=False) as rehearsal:
            return rehearsal.submit(fields if order is None else order)

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

        requested_by = self._acting_as(requested_by)
        with self.database.transaction() as session:
            self._lock_spending(session)
            submitted = submission.retake(
                session,
                job_id_of(job_id),
                reason=reason,
                requested_by=requested_by,
                changes=changes,
                settings=self.settings,
                key_prefix=self.caller.key_prefix,
            )
            self._refuse_overspending(session, 1)
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

        changed, requested_by = {**(changes or {}), **more}, self._acting_as(requested_by)
        with self.database.transaction() as session:
            self._lock_spending(session)
            submitted = ordering.reproduce(
                session,
                job_id_of(job_id),
                requested_by=requested_by,
                changes=changed,
                settings=self.settings,
                key_prefix=self.caller.key_prefix,
            )
            self._refuse_overspending(session, 1)
            self._note_again(session, "job.reproduce", job_id, submitted, by=requested_by, changed=changed)
        self._wake([submitted.pool])
        return submitted

    def _in_their_names(self, orders: Sequence[Order], where: Sequence[Place]) -> Sequence[Order]:
        """The orders, each by whoever the caller may order for; raises `Forbidden`."""
        from farm.orders import batch

        def in_whose_name(order: Order) -> Order:
            who = str(self._acting_as(order.requested_by))
            return order if who == order.requested_by else order.model_copy(update={"requested_by": who})

        # Whoever holds the database's password orders for anybody: nothing is asked of ten thousand orders.
        return orders if self.caller.door is Door.SQL else batch.each(orders, in_whose_name, where)

    def _lock_spending(self, session: Session) -> None:
        """Where the caller's key has caps: let its orders come one after the other, each to know of the others.

        Before anything is stored: nobody who waits for this holds what another one needs.
        """
        from db import catalogue

        if self.caller.key_prefix is not None and not self.caller.caps.is_none:
            catalogue.lock_spending(session, self.caller.key_prefix)

    def _refuse_overspending(self, session: Session, new_jobs: int) -> None:
        """Raises `TooMuch` where the jobs that were just stored are more than the caller's key may spend."""
        from db import catalogue
        from farm.access import spending

        caps, prefix = self.caller.caps, self.caller.key_prefix
        if prefix is None or not new_jobs:
            return
        now = datetime.now(UTC)
        if caps.jobs_per_day is not None:
            ordered = catalogue.jobs_today(session, prefix)
            spending.refuse_more_jobs(prefix, caps.jobs_per_day, ordered, new_jobs, now)
        if caps.gpu_seconds_per_day is not None:
            used = catalogue.gpu_seconds_today(session, prefix)
            spending.refuse_more_time(prefix, caps.gpu_seconds_per_day, used, now)

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

"""Verbs about events: what happened, and who is sent word of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from farm.client.connection import Connection, job_id_of
from models.access import Change
from models.errors import BadInput, Forbidden
from models.events import AddedEndpoint, EventType, NewEndpoint
from models.nearest import unknown_name
from models.plain import refuse_unkeepable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from db.engine import Session
    from models.events import EndpointView, EventPage

_TASK_ID = 255


class Events(Connection):
    """What happened, and the endpoints that hear of it."""

    def events(
        self,
        *,
        types: Iterable[EventType | str] = (),
        job: UUID | str | None = None,
        project: str | None = None,
        after: str | int | None = None,
        limit: int = 50,
    ) -> EventPage:
        """A page of events, the oldest first, of one job or project, or of some types, where named.

        `after` is the `next` of the page before, or an event's number; 0 begins with the oldest that is kept.
        None: the newest ones, and no page after them. Raises `UnknownName`, `BadInput`.
        """
        from db import catalogue
        from db.events import outbox

        words = _types_of(types)
        with self.database.transaction() as session:
            # Whoever looks sees what is committed, whether or not the beat came by.
            outbox.number(session)
        with self.database.transaction() as session:
            return catalogue.events(
                session,
                types=words,
                job_id=None if job is None else job_id_of(job),
                project_id=catalogue.project(session, project).id if project else None,
                after=None if after is None else str(after),
                limit=limit,
            )

    def newest_event(self) -> int:
        """The number of the newest event, after which a new stream begins; 0 before there was any."""
        from db import catalogue

        with self.database.transaction() as session:
            return catalogue.newest_event_id(session)

    def add_endpoint(
        self,
        url: str,
        *,
        types: Iterable[EventType | str] = (),
        project: str | None = None,
        job: UUID | str | None = None,
        task_id: str | None = None,
        secret: str | None = None,
    ) -> AddedEndpoint:
        """Send events to an address from now on, signed with the answer's secret, which is shown this once.

        `types` empty is all of them. With `job` it hears of that order and its retakes alone, under `task_id`,
        and is signed only where a `secret` is given; any other gets one of its own where none is given.

        Raises:
            UnknownName: there is no such type, project or job.
            Forbidden: FARM_CALLBACK_HOSTS does not allow the address.
            BadInput: the address or the secret cannot be used.
        """
        from db import catalogue
        from farm.events import addresses, signing

        words = _types_of(types)
        addresses.allowed(url, self.settings.callback_hosts)
        if task_id is not None:
            _refuse_task_id(task_id)
        key = signing.secret_of(secret) if secret else None if job is not None else signing.new_secret()
        with self.database.transaction() as session:
            new = NewEndpoint(
                url=url,
                types=words,
                project_id=catalogue.project(session, project).id if project else None,
                job_id=None if job is None else catalogue.find_job(session, job_id_of(job)).root_job_id,
                task_id=task_id,
                secret=key,
            )
            endpoint = catalogue.add_endpoint(session, new, self.caller.actor)
            self._note_endpoint(session, "endpoint.add", endpoint, after=_kept(endpoint))
            return AddedEndpoint(endpoint=endpoint, secret=key)

    def endpoints(self, *, job: UUID | str | None = None) -> tuple[EndpointView, ...]:
        """The endpoints that are there for good, or those of one job's order."""
        from db import catalogue

        with self.database.transaction() as session:
            whose = None if job is None else catalogue.find_job(session, job_id_of(job)).root_job_id
            return catalogue.endpoints(session, whose)

    def rotate_secret(self, endpoint: UUID | str, *, secret: str | None = None) -> AddedEndpoint:
        """A new secret, shown this once; for a day what is sent is signed with the one before as well.

        Raises:
            UnknownName: there is no such endpoint.
            BadInput: the given secret cannot be used.
        """
        from db import catalogue
        from farm.events import signing

        key = signing.secret_of(secret) if secret else signing.new_secret()
        with self.database.transaction() as session:
            known = catalogue.endpoint(session, _endpoint_id_of(endpoint))
            catalogue.rotate_secret(session, known.id, key, keep=signing.KEPT_FOR)
            self._note_endpoint(session, "endpoint.rotate", known)
            return AddedEndpoint(endpoint=catalogue.endpoint(session, known.id), secret=key)

    def pause_endpoint(self, endpoint: UUID | str, *, why: str) -> EndpointView:
        """Send an endpoint nothing until it is resumed; what happens meanwhile waits, for two weeks at most.

        Raises:
            UnknownName: there is no such endpoint.
            Forbidden: no reason is given.
        """
        from db import catalogue

        refuse_unkeepable(why, "The reason")
        if not why.strip():
            raise Forbidden("A pause needs a reason.", hint="Say why: whoever finds it paused asks.")
        with self.database.transaction() as session:
            known = catalogue.endpoint(session, _endpoint_id_of(endpoint))
            reason = f"{self.caller.actor} paused it: {why.strip()}"
            catalogue.pause_endpoint(session, known.id, reason)
            self._note_endpoint(session, "endpoint.pause", known, why=why.strip())
            return catalogue.endpoint(session, known.id)

    def resume_endpoint(self, endpoint: UUID | str) -> EndpointView:
        """Send to an endpoint again, what waits first; raises `UnknownName`."""
        from db import catalogue

        with self.database.transaction() as session:
            known = catalogue.endpoint(session, _endpoint_id_of(endpoint))
            catalogue.resume_endpoint(session, known.id)
            self._note_endpoint(session, "endpoint.resume", known, before={"paused": known.paused_reason})
            return catalogue.endpoint(session, known.id)

    def remove_endpoint(self, endpoint: UUID | str) -> None:
        """Forget an endpoint, with what was still to be sent to it; raises `UnknownName`."""
        from db import catalogue

        with self.database.transaction() as session:
            known = catalogue.endpoint(session, _endpoint_id_of(endpoint))
            catalogue.remove_endpoint(session, known.id)
            self._note_endpoint(session, "endpoint.remove", known, before=_kept(known))

    def replay(
        self, endpoint: UUID | str, *, after: str | int | None = None, since: datetime | None = None
    ) -> int:
        """Send an endpoint again what it asks for: events numbered above `after`, or that happened `since`.

        They keep their ids, so that a receiver knows what it has had. How many they are.

        Raises:
            UnknownName: there is no such endpoint.
            BadInput: neither is given, or one cannot be read.
        """
        from db import catalogue

        if after is None and since is None:
            raise BadInput("From where is not said.", hint="Name an event's number (0: all), or a time.")
        if since is not None and since.tzinfo is None:
            raise BadInput("The time names no zone.", hint="Write 2026-11-30T12:00:00+00:00.")
        with self.database.transaction() as session:
            known = catalogue.endpoint(session, _endpoint_id_of(endpoint))
            count = catalogue.replay(
                session, known.id, after=catalogue.read_mark(str(0 if after is None else after)), since=since
            )
            self._note_endpoint(session, "endpoint.replay", known, after={"events": count})
            return count

    def _note_endpoint(self, session: Session, action: str, known: EndpointView, **more: Any) -> None:
        """In the audit: by its id, and never with its secret."""
        self._note(
            session, Change(action=action, subject=f"endpoint {known.id}", project=known.project, **more)
        )


def _kept(known: EndpointView) -> dict[str, Any]:
    """What the audit keeps of an endpoint."""
    from farm.events.addresses import without_query

    job = str(known.job_id) if known.job_id else None
    return {"url": without_query(known.url), "types": list(known.types), "job": job, "task_id": known.task_id}


def _types_of(words: Iterable[EventType | str]) -> tuple[EventType, ...]:
    """Each once; raises `UnknownName` for another word."""
    known = {each.value for each in EventType}
    wanted = tuple(dict.fromkeys(map(str, words)))
    for word in wanted:
        if word not in known:
            raise unknown_name(word, known, "event type")
    return tuple(map(EventType, wanted))


def _refuse_task_id(task_id: str) -> None:
    refuse_unkeepable(task_id, "The task id")
    if not 0 < len(task_id) <= _TASK_ID:
        raise BadInput("The task id cannot be kept.", hint=f"Use 1 to {_TASK_ID} letters.")


def _endpoint_id_of(text: UUID | str) -> UUID:
    if isinstance(text, UUID):
        return text
    try:
        return UUID(text)
    except ValueError:
        raise BadInput(f"'{text[:80]}' is no endpoint's id.", hint="`farm endpoints list` has them.") from None

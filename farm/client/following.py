"""Verbs for whoever follows what happens: events by their numbers, and when there are new ones."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from farm.client.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from uuid import UUID

    from models.events import EventView


class Following(Connection):
    """Read on from an event; none with a lower number ever appears later."""

    def events_after(
        self, event_id: int, limit: int = 500, job_ids: Iterable[UUID] | None = None
    ) -> tuple[EventView, ...]:
        """The events after that number, the oldest first; of these jobs, or of all."""
        from db import catalogue

        with self.database.transaction() as session:
            return catalogue.events_after(session, event_id, limit, job_ids)

    @contextmanager
    def listening(self) -> Iterator[Callable[[float], bool]]:
        """A function that waits up to so many seconds for new events; see `db.events.listening`."""
        from db.events.listening import listening

        with listening(self.database) as heard:
            yield heard

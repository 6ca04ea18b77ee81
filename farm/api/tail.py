"""Follows the farm for every stream of a process, at the cost of one: it listens, and reads what it heard of.

What happened is announced by whoever numbers the events, after the commits that did it; none is ever missed,
because the next is read by the number of the last. Progress is read from the rows of those jobs that somebody
follows and that moved, in one question an interval.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from farm.client.families import Families
from models.errors import FarmError
from models.events import EventView
from models.jobs import JobRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from uuid import UUID

    from farm.client import Farm

#: what a stream is sent
News: TypeAlias = EventView | JobRow

#: how often it looks how far jobs have come
INTERVAL = timedelta(seconds=0.5)
#: news that wait for a slow stream; one that falls further behind is ended, and comes back by its last id
_BEHIND = 1000
#: events read at once
_PAGE = 500
#: seconds until a database that went away is asked again
_AGAIN_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Stream:
    """Somebody who follows some orders, or everything of the farm."""

    loop: asyncio.AbstractEventLoop
    #: first jobs of orders; None: events of all
    roots: frozenset[UUID] | None
    queue: asyncio.Queue[News | None] = field(default_factory=lambda: asyncio.Queue(_BEHIND))

    def put(self, news: Iterable[News]) -> None:
        """Hand over from another thread what it follows."""
        wanted = [each for each in news if self.roots is None or each.root_job_id in self.roots]
        if wanted:
            self.loop.call_soon_threadsafe(self._put, wanted)

    def _put(self, wanted: Sequence[News]) -> None:
        if self.queue.qsize() + len(wanted) >= _BEHIND:
            self.end()
            return
        for each in wanted:
            self.queue.put_nowait(each)

    def end(self) -> None:
        """Send it away, in its own thread; what it has not read it asks for when it comes back."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class Tail:
    """Reads on for all streams of this process; its thread asks nothing while there are none."""

    def __init__(self, farm: Farm) -> None:
        self._farm = farm
        self._families = Families(farm.families, farm.moved_families)
        self._streams: list[Stream] = []
        self._changed = threading.Condition()
        self._closed = False
        #: the last event that was handed out; None: nobody follows
        self._read_to: int | None = None
        self._rows: dict[UUID, JobRow] = {}
        self._thread = threading.Thread(target=self._run, name="farm-tail", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End every stream and the thread."""
        with self._changed:
            self._closed = True
            for stream in self._streams:
                stream.loop.call_soon_threadsafe(stream.end)
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def join(self, stream: Stream) -> None:
        """From now on the stream gets what it follows; raises `Unavailable`."""
        with self._changed:
            if self._read_to is None:
                self._read_to = self._farm.newest_event()
            self._streams.append(stream)
            self._changed.notify_all()

    def leave(self, stream: Stream) -> None:
        """It follows no more."""
        with self._changed:
            self._streams.remove(stream)
            if not self._streams:
                self._read_to, self._rows = None, {}

    def _run(self) -> None:
        while self._is_followed():
            try:
                with self._farm.listening() as heard:
                    self._follow(heard)
            except FarmError as error:
                # Streams stay open: whoever follows waits, and misses nothing once it answers again.
                _log.warning("Streams wait: %s", error)
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, _AGAIN_S)

    def _is_followed(self) -> bool:
        """Wait until somebody follows; false once it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._streams))
            return not self._closed

    def _follow(self, heard: Callable[[float], bool]) -> None:
        """Read on while somebody follows; what came before it listened is read first."""
        is_new = True
        looked_at = 0.0
        while self._streams and not self._closed:
            if is_new:
                self._read_events()
            if time.monotonic() - looked_at >= INTERVAL.total_seconds():
                self._read_progress()
                looked_at = time.monotonic()
            is_new = heard(INTERVAL.total_seconds())

    def _read_events(self) -> None:
        while (read_to := self._read_to) is not None and (events := self._farm.events_after(read_to, _PAGE)):
            with self._changed:
                if self._read_to is not None:
                    self._read_to = events[-1].id
                self._hand_out(events)

    def _read_progress(self) -> None:
        roots = {root for stream in list(self._streams) for root in stream.roots or ()}
        if not roots:
            return
        rows = {row.id: row for row in self._families(sorted(roots))}
        with self._changed:
            self._hand_out(row for row in rows.values() if row != self._rows.get(row.id))
            self._rows = rows

    def _hand_out(self, news: Iterable[News]) -> None:
        several = list(news)
        for stream in self._streams:
            stream.put(several)

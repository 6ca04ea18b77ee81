"""Read an iterable a few items ahead in a thread of its own, so that decoding and networks run side by side."""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

Item = TypeVar("Item")

#: how soon either side sees that the other one has stopped
_LOOK_UP_S = 0.1


class _End:
    """The last thing in the queue: what ended the reading, if anything did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class Ahead(Generic[Item]):
    """Use as a context manager and iterate inside; leaving it, however, ends the thread and the generator.

    What the generator raises is raised here, after the items before it. At most `depth` items wait.
    """

    def __init__(self, source: Generator[Item], depth: int = 2) -> None:
        self._source = source
        self._queue: Queue[Item | _End] = Queue(maxsize=depth)
        self._stop = Event()
        self._thread = Thread(target=self._read, name="read-ahead", daemon=True)

    def __enter__(self) -> Ahead[Item]:
        self._thread.start()
        return self

    def __exit__(self, *ending: object) -> None:
        self._stop.set()
        while self._thread.is_alive():
            # The reader may wait for room in the queue.
            with suppress(Empty):
                self._queue.get_nowait()
            self._thread.join(_LOOK_UP_S)

    def __iter__(self) -> Iterator[Item]:
        while True:
            item = self._queue.get()
            if not isinstance(item, _End):
                yield item
                continue
            if item.error is not None:
                raise item.error
            return

    def _read(self) -> None:
        end = _End()
        try:
            for item in self._source:
                if not self._put(item):
                    break
        except BaseException as error:  # noqa: BLE001 - raised again by whoever iterates
            end = _End(error)
        finally:
            # In this thread, because a generator must not be closed while another one runs it.
            self._source.close()
            self._put(end)

    def _put(self, item: Item | _End) -> bool:
        """Whether there was room before everything stopped."""
        while not self._stop.is_set():
            with suppress(Full):
                self._queue.put(item, timeout=_LOOK_UP_S)
                return True
        return False

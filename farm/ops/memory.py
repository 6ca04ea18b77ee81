"""Measures how much memory a tree of processes holds at its peak, sampled while it runs."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import psutil

if TYPE_CHECKING:
    from datetime import timedelta

_MIB = 1024**2


class MemoryPeak:
    """Samples this process and all it started, in a thread, until the `with` block ends.

    Pages that several processes share are counted once (PSS), where the system tells them apart; elsewhere the
    resident size stands in, which counts them once a process.
    """

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="memory peak", daemon=True)
        self.mib = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *ending: object) -> None:
        self._over.set()
        self._thread.join(timeout=30)

    def _sample(self) -> None:
        me = psutil.Process()
        while not self._over.is_set():
            tree = [me, *me.children(recursive=True)]
            self.mib = max(self.mib, sum(map(_held, tree)) / _MIB)
            self._over.wait(self._every.total_seconds())


def _held(process: psutil.Process) -> float:
    """Bytes one process holds; 0 for one that has just ended."""
    with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        try:
            return float(process.memory_full_info().pss)
        except (psutil.AccessDenied, AttributeError):
            return float(process.memory_info().rss)
    return 0.0

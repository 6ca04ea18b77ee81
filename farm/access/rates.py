"""How often a caller may ask: a bucket of tokens each, in this process."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from models.errors import TooMuch

if TYPE_CHECKING:
    from collections.abc import Callable

#: so many callers are remembered before those are forgotten whose buckets are full again
_MOST_BUCKETS = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    seen_at: float


class Buckets:
    """A bucket of `burst` tokens for each caller, refilled at `per_second`; safe to share between threads."""

    def __init__(self, *, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`per_second` more than 0, `burst` at least 1; `clock` gives seconds that only rise."""
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def take(self, who: str, cost: float = 1.0) -> None:
        """Take `cost` tokens, 0 to `burst`, out of a caller's bucket; raises `TooMuch`, which says until when.

        Who is refused takes nothing: asking again too soon makes nobody wait longer.
        """
        with self._lock:
            bucket = self._filled(who)
            lacking = cost - bucket.tokens
            if lacking <= 0:
                bucket.tokens -= cost
                return
        wait = timedelta(seconds=math.ceil(lacking / self._per_second))
        raise TooMuch(
            "These are too many requests at once.",
            hint=f"Ask again in {wait.total_seconds():.0f} s; {self._per_second:g} a second are answered.",
            retry_after=wait,
        )

    def _filled(self, who: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(who)
        if bucket is None:
            if len(self._buckets) >= _MOST_BUCKETS:
                self._forget_full(now)
            bucket = self._buckets[who] = _Bucket(float(self._burst), now)
        bucket.tokens, bucket.seen_at = self._tokens(bucket, now), now
        return bucket

    def _tokens(self, bucket: _Bucket, now: float) -> float:
        return min(self._burst, bucket.tokens + (now - bucket.seen_at) * self._per_second)

    def _forget_full(self, now: float) -> None:
        """A full bucket is as good as a new one."""
        self._buckets = {
            who: bucket for who, bucket in self._buckets.items() if self._tokens(bucket, now) < self._burst
        }

"""What follows when an endpoint took an event, or did not: pure, like every policy of the farm.

The pauses are those that Standard Webhooks recommends. An event is tried for three days; whoever cannot be
given even one event for so long is paused, and so is at once whoever says that it is gone (410).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

PAUSES = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Before the second try, the third, and so on."""

TOLERATED = 3
"""So many failures in a row end a round: an endpoint that is away is not asked for every event that waits."""

REST = timedelta(seconds=15)
"""Before such an endpoint is asked again."""

_GONE = 410


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one call."""

    #: HTTP; None: there was no answer
    status: int | None
    #: one sentence, where there was none
    error: str = ""

    @property
    def is_taken(self) -> bool:
        """Any 2xx is; a redirect is not followed, and so is none."""
        return self.status is not None and 200 <= self.status < 300

    def __str__(self) -> str:
        return self.error or f"It answered {self.status}."


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from a call that failed."""

    #: before the next try
    pause: timedelta
    #: why nothing more is sent to the endpoint until a person resumes it; empty: it goes on
    stop: str = ""


def after_failure(answer: Answer, attempts: int, *, jitter: float) -> Decision:
    """What follows when an event was not taken; `attempts` are those before, `jitter` is 0 to 1.

    >>> after_failure(Answer(503), 1, jitter=0.0)
    Decision(pause=datetime.timedelta(seconds=30), stop='')
    """
    pause = PAUSES[min(attempts, len(PAUSES) - 1)] * (1 + jitter / 10)
    if answer.status == _GONE:
        return Decision(pause, "It answered 410: it wants no more events.")
    if attempts >= len(PAUSES):
        return Decision(pause, f"It did not take an event for three days. {answer}")
    return Decision(pause)

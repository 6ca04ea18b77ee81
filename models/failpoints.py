"""Failpoints: named windows between a commit and what follows it, where a test lets a process die.

    FARM_TESTING=1 FARM_FAILPOINTS="claim.after_commit:0.05;retry.after_commit:0.2:sleep=1;seed=7"

Each window has a probability from 0 to 1 and what happens in it: the process is killed (where nothing is said),
`kill=2` kills no more than two in the whole farm, `raise` is a server that does not answer, `sleep=1` is a
second's pause. `*` stands for every window. The draws of a process depend on the seed, on its worker's name and
on how many processes of that name drew before it, so the same seed makes the same draws again. Nothing of this
happens outside tests: `farm.settings` refuses it.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from models.errors import BadInput, Unavailable
from models.nearest import unknown_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from random import Random

_log = logging.getLogger(__name__)


class Window(StrEnum):
    """Where a process may die; beside each stands what the database or the disk holds at that moment."""

    CLAIM = "claim.after_commit"  #: the row is running under a lease, and nobody works on it
    FILES = "publish.before_rename"  #: the take's files lie beside their place, under a hidden name
    RENAMED = "publish.before_settle"  #: the take's files are in place, and no row names them
    SETTLE = "settle.after_commit"  #: the row waits for its next step, and nobody was told
    GATE = "gate.after_commit"  #: the verdict stands, a retake may be ordered, and nobody was told
    DISCARD = "discard.before_fail"  #: the files of a failed try are gone, and its attempt is still open
    FAIL = "fail.after_commit"  #: the try is closed with its error, and the chain goes on as if it ran
    EQUAL = "equal.after_commit"  #: an equal order may start, and nobody was told
    RETRY = "retry.after_commit"  #: silent work was taken back, and its files still lie in the store
    RELAY = "relay.after_commit"  #: the turn is taken, and no wake-up was sent
    TIDY = "tidy.after_commit"  #: the turn is taken, and no orphan was removed
    REGISTER = "register.after_commit"  #: the worker is in the table, and its pool has not started
    LEAVE = "leave.after_commit"  #: the worker is gone from the table, and its process is still there
    ORDER = "order.after_commit"  #: an order, retake or reproduction is stored, and no worker was woken
    CANCEL = "cancel.after_commit"  #: jobs are called off, and whoever asked has no answer
    EVENTS = "events.after_commit"  #: events have their numbers, and nothing was sent to anybody
    CALLED = "call.before_note"  #: an endpoint was called, and the database does not know it
    DELIVER = "deliver.before_rename"  #: a delivery's files are written whole, under a hidden name
    DELIVERED = "deliver.after_rename"  #: the version is in place, and its folder is not yet on the disk


@dataclass(frozen=True, slots=True)
class Failpoint:
    """What may happen in one window."""

    probability: float
    #: `kill`, `raise`, or `sleep`
    action: str = "kill"
    #: seconds of a sleep; of other actions, how often at most it happens in the farm, 0: without end
    amount: float = 0.0


class _Armed:
    """The failpoints of this process and its own series of draws."""

    def __init__(self, points: Mapping[Window, Failpoint], seed: int, notes: Path) -> None:
        self._points = points
        self._seed = seed
        self._notes = notes

    def pass_through(self, window: Window) -> None:
        point = self._points.get(window)
        if point is None or self._draws.random() >= point.probability or self._is_used_up(window, point):
            return
        _append(self._notes / "hits", f"{window} {point.action}\n")
        _log.warning("Failpoint %s: %s.", window, point.action)
        if point.action == "sleep":
            time.sleep(point.amount)
        elif point.action == "raise":
            raise Unavailable(f"The failpoint {window} was hit.")
        else:
            os.kill(os.getpid(), signal.SIGKILL)

    def _is_used_up(self, window: Window, point: Failpoint) -> bool:
        if point.action == "sleep" or not point.amount:
            return False
        hits = self._notes / "hits"
        return hits.exists() and hits.read_text(encoding="utf-8").count(f"{window} ") >= point.amount

    @cached_property
    def _draws(self) -> Random:
        # At the first window: a worker has its name by then.
        from random import Random

        name = os.environ.get("FARM_WORKER_ID", "front")
        started = _append(self._notes / f"starts of {name}", ".")
        return Random(f"{self._seed}/{name}/{started}")  # noqa: S311 - faults that repeat, no secrets


#: empty, or the one there is
_armed: list[_Armed] = []


def hit(window: Window) -> None:
    """Nothing, unless a test armed this window and the draw is against the process.

    Raises:
        Unavailable: the window's action is `raise`.
    """
    if _armed:
        _armed[0].pass_through(window)


def arm(spec: str, notes: Path) -> None:
    """Let this process have the failpoints of `spec`, none where it is empty; what was hit is noted in `notes`.

    Raises:
        BadInput: the text cannot be read.
        UnknownName: there is no such window; the hint names the nearest.
    """
    points, seed = read(spec)
    _armed[:] = [_Armed(points, seed, notes)] if points else []


def read(spec: str) -> tuple[dict[Window, Failpoint], int]:
    """(window -> what may happen in it, the seed) of a text such as `claim.after_commit:0.05;seed=7`.

    Raises:
        BadInput: the text cannot be read.
        UnknownName: there is no such window; the hint names the nearest.

    >>> read("relay.after_commit:1:sleep=0.5;seed=7")
    ({<Window.RELAY: 'relay.after_commit'>: Failpoint(probability=1.0, action='sleep', amount=0.5)}, 7)
    """
    points: dict[Window, Failpoint] = {}
    seed = 0
    for part in filter(None, (part.strip() for part in spec.split(";"))):
        name, _, rest = part.partition(":")
        try:
            if name.startswith("seed="):
                seed = int(name.removeprefix("seed="))
                continue
            point = _point(rest)
        except ValueError:
            raise BadInput(
                f"The failpoint '{part}' cannot be read.",
                hint="Write window:probability, and :kill=2, :raise or :sleep=0.5 behind it.",
            ) from None
        points |= dict.fromkeys(_windows(name), point)
    return points, seed


def _windows(name: str) -> list[Window]:
    if name == "*":
        return list(Window)
    if name not in list(Window):
        raise unknown_name(name, list(Window), "failpoint")
    return [Window(name)]


def _point(text: str) -> Failpoint:
    probability, _, action = text.partition(":")
    word, _, amount = (action or "kill").partition("=")
    point = Failpoint(float(probability), word, float(amount or 0))
    if not 0 <= point.probability <= 1 or word not in ("kill", "raise", "sleep") or point.amount < 0:
        raise ValueError(text)
    return point


def _append(file: Path, text: str) -> int:
    """Add to a file that processes share; how many bytes it has by then."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as notes:
        notes.write(text)
        notes.flush()
        return notes.tell()

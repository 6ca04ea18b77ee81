"""Workers standing in for a silent beat: relay and retry from the thread that says they live."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from db import queue
from farm.settings import settings
from models.errors import Unavailable
from tasks.beat.upkeep import BEAT, relay_now, retry_now
from tasks.process import runtime

if TYPE_CHECKING:
    from datetime import timedelta

_log = logging.getLogger(__name__)
_standing_in: list[bool] = []


def pause() -> timedelta:
    """How long the worker's thread sleeps between two rounds: short while it stands in."""
    return settings().relay_every if _standing_in else settings().heartbeat / 3


def relay_and_retry_if_beat_is_silent() -> None:
    """Do the beat's two vital jobs when it has not ticked for `beat_silent_after`; `ticks` shares them out.

    Raises:
        Unavailable: the database does not answer.
    """
    with runtime.database().transaction() as session:
        silent = queue.silence_of(session, BEAT) > settings().beat_silent_after
    if silent and not _standing_in:
        _log.warning("The beat is silent; the workers relay and retry themselves.")
        _standing_in.append(True)
    if not silent:
        if _standing_in:
            _log.warning("The beat ticks again.")
        _standing_in.clear()
        return
    for job in (retry_now, relay_now):
        try:
            job()
        except Unavailable as error:
            _log.warning("Standing in for the beat: %s", error.message)

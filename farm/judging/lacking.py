"""Which networks a profile asks for that no worker here has: what they measure stays not measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.vocabulary import Step
from workers.scoring.network_table import asked_by

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from models.fleet import WorkerView
    from models.metrics import Profile


def lacking(profile: Profile, workers: Iterable[WorkerView], silent_after: timedelta) -> tuple[str, ...]:
    """The networks that the live scorer with the most of a profile's lacks; none where nobody scores now."""
    asked = asked_by(mark for marks in profile.marks.values() for mark in marks)
    theirs = [
        frozenset(worker.capabilities.get("networks", ()))
        for worker in workers
        if worker.is_live(silent_after) and Step.SCORE.value in worker.queues
    ]
    return tuple(sorted(min((asked - each for each in theirs), key=len, default=frozenset())))


def sentence(profile: str, networks: Iterable[str]) -> str:
    """What it means for takes that are judged by the profile; empty where nothing is lacking."""
    names = ", ".join(networks)
    return names and (
        f"the profile '{profile}' asks for networks that no worker here has: {names}. What they measure is not "
        f"measured, so a person must decide; `farm networks pull` fetches them."
    )

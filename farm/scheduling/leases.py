"""When a lease that ran out says nothing about its holder: nobody could extend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta


def stood_still(since_last_look: timedelta, *, every: timedelta, heartbeat: timedelta) -> bool:
    """Whether the farm stood still, by how long nobody looked after leases: Postgres away, sleep, a clock set.

    Whoever was kept from beating meanwhile is given one heartbeat.
    """
    return since_last_look is not None and since_last_look > every + heartbeat

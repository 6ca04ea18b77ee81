"""How an order stands by its newest take, at once or when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import anyio
from anyio.to_thread import run_sync

from farm.client.connection import job_id_of
from farm.mcp.answers import JobSeen

if TYPE_CHECKING:
    from datetime import timedelta

    from farm.client import Farm
    from models.jobs import JobRow

#: seconds between two looks, the first and the longest
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 1.0


async def look(farm: Farm, job_id: str, patience: timedelta) -> JobSeen:
    """How the order of a job stands once it is over, or when the patience is spent.

    Holds no thread and no connection while it waits, and ends with the call of a client that went away.
    Raises `BadInput`, `UnknownName`.
    """
    asked = job_id_of(job_id)
    deadline, pause_s = anyio.current_time() + patience.total_seconds(), _FIRST_PAUSE_S
    while True:
        family = await run_sync(farm.families, [asked])
        left_s = deadline - anyio.current_time()
        if left_s <= 0 or (family and all(row.state.is_over for row in family)):
            return await run_sync(seen, farm, asked)
        await anyio.sleep(min(pause_s, left_s))
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def seen(farm: Farm, asked: UUID) -> JobSeen:
    """How the order of a job stands now; raises `UnknownName`."""
    family = farm.job(asked).family
    newest = max(family, key=lambda row: row.take_number)
    sentences = farm.why(newest.id)
    if newest.id != asked:
        sentences = [f"Take {newest.take_number} is the newest of this order.", *sentences]
    return JobSeen.of(asked, farm.job(newest.id), sentences, is_over=is_over(family))


def is_over(family: tuple[JobRow, ...]) -> bool:
    """Whether nothing more happens to an order by itself."""
    return all(row.state.is_over for row in family)

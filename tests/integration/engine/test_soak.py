"""Thousands of jobs through one shift of real workers: nothing that grows with what went through."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psutil
import pytest
import redis

from farm.broker import RESERVE
from tests.support.floor import CONTROL, RENDER, SCORE
from tests.support.queue_jobs import add_jobs

if TYPE_CHECKING:
    from uuid import UUID

    from tests.support.floor import Floor, Hand

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]

JOBS = int(os.environ.get("SOAK_JOBS", "10000"))
#: until then caches fill
WARM = JOBS // 5
#: of allocators, which give memory back when they like
SLACK_MIB = 12
_OVER = "SELECT count(*) FROM render_queue WHERE project_id = :project AND status = 'completed'"


def rss_mib(hands: list[Hand]) -> dict[str, float]:
    """The memory of every worker's parent and child."""
    processes = {f"{hand.name} parent": psutil.Process(hand.pid) for hand in hands}
    processes |= {f"{hand.name} child": child for hand in hands for child in hand.children()}
    return {name: process.memory_info().rss / 2**20 for name, process in processes.items()}


def longest_list(floor: Floor) -> int:
    """The most messages that wait in any list of the broker."""
    with redis.Redis.from_url(floor.redis_url) as broker:
        lists = [key for key in broker.scan_iter(match=f"{floor.prefix}*") if broker.type(key) == b"list"]
        return max((broker.llen(key) for key in lists), default=0)


def wait_until_done(floor: Floor, project: UUID, count: int, lengths: list[int]) -> None:
    def done() -> bool:
        lengths.append(longest_list(floor))
        return bool(floor.scalar(_OVER, project=project) >= count)

    floor.wait(done, f"{count} of {JOBS} jobs to be over", 3600)


def test_memory_and_lists_stay_as_they_are_over_ten_thousand_jobs(floor, project):
    hands = [floor.worker(queue, ready=False) for queue in (RENDER, SCORE)]
    hands.append(floor.worker(CONTROL, pool="threads", concurrency=4, ready=False))
    hands.append(floor.beat())
    for hand in hands[:-1]:
        floor.wait_ready(hand)
    add_jobs(floor.database, project, JOBS)
    lengths: list[int] = []

    wait_until_done(floor, project, WARM, lengths)
    before = rss_mib(hands)
    wait_until_done(floor, project, JOBS, lengths)
    after = rss_mib(hands)

    print({name: f"{before[name]:.0f} -> {after[name]:.0f} MiB" for name in before}, "lists", max(lengths))
    assert {name for name in before if after[name] > before[name] + SLACK_MIB} == set()
    assert max(lengths) <= 4 + RESERVE + len(hands)

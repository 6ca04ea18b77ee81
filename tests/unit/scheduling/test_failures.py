"""What follows a failure, decided without a database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from farm.scheduling.failures import Backoff, after, after_silence
from models.scheduling import Decision, FailureFacts, TriedAt
from models.vocabulary import ErrorKind, QueueStatus, Step

BACKOFF = Backoff(base=timedelta(seconds=10), cap=timedelta(seconds=60))
SMALL = TriedAt(pools=("comfyui", "comfyui-8g", "comfyui-12g"), vram_mib=12_282)
READY, FAILED = QueueStatus.READY, QueueStatus.FAILED


def facts(**known: Any) -> FailureFacts:
    values = {"step": Step.RENDER, "pool": "toon", "retry_count": 0, "max_retries": 3}
    return FailureFacts(**{**values, **known})


def decided(kind: ErrorKind, jitter: float = 0.5, **known: Any) -> Decision:
    return after(facts(**known), kind, "It broke.", backoff=BACKOFF, jitter=jitter)


def ran_out(pool: str, *live_pools: str, before: int = 1, **known: Any) -> Decision:
    return decided(
        ErrorKind.OUT_OF_MEMORY,
        pool=pool,
        ran_out_before=before,
        tried_at=(SMALL,),
        live_pools=frozenset(live_pools),
        **known,
    )


@pytest.mark.parametrize(("retry_count", "seconds"), [(0, 10), (1, 20), (2, 40), (3, 60), (400, 60)])
def test_the_pause_doubles_up_to_its_cap(retry_count: int, seconds: int) -> None:
    assert BACKOFF.pause(retry_count, 0.5) == timedelta(seconds=seconds)
    assert BACKOFF.pause(retry_count, 0.0) == timedelta(seconds=seconds) * 0.5
    assert BACKOFF.pause(retry_count, 1.0) == timedelta(seconds=seconds) * 1.5


def test_what_may_succeed_next_time_is_tried_until_its_tries_are_used_up() -> None:
    again = decided(ErrorKind.UNAVAILABLE, retry_count=2)
    last = decided(ErrorKind.UNAVAILABLE, retry_count=3)

    assert (again.status, again.retry_count, again.pause) == (READY, 3, timedelta(seconds=40))
    assert (last.status, last.retry_count) == (FAILED, 3)


@pytest.mark.parametrize(("before", "status"), [(0, READY), (1, FAILED)])
def test_a_step_that_went_on_until_its_time_limit_is_tried_once_more(before: int, status: QueueStatus) -> None:
    assert decided(ErrorKind.TIMEOUT, timed_out_before=before).status is status


def test_what_a_repeat_cannot_mend_fails_at_once() -> None:
    decision = decided(ErrorKind.BAD_RECIPE)

    assert (decision.status, decision.retry_count, decision.message) == (FAILED, 0, "It broke.")


def test_memory_that_ran_out_for_the_first_time_is_tried_again_in_its_pool() -> None:
    decision = ran_out("comfyui-12g", "comfyui-16g", before=0)

    assert (decision.status, decision.pool, decision.message) == (READY, "comfyui-12g", "It broke.")


def test_the_second_time_it_starts_anew_at_once_on_the_next_bigger_live_card() -> None:
    decision = ran_out("comfyui-12g", "comfyui-12g", "comfyui-24g", "comfyui-48g", retry_count=3)

    assert (decision.status, decision.pool) == (READY, "comfyui-24g")
    assert (decision.retry_count, decision.pause) == (0, timedelta(0))
    assert decision.message == "It broke. It ran out of memory twice on a card of 12 GiB; moved to comfyui-24g."


def test_without_a_bigger_live_card_it_fails_and_says_which_it_would_need() -> None:
    decision = ran_out("comfyui-12g", "comfyui-12g")

    assert decision.status is FAILED
    assert decision.message.endswith("it would need one of 16 GiB or more, and no live worker has it.")


def test_memory_of_a_score_is_never_looked_for_elsewhere() -> None:
    decision = ran_out("comfyui-12g", "comfyui-16g", step=Step.SCORE)

    assert (decision.status, decision.pool) == (FAILED, "comfyui-12g")


def test_a_renderer_without_a_server_is_told_of_no_card() -> None:
    decision = ran_out("toon")

    assert (decision.status, decision.message) == (FAILED, "It broke.")


@pytest.mark.parametrize(
    ("pool", "elsewhere", "status", "doubts"),
    [
        ("comfyui", True, READY, True),
        ("comfyui", False, FAILED, True),
        ("toon", True, FAILED, False),
    ],
)
def test_a_missing_file_is_looked_for_at_another_comfyui_and_its_list_is_doubted(
    pool: str, elsewhere: bool, status: QueueStatus, doubts: bool
) -> None:
    decision = decided(ErrorKind.MISSING_CHECKPOINT, pool=pool, another_has_its_needs=elsewhere)

    assert (decision.status, decision.doubts_worker) == (status, doubts)


@pytest.mark.parametrize(
    ("ran_for", "kind"),
    [
        (timedelta(minutes=59), ErrorKind.WORKER_LOST),
        (timedelta(minutes=61), ErrorKind.TIMEOUT),
        (None, ErrorKind.WORKER_LOST),
    ],
)
def test_silence_beyond_the_hard_time_limit_is_a_timeout(ran_for: timedelta | None, kind: ErrorKind) -> None:
    decision = after_silence(facts(), ran_for, time_limit=timedelta(hours=1), backoff=BACKOFF, jitter=0.5)

    assert (decision.status, decision.error_kind, decision.retry_count) == (READY, kind, 1)

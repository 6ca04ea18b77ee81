"""How a step ends: written down and raised on, or quietly where the work was not ours any more."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from db.queue import Claim, Settlement
from models.errors import LeaseLost, StepFailed, Unavailable
from models.vocabulary import ErrorKind, QueueStatus, Step
from tasks.process import endings, runtime
from tasks.steps.work import Work

CLAIM = Claim(job_id=uuid4(), step=Step.SCORE, epoch=1, pool="null", worker_id="w", retry_count=0)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[ErrorKind]:
    """The failures that were written down, in a queue that takes every one."""
    kinds: list[ErrorKind] = []

    def fail(_session: Any, _claim: Claim, *, error_kind: ErrorKind, **_: Any) -> QueueStatus:
        kinds.append(error_kind)
        return QueueStatus.READY

    def in_transaction(work: Callable[[Any], Any]) -> Any:
        return work(None)

    monkeypatch.setattr(runtime, "in_transaction", in_transaction)
    monkeypatch.setattr(endings, "fail", fail)
    return kinds


def a_task() -> Any:
    return SimpleNamespace(request=SimpleNamespace(chain=["gate"]))


def test_an_error_is_written_down_and_raised_on_as_what_it_means(written: list[ErrorKind]) -> None:
    task = a_task()

    with pytest.raises(StepFailed, match="Memory ran out") as failure, Work(CLAIM, task):
        raise MemoryError

    assert failure.value.error_kind is ErrorKind.OUT_OF_MEMORY
    assert written == [ErrorKind.OUT_OF_MEMORY]
    assert task.request.chain == ["gate"]


def test_lost_work_ends_its_chain_quietly(written: list[ErrorKind]) -> None:
    task = a_task()

    with Work(CLAIM, task) as work:
        raise LeaseLost

    assert work.why_lost == LeaseLost().message
    assert (written, task.request.chain) == ([], None)


def test_a_fenced_settle_ends_its_chain_quietly(written: list[ErrorKind]) -> None:
    task = a_task()

    with Work(CLAIM, task) as work:
        work.settle(lambda _session: Settlement.FENCED)

    assert work.why_lost == "Another worker took the job over."
    assert (written, task.request.chain) == ([], None)


def test_a_failure_of_work_that_is_not_ours_any_more_ends_its_chain_quietly(
    written: list[ErrorKind], monkeypatch: pytest.MonkeyPatch
) -> None:
    task = a_task()
    monkeypatch.setattr(endings, "fail", lambda *_args, **_values: None)

    with Work(CLAIM, task) as work:
        raise MemoryError

    assert work.why_lost
    assert task.request.chain is None


@pytest.mark.parametrize("settlement", [Settlement.WRITTEN, Settlement.STANDS])
def test_a_settled_step_goes_on_to_the_next(written: list[ErrorKind], settlement: Settlement) -> None:
    task = a_task()

    with Work(CLAIM, task) as work:
        work.settle(lambda _session: settlement)

    assert (work.why_lost, written, task.request.chain) == ("", [], ["gate"])


@pytest.fixture
def soft_limit() -> Iterator[Callable[[], None]]:
    """What a pool child hears when its soft limit passes, as billiard has it."""

    def heard(*_: Any) -> None:
        raise SoftTimeLimitExceeded

    before = signal.signal(signal.SIGUSR1, heard)
    yield lambda: os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("strikes", ["in the transaction", "in the pause after it"])
def test_a_soft_limit_that_passes_while_a_finished_step_is_written_down_drops_nothing(
    monkeypatch: pytest.MonkeyPatch, soft_limit: Callable[[], None], strikes: str
) -> None:
    answers = [Unavailable("The database does not answer."), None]

    @contextmanager
    def transaction() -> Iterator[None]:
        if strikes == "in the transaction":
            soft_limit()
        if (error := answers.pop(0)) is not None:
            raise error
        yield None

    def pause(_seconds: float) -> None:
        if strikes == "in the pause after it":
            soft_limit()

    monkeypatch.setattr(runtime, "database", lambda: SimpleNamespace(transaction=transaction))
    monkeypatch.setattr(runtime, "time", SimpleNamespace(monotonic=lambda: 0.0, sleep=pause))
    task = a_task()

    with Work(CLAIM, task) as work:
        work.settle(lambda _session: Settlement.WRITTEN)

    assert (answers, work.why_lost, task.request.chain) == ([], "", ["gate"])


def test_before_the_work_is_done_a_soft_limit_ends_it(
    written: list[ErrorKind], soft_limit: Callable[[], None]
) -> None:
    with pytest.raises(StepFailed), Work(CLAIM, a_task()):
        soft_limit()

    assert written == [ErrorKind.TIMEOUT]


def test_a_process_that_is_told_to_stop_writes_nothing_down(written: list[ErrorKind]) -> None:
    with pytest.raises(SystemExit), Work(CLAIM, a_task()):
        raise SystemExit

    assert written == []

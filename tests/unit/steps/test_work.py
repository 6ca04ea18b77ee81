"""How a step ends: written down and raised on, or quietly where the work was not ours any more."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from db.queue import Claim, Settlement
from models.errors import LeaseLost, StepFailed
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


def test_a_process_that_is_told_to_stop_writes_nothing_down(written: list[ErrorKind]) -> None:
    with pytest.raises(SystemExit), Work(CLAIM, a_task()):
        raise SystemExit

    assert written == []

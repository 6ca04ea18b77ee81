"""The adapter for the public harness speaks its protocol: it describes itself, measures, and ends when told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.bench.harness.adapter import MANIFEST
from tests.support import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

#: what the harness requires of every adapter
_METRICS = {"claim_p50_ms", "claim_p95_ms", "claim_p99_ms", "enqueue_rate", "completion_rate", "queue_depth"}


@pytest.fixture
def adapter(database_url: str) -> Iterator[subprocess.Popen[str]]:
    env = {
        **os.environ,
        "DATABASE_URL": database_url,
        "SCENARIO": "long_horizon",
        "PRODUCER_RATE": "20",
        "WORKER_COUNT": "2",
        "SAMPLE_EVERY_S": "1",
    }
    argv = [sys.executable, "-m", "tests.bench.harness.adapter"]
    started = subprocess.Popen(argv, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    yield started
    started.kill()
    started.communicate()


@pytest.mark.slow
def test_the_adapter_describes_itself_works_jobs_off_and_ends_when_told(adapter: subprocess.Popen[str]) -> None:
    assert adapter.stdout is not None
    descriptor = json.loads(adapter.stdout.readline())
    told: dict[str, float] = {}
    while not (told.keys() >= _METRICS and told["completion_rate"] > 0):
        sample: dict[str, Any] = json.loads(adapter.stdout.readline())
        told[sample["metric"]] = max(sample["value"], told.get(sample["metric"], 0.0))

    adapter.send_signal(signal.SIGTERM)

    assert adapter.wait(5) == 0
    assert descriptor["kind"] == "descriptor"
    assert (descriptor["system"], descriptor["db_name"]) == (MANIFEST["system"], MANIFEST["db_name"])
    assert set(descriptor["event_tables"]) >= set(MANIFEST["event_tables"])
    assert told["enqueue_rate"] > 0
    assert told["claim_p99_ms"] >= told["claim_p50_ms"] > 0

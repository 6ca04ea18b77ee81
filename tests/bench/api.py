"""`make bench-api`: what calls over HTTP take beside a farm that works, and what open streams cost.

Two processes answer on the same cores as the workers, which are kept busy with stills meanwhile; the callers
are threads of this process, on those cores too. Progress goes to stderr; the last line on stdout is one JSON
value in the shape of every bench.
"""

from __future__ import annotations

import http.client
import json
import os
import platform
import socket
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
from sqlalchemy import text

from farm.client import Farm
from farm.client.routes import PREFIX
from farm.ops import stack
from farm.ops.keys import own_key_file
from farm.servers import ProcessGroup
from farm.settings import settings
from farm.shows import loading
from tests.support import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from farm.ops.stack import Stack

_GOALS = {"read_p99_ms": 50, "submits_per_s": 200, "streams_rss_mib": 300, "stream_statements_per_s": 5}
#: higher is better
_RISING = {"submits_per_s"}
_CALLERS, _READS, _SUBMITS, _STREAMS = 4, 300, 250, 500
_QUIET_S = 10.0
#: stills that keep the workers busy meanwhile
_BUSY = 3000


def main() -> None:
    """Measure, and print the JSON line."""
    with _farm() as (running, farm, key):
        project = _loaded(farm)
        farm.submit_many(
            {"project": project, "cut": "1/10/10", "seed": seed, "reuse": False, "max_retakes": 0}
            for seed in range(_BUSY)
        )
        figures = {**_calls(running, farm, key, project), **_open_streams(running, farm, key, project)}
    goals = {
        name: {"goal": goal, "value": figures[name], "met": _met(name, figures)}
        for name, goal in _GOALS.items()
    }
    print(json.dumps({"bench": "api", "machine": _machine(), "figures": figures, "goals": goals}))


def _met(name: str, figures: dict[str, float]) -> bool:
    return figures[name] >= _GOALS[name] if name in _RISING else figures[name] <= _GOALS[name]


def _calls(running: Stack, farm: Farm, key: str, project: str) -> dict[str, float]:
    """How long reads take, and how many orders a second are stored; one order a call."""
    job = farm.jobs(project=project, limit=1).items[0].id
    paths = [f"/jobs?project={project}&limit=50", f"/jobs/{job}", f"/projects/{project}/cuts", "/workers"]

    def read(caller: int) -> list[float]:
        with _called(running, key) as call:
            call("GET", paths[0])
            return [call("GET", paths[number % len(paths)]) for number in range(_READS)]

    def submit(caller: int) -> list[float]:
        with _called(running, key) as call:
            order = {"project": project, "cut": "1/10/20", "max_retakes": 0}
            return [
                call("POST", "/jobs", {**order, "seed": caller * _SUBMITS + number})
                for number in range(_SUBMITS)
            ]

    reads, _ = _by_all(read)
    _say(f"reads: median {statistics.median(reads) * 1000:.1f} ms, p99 {_p99(reads) * 1000:.1f} ms")
    submits, took_s = _by_all(submit)
    rate = len(submits) / took_s
    _say(f"orders: {rate:.0f} a second, median {statistics.median(submits) * 1000:.1f} ms")
    return {
        "read_p50_ms": round(statistics.median(reads) * 1000, 1),
        "read_p99_ms": round(_p99(reads) * 1000, 1),
        "submits_per_s": round(rate, 1),
        "submit_p99_ms": round(_p99(submits) * 1000, 1),
    }


def _open_streams(running: Stack, farm: Farm, key: str, project: str) -> dict[str, float]:
    """What so many streams of as many jobs cost: memory of the processes, transactions of the database."""
    jobs = [row.id for row in farm.jobs(project=project, limit=_STREAMS).items]
    before = _transactions_a_second(farm)
    with ExitStack() as opened:
        for job in jobs:
            opened.enter_context(_stream(running, key, f"/jobs/{job}/stream"))
        _say(f"{len(jobs)} streams are open")
        beside = _transactions_a_second(farm)
        rss_mib = _rss_mib()
    _say(f"streams: {beside - before:.1f} transactions a second more than {before:.1f}, {rss_mib:.0f} MiB")
    return {
        "streams": len(jobs),
        "streams_rss_mib": round(rss_mib, 1),
        "stream_statements_per_s": round(max(0.0, beside - before), 1),
    }


def _transactions_a_second(farm: Farm) -> float:
    """By the database's own count."""

    def count() -> int:
        with farm.database.transaction() as session:
            return int(
                session.execute(
                    text("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
                ).scalar_one()
            )

    first, began = count(), time.monotonic()
    time.sleep(_QUIET_S)
    return (count() - first) / (time.monotonic() - began)


def _rss_mib() -> float:
    """Of the largest process that answers."""
    (parent,) = (process for process in ProcessGroup(settings().state_dir).status() if process.name == "api")
    answering = [psutil.Process(parent.pid), *psutil.Process(parent.pid).children(recursive=True)]
    return max(process.memory_info().rss for process in answering) / 2**20


def _by_all(caller: Callable[[int], list[float]]) -> tuple[list[float], float]:
    """What every caller measured, and how long all of it took."""
    began = time.perf_counter()
    with ThreadPoolExecutor(_CALLERS) as callers:
        measured = [each for several in callers.map(caller, range(_CALLERS)) for each in several]
    return measured, time.perf_counter() - began


@contextmanager
def _called(running: Stack, key: str) -> Iterator[Callable[..., float]]:
    """A function that makes one call on a connection that stays open, and gives its seconds."""
    connection = http.client.HTTPConnection(running.api.host, running.api.port, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def call(method: str, path: str, body: Any = None) -> float:
        began = time.perf_counter()
        connection.request(method, PREFIX + path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {content.decode()[:300]}")
        return time.perf_counter() - began

    try:
        yield call
    finally:
        connection.close()


@contextmanager
def _stream(running: Stack, key: str, path: str) -> Iterator[None]:
    """An open stream whose first event has come."""
    parts = urlsplit(running.api.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as connection:
        lines = (
            f"GET {PREFIX}{path} HTTP/1.1",
            f"Host: {parts.netloc}",
            f"Authorization: Bearer {key}",
            "",
            "",
        )
        connection.sendall("\r\n".join(lines).encode())
        if b" 200 " not in connection.recv(4096):
            raise SystemExit(f"the stream {path} did not open")
        yield


@contextmanager
def _farm() -> Iterator[tuple[Stack, Farm, str]]:
    """A farm of its own, up with one render worker and two processes that answer."""
    with tempfile.TemporaryDirectory(prefix="farm-bench-") as name:
        folder = Path(name)
        # The embedded servers run as an account of their own, which must be able to pass.
        folder.chmod(0o711)
        for variable in ("FARM_DATABASE_URL", "FARM_REDIS_URL"):
            os.environ.pop(variable, None)
        os.environ |= {
            "FARM_STATE_DIR": str(folder / "state"),
            "FARM_ARTIFACTS": "",
            "FARM_FLOWER_PORT": "0",
            "FARM_API_PORT": "0",
            "FARM_API_PROCESSES": "2",
            # The rate of one caller is what is measured.
            "FARM_API_CALLS_PER_SECOND": "1000000",
            "FARM_API_BURST": "1000000",
        }
        settings.cache_clear()
        try:
            running = stack.up(settings(), die_with_me=True, say=_say)
            with Farm() as farm:
                yield running, farm, own_key_file(settings().state_dir).read_text().strip()
        finally:
            stack.down(settings(), grace=timedelta(seconds=10), forget=True)


def _loaded(farm: Farm) -> str:
    return farm.load_show(loading.load(ROOT / "examples" / "lantern_street" / "show.yaml")).project


def _p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98]


def _machine() -> dict[str, Any]:
    load = round(os.getloadavg()[0], 1)
    here = {"cpus": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version()}
    return here | {"load": load}


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

"""`make bench-engine`: what people ask of a farm with a history, and what a claim costs there.

A million jobs of 200,000 orders lie in one database, a hundred thousand of them due, and a few hundred in
another; the same calls go to both in turns where a ratio is asked for. Progress goes to stderr; the last line
on stdout is one JSON value in the shape of every bench.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from db import catalogue, queue
from db.engine import Database
from farm.client import Farm
from farm.judging import gate
from farm.judging.reports import REQUIRED_RATE
from farm.scheduling.order import AFFINITY
from farm.servers import EmbeddedServers
from models.vocabulary import JobState, Phase
from tests.bench import engine_history as history
from tests.bench.scoring_memory import peak_mib
from tests.support.database_fixture import made_database
from tests.support.factories import each_cut, finish, settings_for, whole
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from models.shows import StoredShow

_GOALS = {"gate_ms": 200, "jobs_ms": 200, "ratio_claim_1m": 1.5, "bulk_submit_10k_s": 5}
_ASKED, _CLAIMS, _BULKS, _DOORS, _LOOKS = 9, 250, 3, 7, 15
_BULK = 10_000
#: jobs that somebody looks at
_PAGE = 1000
#: servers that the environment names belong to a farm at work
_OWN = {"postgres": None, "valkey": None}
_LEASE = timedelta(minutes=10)


def main() -> None:
    """Measure, and print the JSON line."""
    with _farms() as (farm, empty):
        with farm.database.transaction() as session:
            show, other = history.shows(session)
        history.fill(farm.database, show, _say)
        history.add_due(empty, count=_CLAIMS + 50)
        figures = _asked(farm, show, other)
        figures |= _claims(farm.database, empty)
        figures |= _bulk(farm, show)
        figures |= _waiting(farm)
        figures["gate_open_lock_ms"] = _doors(farm, show)
        figures["asking_peak_mib"] = _peak(farm, show)
    rounded = {name: round(value, 3) for name, value in figures.items()}
    goals = {
        name: {"goal": goal, "value": rounded[name], "met": rounded[name] < goal}
        for name, goal in _GOALS.items()
    }
    print(json.dumps({"bench": "bench-engine", "machine": _machine(), "figures": rounded, "goals": goals}))


def _asked(farm: Farm, show: StoredShow, other: StoredShow) -> dict[str, float]:
    """The worst median of what `farm gate` and of what `farm jobs` and `farm watch` ask for, in ms."""
    gates = {f"gate of {each.project}": partial(farm.gate, each.project, Phase.STILL) for each in (show, other)}
    jobs: dict[str, Callable[[], object]] = {"jobs": farm.jobs}
    for project in (None, show.project, other.project):
        for state in (None, *JobState):
            jobs[f"jobs {project} {state}"] = partial(farm.jobs, project=project, state=state)
        for phase in Phase:
            jobs[f"jobs {project} {phase}"] = partial(farm.jobs, project=project, phase=phase)
        jobs[f"under way {project}"] = partial(farm.under_way, project=project, limit=_PAGE)
    second = farm.jobs(state=JobState.COMPLETED, limit=500).next
    jobs["next page"] = partial(farm.jobs, state=JobState.COMPLETED, after=second)
    return {
        "gate_ms": _worst(gates),
        "jobs_ms": _worst(jobs),
        # The ids of a hundred thousand jobs, as `farm watch` follows them.
        "under_way_100k_ms": _median_ms(farm.under_way),
    }


def _worst(calls: dict[str, Callable[[], object]]) -> float:
    medians = {name: _median_ms(call) for name, call in calls.items()}
    for name, median in sorted(medians.items(), key=lambda each: -each[1])[:4]:
        _say(f"{name}: {median:.1f} ms")
    return max(medians.values())


def _median_ms(call: Callable[[], object]) -> float:
    took = []
    for _ in range(_ASKED):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


def _claims(full: Database, empty: Database) -> dict[str, float]:
    """Claims in turns, each in a transaction of its own; the first few of each are left out."""
    took: dict[str, list[float]] = {"full": [], "empty": []}
    for number in range(_CLAIMS):
        for name, database in (("full", full), ("empty", empty))[:: 1 if number % 2 else -1]:
            began = time.perf_counter()
            with database.transaction() as session:
                claim = queue.claim_render(
                    session, pools=["null"], worker_id="bench", lease=_LEASE, affinity=AFFINITY
                )
            took[name].append(time.perf_counter() - began)
            assert claim is not None
    full_ms, empty_ms = (statistics.median(took[name][20:]) * 1000 for name in ("full", "empty"))
    _say(f"claim: {full_ms:.2f} ms among a million rows, {empty_ms:.2f} ms in an empty table")
    return {"claim_1m_ms": full_ms, "claim_empty_ms": empty_ms, "ratio_claim_1m": full_ms / empty_ms}


def _bulk(farm: Farm, show: StoredShow) -> dict[str, float]:
    """The median of a few calls that order ten thousand stills of the show's cuts."""
    cuts = list(show.cuts)
    orders = [
        {"project": show.project, "cut": cuts[number % len(cuts)], "renderer": "null"}
        for number in range(_BULK)
    ]
    took = []
    for _ in range(_BULKS):
        began = time.perf_counter()
        farm.submit_many(orders)
        took.append(time.perf_counter() - began)
        _say(f"{_BULK} orders in one call: {took[-1]:.2f} s")
    return {"bulk_submit_10k_s": statistics.median(took)}


def _waiting(farm: Farm) -> dict[str, float]:
    """The first look of somebody who waits for ten thousand jobs, and the median of the later ones."""
    page = farm.under_way(limit=_BULK)
    every = timedelta(microseconds=1)
    looks: Iterator[object] = farm.watch(page, every=every)
    took = []
    for _ in range(_LOOKS + 1):
        began = time.perf_counter()
        assert list(islice(looks, 1))
        took.append(time.perf_counter() - began)
    median_ms = statistics.median(took[1:]) * 1000
    _say(f"waiting for {len(page)} jobs: {took[0]:.2f} s at first, then {median_ms:.0f} ms a look")
    return {"wait_10k_first_s": took[0], "wait_10k_ms": median_ms}


def _doors(farm: Farm, show: StoredShow) -> float:
    """Median ms that the gate's lock is held, to the end of the commit, by a verdict that opens a door."""
    locked_at: list[float] = []
    lock = catalogue.lock_gate

    def lock_gate(*who: Any) -> None:
        lock(*who)
        locked_at.append(time.perf_counter())

    took = []
    for number in range(_DOORS):
        with farm.database.transaction() as session:
            # One cut below the required rate, and then the verdict that reaches it.
            missing = history.close_door(session, show, REQUIRED_RATE)
            (job_id,) = each_cut(session, show, 1, after=missing, renderer="null")
            finish(session, job_id, *whole(EMBEDDED, Phase.STILL))
        with patch.object(catalogue, "lock_gate", lock_gate), farm.database.transaction() as session:
            assert gate.gate_job(session, job_id).door_opened is Phase.LOOP, number
        took.append(time.perf_counter() - locked_at[-1])
    median_ms = statistics.median(took) * 1000
    _say(f"a gate that opens holds its lock {median_ms:.1f} ms")
    return median_ms


def _peak(farm: Farm, show: StoredShow) -> float:
    """The most memory in MiB of a fresh process that asks for a gate and for a page of jobs."""
    url = farm.settings.database_url
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
        return fresh.submit(_ask, url, show.project).result()


def _ask(url: str, project: str) -> float:
    with Farm(settings_for(Path(tempfile.gettempdir()), given_database_url=url)) as farm:
        farm.gate(project, Phase.STILL)
        farm.jobs(project=project, state=JobState.FAILED)
    return peak_mib()


@contextmanager
def _farms() -> Iterator[tuple[Farm, Database]]:
    """A farm without workers on servers of its own, and another database beside its own."""
    with tempfile.TemporaryDirectory(prefix="farm-bench-") as name:
        folder = Path(name)
        # The embedded servers run as an account of their own, which must be able to pass.
        folder.chmod(0o711)
        with (
            EmbeddedServers(folder / "state", die_with_parent=True, given=_OWN) as urls,
            made_database(urls.database_url, "full") as full,
            made_database(urls.database_url, "empty") as empty,
        ):
            addresses = {"given_database_url": full, "given_redis_url": urls.redis_url}
            beside = Database(empty)
            beside.migrate()
            with Farm(settings_for(folder, **addresses)) as farm:
                farm.database.migrate()
                yield farm, beside
            beside.close()


def _machine() -> dict[str, Any]:
    load = round(os.getloadavg()[0], 1)
    here = {"cpus": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version()}
    return here | {"load": load}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

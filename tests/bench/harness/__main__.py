"""`make bench-harness`: the public harness's chaos cells on an embedded Postgres, and our row of its table.

Each cell is a warm-up, a quiet phase, the fault, and a recovery, as in the harness and shorter; what counts
is the completion rate of the recovery against the quiet phase. Its orchestrator stops Postgres kindly: here
it is killed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING

import psycopg2

from tests.support import ROOT, faults
from tests.support.database_fixture import made_database
from tests.support.servers_fixture import servers_of_their_own

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

    from farm.servers import EmbeddedServers

_SAMPLE_S = 1.0
#: of the server's 100 connections, as the harness's 300 are of its 400
_IDLE_CONNECTIONS = 75
_KILL_BUSY = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state IN ('active', 'idle in transaction')
"""


@dataclass
class Cell:
    """One run: the server, the replicas, and the completion rates they told, with when."""

    servers: EmbeddedServers
    url: str
    rate: float
    stress_s: float
    replicas: dict[int, subprocess.Popen[str]] = field(default_factory=dict)
    told: list[tuple[float, float]] = field(default_factory=list)

    def start(self, instance: int) -> None:
        env = {
            **os.environ,
            "DATABASE_URL": self.url,
            "SCENARIO": "long_horizon",
            "PRODUCER_RATE": str(self.rate),
            "WORKER_COUNT": "4",
            "SAMPLE_EVERY_S": str(_SAMPLE_S),
            "BENCH_INSTANCE_ID": str(instance),
        }
        argv = [sys.executable, "-m", "tests.bench.harness.adapter"]
        log = subprocess.DEVNULL
        replica = subprocess.Popen(argv, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
        assert replica.stdout is not None
        self.replicas[instance] = replica
        Thread(target=self._listen, args=(replica.stdout,), daemon=True).start()

    def _listen(self, lines: IO[str]) -> None:
        for line in lines:
            record = json.loads(line)
            if record.get("metric") == "completion_rate":
                self.told.append((time.monotonic(), record["value"]))

    def kill(self, instance: int) -> None:
        self.replicas[instance].kill()
        self.replicas[instance].wait()

    def stop(self) -> None:
        for replica in self.replicas.values():
            replica.send_signal(signal.SIGTERM)
        for replica in self.replicas.values():
            with suppress(subprocess.TimeoutExpired):
                replica.wait(10)
            replica.kill()
            replica.wait()

    def completed_per_s(self, seconds: float) -> float:
        """Wait, and give the jobs that all replicas completed a second meanwhile."""
        began = time.monotonic()
        time.sleep(seconds)
        return sum(rate for at, rate in self.told if at > began + _SAMPLE_S / 2) * _SAMPLE_S / seconds


def postgres_restart(cell: Cell) -> None:
    with faults.server_away(cell.servers, "postgres"):
        time.sleep(cell.stress_s / 2)
    time.sleep(cell.stress_s / 2)


def pg_backend_kill(cell: Cell) -> None:
    until = time.monotonic() + cell.stress_s
    connection = psycopg2.connect(cell.url.replace("+psycopg2", ""))
    connection.autocommit = True
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(_KILL_BUSY)
        time.sleep(0.5)
    connection.close()


def pool_exhaustion(cell: Cell) -> None:
    with ExitStack() as taken:
        with suppress(psycopg2.OperationalError):
            for _ in range(_IDLE_CONNECTIONS):
                connection = psycopg2.connect(cell.url.replace("+psycopg2", ""))
                taken.callback(connection.close)
        time.sleep(cell.stress_s)


def crash_recovery(cell: Cell) -> None:
    cell.kill(0)
    time.sleep(cell.stress_s / 2)
    cell.start(0)
    time.sleep(cell.stress_s / 2)


def repeated_kills(cell: Cell) -> None:
    for _ in range(3):
        cell.kill(0)
        cell.start(0)
        time.sleep(cell.stress_s / 3)


def idle_in_tx(cell: Cell) -> None:
    with faults.open_transaction(cell.url, "SELECT txid_current()"):
        time.sleep(cell.stress_s)


#: (what happens, with how many replicas)
CELLS: dict[str, tuple[Callable[[Cell], None], int]] = {
    "postgres_restart": (postgres_restart, 1),
    "pg_backend_kill": (pg_backend_kill, 1),
    "pool_exhaustion": (pool_exhaustion, 1),
    "crash_recovery": (crash_recovery, 2),
    "repeated_kills": (repeated_kills, 2),
    "idle_in_tx": (idle_in_tx, 1),
}


def _ratio(servers: EmbeddedServers, name: str, rate: float, phase_s: float) -> float:
    """The completion rate of the recovery against that of the quiet phase."""
    fault, replicas = CELLS[name]
    with made_database(servers.start().database_url, f"harness_{name}") as url:
        cell = Cell(servers, url, rate / replicas, phase_s)
        try:
            for instance in range(replicas):
                cell.start(instance)
            cell.completed_per_s(phase_s / 2)
            calm = cell.completed_per_s(phase_s)
            fault(cell)
            again = cell.completed_per_s(phase_s)
        finally:
            cell.stop()
    print(f"{name}: {calm:.1f} jobs/s before, {again:.1f} after", file=sys.stderr)
    return again / calm if calm else 0.0


def main() -> None:
    """Play the cells; the table on stderr, one JSON line on stdout."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.harness", description=__doc__)
    parser.add_argument(
        "--rate", type=float, default=8.0, help="jobs inserted a second, by all replicas together"
    )
    parser.add_argument(
        "--phase", type=float, default=20.0, help="seconds a phase lasts (the harness's own: 60)"
    )
    given = parser.parse_args()
    with servers_of_their_own() as servers:
        ratios = {name: round(_ratio(servers, name, given.rate, given.phase), 3) for name in CELLS}
    print("| scenario | " + " | ".join(ratios) + " |", file=sys.stderr)
    print("| --- |" + " ---: |" * len(ratios), file=sys.stderr)
    print("| recovery / baseline | " + " | ".join(f"{r:.0%}" for r in ratios.values()) + " |", file=sys.stderr)
    goals = {name: {"goal": 0.9, "value": ratio, "met": ratio >= 0.9} for name, ratio in ratios.items()}
    machine = {"cpus": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version()}
    figures = {
        **ratios,
        "median": statistics.median(ratios.values()),
        "rate": given.rate,
        "phase_s": given.phase,
    }
    print(json.dumps({"bench": "bench-harness", "machine": machine, "figures": figures, "goals": goals}))


if __name__ == "__main__":
    main()

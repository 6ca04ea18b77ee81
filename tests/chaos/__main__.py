"""`make chaos SEED=1 JOBS=1000`: a quiet run, the same with faults, and one line of JSON on stdout."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from tests.chaos.run import Plan, chaos, quiet, say
from tests.support.servers_fixture import servers_of_their_own

if TYPE_CHECKING:
    from tests.chaos.run import Result


def main() -> int:
    """0 when nothing was lost, twice, stuck, unreadable or orphaned, and what was cut off ran again in time."""
    plan = _plan()
    with servers_of_their_own() as servers:
        say(f"A quiet run of {plan.jobs} jobs.")
        calm = quiet(servers, plan)
        say(f"{calm.seconds:.1f} s. The same with a fault every {plan.every_s:g} s, seed {plan.seed}.")
        rough = chaos(servers, plan)
    _say_what_broke(rough)
    figures = as_json(plan, calm, rough)
    print(json.dumps(figures))
    in_time = figures["recovery_p95_s"] <= plan.lease_s + 3
    return 0 if is_unharmed(figures) and in_time and not rough.broken else 1


def as_json(plan: Plan, calm: Result, rough: Result) -> dict[str, Any]:
    """What scripts and checks read."""
    return {
        "chaos": plan.seed,
        "seconds": round(rough.seconds, 1),
        "quiet_seconds": round(calm.seconds, 1),
        "jobs": plan.jobs,
        "faults": dict(sorted(rough.faults.items())),
        "lost": rough.lost,
        "duplicate_commits": rough.duplicate_commits,
        "stuck": rough.stuck,
        "unreadable_takes": len(rough.unreadable_takes),
        "orphaned_files": len(rough.orphaned_files),
        "recovery_p95_s": round(rough.recovery_p95_s, 2),
        "lease_s": plan.lease_s,
    }


def is_unharmed(figures: dict[str, Any]) -> bool:
    """Whether nothing was lost, done twice, stuck, unreadable or left over."""
    harm = ("lost", "duplicate_commits", "stuck", "unreadable_takes", "orphaned_files")
    return not any(figures[name] for name in harm)


def _say_what_broke(rough: Result) -> None:
    again = ", ".join(f"{seconds:.1f}" for seconds in sorted(rough.recoveries_s))
    say(f"{len(rough.recoveries_s)} attempts were cut off; each ran again after these seconds: {again}")
    for line in (*rough.broken, *rough.unreadable_takes, *rough.orphaned_files):
        say(line)


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two faults")
    parser.add_argument("--lease", type=float, default=3.0, help="seconds")
    parser.add_argument("--failpoints", default="", help='such as "settle.after_commit:0.01"')
    given = parser.parse_args()
    return Plan(
        seed=given.seed,
        jobs=given.jobs,
        every_s=given.every,
        lease_s=given.lease,
        failpoints=given.failpoints,
    )


if __name__ == "__main__":
    sys.exit(main())

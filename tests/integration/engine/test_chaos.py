"""A short chaos run: workers that die by faults and in failpoints, and what rows and files say afterwards."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.chaos import __main__ as command
from tests.chaos.crew import FAULTS, LIGHT_FAULTS, Crew
from tests.chaos.run import Plan, audited, ordered, quiet, worked_off
from tests.chaos.run import chaos as chaos_run
from tests.support.floor import CONTROL, RENDER, SCORE
from tests.support.servers_fixture import servers_of_their_own

if TYPE_CHECKING:
    from tests.support.floor import Floor

#: each light fault once
PLAN = Plan(
    seed=7,
    jobs=30,
    # Only one of them has to load what a score needs.
    roles=((RENDER,), (SCORE, CONTROL)),
    render_s=0.05,
    lease_s=3.0,
    every_s=0.7,
    faults_at_most=len(LIGHT_FAULTS),
    patience_s=120,
    failpoints="claim.after_commit:0.02;publish.before_settle:0.03;settle.after_commit:0.02;retry.after_commit:0.2",
)


@pytest.fixture
def floor_settings() -> dict[str, str]:
    return {**PLAN.settings, "FARM_FAILPOINTS": f"{PLAN.failpoints};seed={PLAN.seed}"}


def test_a_farm_whose_workers_die_at_luck_loses_nothing_and_does_nothing_twice(floor: Floor) -> None:
    crew = Crew(floor, None, Random(PLAN.seed), PLAN.roles)  # noqa: S311 - faults that repeat, no secrets
    crew.start()
    jobs = ordered(floor, PLAN, PLAN.jobs)
    happened: Counter[str] = Counter()

    seconds = worked_off(crew, PLAN, jobs, happened, LIGHT_FAULTS)

    result = audited(crew, jobs, seconds, happened)
    assert result.broken == []
    assert (result.lost, result.duplicate_commits, result.stuck) == (0, 0, 0)
    assert (result.unreadable_takes, result.orphaned_files) == ([], [])
    assert set(happened) >= set(LIGHT_FAULTS)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_chaos_run_with_every_fault_and_failpoint_breaks_no_promise(seed: int) -> None:
    plan = Plan(seed=seed, jobs=120, failpoints="*:0.003")
    with servers_of_their_own() as servers:
        calm, rough = quiet(servers, plan), chaos_run(servers, plan)

    figures = command.as_json(plan, calm, rough)
    assert rough.broken == []
    assert command.is_unharmed(figures)
    assert set(rough.faults) >= set(FAULTS)

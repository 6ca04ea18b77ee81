"""Jobs that somebody names, weighed as a gate weighs cuts."""

from __future__ import annotations

import pytest

from farm.judging import weighing
from models.errors import WrongJobs
from models.vocabulary import Phase
from tests.support.views_by_hand import a_detail


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_gate_weighs_no_handful(count: int) -> None:
    with pytest.raises(WrongJobs, match=f"at least 5 jobs, not {count}"):
        weighing.refuse_too_few(count)


def test_five_jobs_are_enough() -> None:
    weighing.refuse_too_few(5)


def test_jobs_that_were_not_judged_have_not_passed() -> None:
    report = weighing.report([a_detail() for _ in range(5)], Phase.VIDEO)

    assert (report.ordered, report.passed, report.can_open) == (5, 0, False)


def test_jobs_of_another_phase_are_refused() -> None:
    with pytest.raises(WrongJobs, match="belongs to the video phase, not to loop"):
        weighing.report([a_detail() for _ in range(5)], Phase.LOOP)

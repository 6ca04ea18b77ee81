"""The closed sets of words: a question about one has one answer, whoever asks."""

from __future__ import annotations

from itertools import product

import pytest

from models.vocabulary import PASSING, ErrorKind, JobState, JobType, Phase, QueueStatus, Step, Verdict


@pytest.mark.parametrize(("step", "status"), list(product(Step, QueueStatus)))
def test_what_people_see_is_over_exactly_when_its_row_is_terminal(step: Step, status: QueueStatus) -> None:
    for kind in (None, ErrorKind.TIMEOUT, ErrorKind.BUG):
        assert JobState.of(step, status, kind).is_over is status.is_terminal


def test_a_verdict_passes_exactly_when_a_query_for_passing_ones_finds_it() -> None:
    assert [verdict for verdict in Verdict if verdict.passes] == [Verdict.PASS, Verdict.APPROVED]
    assert all(verdict.passes is (verdict in PASSING) for verdict in Verdict)


@pytest.mark.parametrize(
    ("phase", "kind"),
    [
        (Phase.STILL, JobType.STILL_IMAGE),
        (Phase.LOOP, JobType.ANIMATION_LOOP),
        (Phase.VIDEO, JobType.FULL_VIDEO),
    ],
)
def test_an_order_by_phase_makes_the_usual_kind_of_it(phase: Phase, kind: JobType) -> None:
    assert phase.usual_kind is kind

"""Phase 2 of the specification: animation loops, temporal coherence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.metrics import Metric
from models.vocabulary import Phase, Verdict
from tests.acceptance.studio import REQUIRED_RATE, measured
from workers.media.reading import read_frames

if TYPE_CHECKING:
    from tests.acceptance.studio import Made, Studio

#: the first test of a phase waits for all of its takes, which a slow machine draws for minutes
pytestmark = pytest.mark.timeout(900)


def test_eighty_percent_of_the_loops_pass_and_the_gate_opens(studio: Studio, loops: Made) -> None:
    report = studio.farm.gate(studio.project, Phase.LOOP)

    assert report.can_open, report.blocking_issues
    assert loops.pass_rate >= REQUIRED_RATE


def test_a_loop_that_passed_has_the_sixteen_frames_it_says(studio: Studio, loops: Made) -> None:
    for take in loops.bests:
        assert sum(1 for _ in read_frames(studio.master(take))) == 16


def test_neighbouring_frames_of_a_loop_are_alike_in_mean_and_in_the_worst_twentieth(loops: Made) -> None:
    assert loops.rate(Metric.TEMPORAL_LPIPS) >= REQUIRED_RATE
    for take in loops.bests:
        lpips = measured(take, Metric.TEMPORAL_LPIPS)

        assert lpips.value is not None
        assert lpips.value <= 0.15
        assert lpips.detail["p95"] <= 0.15


def test_motion_is_smooth_and_the_loop_closes(loops: Made) -> None:
    assert loops.rate(Metric.MOTION_SMOOTHNESS) >= REQUIRED_RATE
    assert loops.rate(Metric.LOOP_SEAM) >= REQUIRED_RATE
    for take in loops.bests:
        smoothness = measured(take, Metric.MOTION_SMOOTHNESS)

        assert smoothness.value is not None
        assert smoothness.value >= 0.95


def test_the_characters_stay_themselves_in_every_frame(loops: Made) -> None:
    assert loops.rate(Metric.IDENTITY) >= REQUIRED_RATE


def test_flickering_and_shuffled_loops_are_caught_by_name_and_retaken(loops: Made) -> None:
    caught = {root.recipe.defect: root for root in loops.roots if root.recipe.defect}

    assert {"flicker", "shuffled"} <= {str(defect) for defect in caught}
    assert Metric.LUMA_FLICKER in caught[next(d for d in caught if d == "flicker")].row.blocking
    assert Metric.FRAME_ORDER in caught[next(d for d in caught if d == "shuffled")].row.blocking
    for root in caught.values():
        assert loops.best(root).row.verdict is Verdict.PASS

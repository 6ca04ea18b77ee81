"""Phase 1 of the specification: character consistency, reproducibility, quality gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.metrics import Metric
from models.vocabulary import Phase, Verdict
from tests.acceptance.studio import REQUIRED_RATE, measured
from workers.renderers import registry

if TYPE_CHECKING:
    from pathlib import Path

    from models.errors import PhaseLocked
    from tests.acceptance.studio import Made, Studio

#: the first test of a phase waits for all of its takes, which a slow machine draws for minutes
pytestmark = pytest.mark.timeout(900)


def test_a_loop_is_refused_while_no_still_has_passed(refusal: PhaseLocked | None) -> None:
    assert refusal is not None
    assert "still" in str(refusal)


def test_eighty_percent_of_the_stills_pass_and_the_gate_opens(studio: Studio, stills: Made) -> None:
    report = studio.farm.gate(studio.project, Phase.STILL)

    assert report.can_open, report.blocking_issues
    assert stills.pass_rate >= REQUIRED_RATE
    assert report.judged == len(stills.roots) >= 5


def test_eighty_percent_of_the_stills_show_the_characters_they_should(stills: Made) -> None:
    assert stills.rate(Metric.IDENTITY) >= REQUIRED_RATE
    assert stills.rate(Metric.STYLE_ADHERENCE) >= REQUIRED_RATE


def test_a_number_names_the_network_that_made_it(stills: Made) -> None:
    for take in stills.bests:
        identity = measured(take, Metric.IDENTITY)

        assert identity.network != "none"
        assert len(identity.network_sha256) == 64


def test_a_still_takes_less_than_twenty_seconds(stills: Made) -> None:
    assert all(take.take is not None and take.take.render_seconds < 20 for take in stills.bests)


def test_bad_stills_are_caught_by_name_retaken_and_pass(stills: Made) -> None:
    drilled = [root for root in stills.roots if root.recipe.defect]

    assert drilled
    for root in drilled:
        assert root.row.verdict is Verdict.RETAKE
        assert root.row.blocking
        assert stills.best(root).row.verdict is Verdict.PASS
        assert stills.best(root).recipe.defect is None


def test_a_still_is_made_again_pixel_by_pixel_from_what_was_stored(stills: Made, tmp_path: Path) -> None:
    for number, kept in enumerate((stills.bests[0], stills.bests[-1])):
        into = tmp_path / str(number)
        into.mkdir()

        again = registry.renderer(kept.recipe.renderer).render(
            kept.recipe, into, progress=lambda *_: None, alive=lambda: True
        )

        assert kept.take is not None
        assert again.pixel_sha256 == kept.take.pixel_sha256

"""Numbers are short, and never so short that they hide what the mark decides."""

from __future__ import annotations

import pytest

from farm.explaining.figures import figure, label, sign, value_beside_mark
from farm.explaining.scores import MarkedScore
from models.metrics import Metric
from models.vocabulary import ScoreStatus


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "–"), (0.0, "0"), (16.0, "16"), (832.25, "832.2"), (0.7, "0.700"), (0.0123, "0.0123")],
)
def test_a_number_is_as_short_as_it_can_be(value: float | None, shown: str) -> None:
    assert figure(value) == shown


def test_a_value_that_missed_its_mark_never_reads_like_it() -> None:
    score = MarkedScore(metric=Metric.IDENTITY, value=0.69996, mark=0.7, status=ScoreStatus.FAIL)

    assert value_beside_mark(score) == "0.69996"


def test_the_sign_says_on_which_side_a_metric_passes() -> None:
    assert (sign(Metric.TEMPORAL_LPIPS), sign(Metric.IDENTITY)) == ("≤", "≥")


def test_a_word_is_shown_as_people_write_it() -> None:
    assert (label("temporal_lpips"), label("scene_continuity")) == ("temporal LPIPS", "scene continuity")

"""Faultless takes are not refused, lying or upright; and how the table of refusals counts."""

from __future__ import annotations

import pytest

from farm.settings import Settings
from models.metrics import Metric
from models.vocabulary import Phase
from tests.bench.false_rejects import Bench, Trier, Try, page, too_many
from workers.scoring import weights


@pytest.fixture(scope="module")
def bench():
    pulled = Settings().networks_dir
    if not (pulled / weights.entry("lpips-alex").file).is_file():
        pytest.skip("lpips-alex has not been pulled; run make networks")
    return Bench(pulled)


@pytest.mark.parametrize("shape", ["16:9", "9:16"])
def test_a_faultless_scene_passes_as_stills_and_joins(bench, tmp_path, shape):
    tries = list(Trier(shape, bench, tmp_path).cuts([0]))

    assert {each.metric for each in tries} >= {Metric.IDENTITY, Metric.STYLE_ADHERENCE, Metric.SCENE_CONTINUITY}
    assert [each for each in tries if not each.holds] == []


def tries(refused: int, of: int) -> list[Try]:
    return [
        Try(
            shape="9:16",
            framing="wide",
            phase=Phase.STILL,
            metric=Metric.IDENTITY,
            value=0.9,
            holds=number >= refused,
        )
        for number in range(of)
    ]


@pytest.mark.parametrize(
    ("refused", "of", "many"), [(0, 20, False), (1, 10, False), (2, 40, False), (3, 40, True), (2, 10, True)]
)
def test_one_of_few_is_no_rate(refused, of, many):
    assert too_many(tries(refused, of)) is many


def test_a_cell_says_how_many_were_refused_and_by_what():
    told = "\n".join(page(tries(2, 30)))

    assert "| 9:16 (480x832) | wide | 2 of 30: identity 2 |" in told
    assert "| still | identity | 30 | 2 (6.7%) | 1.8% to 21.3% |" in told

"""Rates of television are fractions: said as people say them, kept and shown exactly."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from farm.orders.submission import parse
from farm.shows.form import Defaults
from models.errors import OrderRefused
from models.plain import plain
from models.rates import exact_rate, rate_of
from models.recipe import Recipe
from tests.support.factories import a_recipe

FILM = Fraction(24000, 1001)


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        (24, 24),
        (24.0, 24),
        ("24", 24),
        ("024", 24),
        (" 25.0 ", 25),
        ("24/1", 24),
        (23.976, FILM),
        ("23.976", FILM),
        (23.98, FILM),
        ("23.97602397602398", FILM),
        ("24000/1001", FILM),
        (29.97, Fraction(30000, 1001)),
        ("59.94", Fraction(60000, 1001)),
        (47.952, Fraction(48000, 1001)),
        (119.88, Fraction(120000, 1001)),
        (12.5, Fraction(25, 2)),
        (FILM, FILM),
    ],
)
def test_a_rate_is_said_in_many_ways_and_means_one(given: Any, rate: int | Fraction) -> None:
    assert rate_of(given) == rate
    assert isinstance(rate_of(given), int) == (rate == int(rate))
    assert parse({"project": "p", "fps": given}).fps == rate
    assert Defaults(fps=given).fps == rate


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (True, "it must be a number of frames a second"),
        ("fast", "it must be a number of frames a second"),
        ("24000/0", "it must be a number of frames a second"),
        ("", "it must be a number of frames a second"),
        ([24], "it must be a number of frames a second"),
        (float("nan"), "it must be a number of frames a second"),
        (float("inf"), "it must be a number of frames a second"),
        (0, "greater than 0"),
        (-24, "greater than 0"),
        (121, "1 to 120"),
        ("0.5", "1 to 120"),
        (23.7, "the nearest is 24000/1001"),
        ("24.3", "the nearest is 24"),
        ("1/3", "rates are whole, half"),
    ],
)
def test_what_is_no_rate_is_refused_in_a_sentence(given: Any, sentence: str) -> None:
    with pytest.raises(OrderRefused, match=sentence) as refusal:
        parse({"project": "p", "fps": given})

    assert "fps" in str(refusal.value)


def test_an_order_and_a_show_keep_it_as_json_does() -> None:
    assert parse({"project": "p", "fps": 23.976}).model_dump(mode="json", exclude_defaults=True) == {
        "project": "p",
        "fps": "24000/1001",
    }
    assert Defaults(fps="24000/1001").model_dump(mode="json", exclude_none=True)["fps"] == "24000/1001"
    assert Defaults(fps=24.0).model_dump(mode="json", exclude_none=True)["fps"] == 24


def test_a_recipe_reads_back_with_the_very_rate() -> None:
    recipe = a_recipe(fps=FILM)

    written = json.loads(json.dumps(recipe.to_json()))

    assert written["fps"] == "24000/1001"
    assert Recipe.from_json(written) == recipe
    assert recipe.fingerprint() != a_recipe().fingerprint()


def test_recorded_recipes_of_whole_rates_keep_their_fingerprint() -> None:
    assert a_recipe().to_json()["fps"] == 24
    assert a_recipe().fingerprint() == ("d97089418e881d153ca571e7774a9e1802f9fcf77710f07a16d128afb80a2a12")
    assert Recipe.from_json(a_recipe(fps=30).to_json()).fingerprint() == (
        "713dd78346822ce2b903944456fcf10207e43d40b4ace6abc20d3d2aeb48f6d6"
    )


def test_a_rounded_column_is_made_exact_by_the_recipe() -> None:
    assert exact_rate(24, "24000/1001") == FILM
    assert exact_rate(30, 30) == 30
    assert exact_rate(12, 24) == 12
    assert exact_rate(25, None) == 25
    assert plain({"fps": FILM, "all": [Fraction(24)]}) == {"fps": "24000/1001", "all": [24]}

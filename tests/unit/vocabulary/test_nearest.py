"""The nearest name, and how a refusal says it."""

from pathlib import Path

import pytest

from models.nearest import closest, did_you_mean, nearest_file, the_nearest_is, unknown_name

_HOUSE = Path(__file__).parents[3]
_ROOMS = ("models", "db", "workers", "farm", "tasks")


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("moi", ["ren", "mio"], "Did you mean 'mio'?"),
        ("zzzz", ["ren", "mio"], "Known: mio, ren."),
        ("zzzz", "lkjihgfedcba", "Known: a, b, c, d, e, f, g, h, i, j, ...."),
        ("zzzz", [], "There is none yet."),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_or_with_what_there_is(
    name: str, known: list[str], hint: str
) -> None:
    refusal = unknown_name(name, known, "character")

    assert (refusal.message, refusal.hint) == (f"There is no character '{name}'.", hint)


def test_a_hint_of_ones_own_stands_only_where_no_name_is_near() -> None:
    assert did_you_mean("sede", ["seed"], otherwise="Look again.") == "Did you mean 'seed'?"
    assert did_you_mean("zzzz", ["seed"], otherwise="Look again.") == "Look again."


def test_a_file_is_near_by_less_than_a_name() -> None:
    assert nearest_file("aikoo", ["aiko_v2.safetensors"]) == "aiko_v2.safetensors"
    assert did_you_mean("aikoo", ["aiko_v2.safetensors"]) == "Known: aiko_v2.safetensors."
    assert the_nearest_is("zzz", ["aiko_v2.safetensors"], "Put it there.") == "Put it there."


def test_the_closest_name_is_there_however_far_it_is() -> None:
    assert closest("zzzz", ["pink"]) == "pink"


def test_only_one_module_knows_how_names_are_compared() -> None:
    who = [
        str(path.relative_to(_HOUSE))
        for room in _ROOMS
        for path in (_HOUSE / room).rglob("*.py")
        if any(word in path.read_text(encoding="utf-8") for word in ("difflib", "Did you mean"))
    ]

    assert who == ["models/nearest.py"]

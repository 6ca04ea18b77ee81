"""`farm submit`: all that is said is in every order, or is refused."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from farm.cli import main
from farm.cli.commands import submit
from models.vocabulary import Exit, JobType

CUTS = ("ep001/sc010/c0010", "ep001/sc010/c0020")


@pytest.fixture
def farm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Mock:
    """A farm of one show with two cuts, and a third that is left out."""
    farm = Mock()
    farm.cuts.return_value = [
        *(Mock(path=path, omitted=False) for path in CUTS),
        Mock(path="ep001/sc010/c0030", omitted=True),
    ]
    monkeypatch.setattr(submit, "opened", lambda: nullcontext(farm))
    monkeypatch.setattr(submit, "_report", lambda *_, **__: None)
    monkeypatch.chdir(tmp_path)
    return farm


def ordered(farm: Mock, *words: str) -> list[dict[str, Any]]:
    assert main(["submit", *words]) == Exit.OK
    ((orders,), _) = farm.submit_many.call_args
    return list(orders)


@pytest.mark.parametrize("words", [["--cut", "1/10/10"], ["--all-cuts"]])
def test_a_phase_says_what_is_made_of_one_cut_as_of_all(farm: Mock, words: list[str]) -> None:
    orders = ordered(farm, "-p", "moon", "--phase", "loop", *words)

    assert {order["job_type"] for order in orders} == {JobType.ANIMATION_LOOP}


def test_what_a_file_says_is_ordered_for_every_cut(farm: Mock, tmp_path: Path) -> None:
    (tmp_path / "order.yaml").write_text(
        "project: moon\nprompt: rain\npriority: 9\nrequested_by: script:nightly\n"
    )

    orders = ordered(farm, "order.yaml", "--all-cuts", "--seed", "5")

    assert [order["cut"] for order in orders] == list(CUTS)
    for order in orders:
        assert order["prompt"] == "rain"
        assert (order["priority"], order["seed"]) == (9, 5)
        assert order["requested_by"] == "script:nightly"


def test_every_cut_has_a_key_of_its_own_which_is_the_same_the_next_time(farm: Mock) -> None:
    first = ordered(farm, "-p", "moon", "--all-cuts", "--key", "tonight")
    again = ordered(farm, "-p", "moon", "--all-cuts", "--key", "tonight")

    assert first == again
    assert [order["idempotency_key"] for order in first] == [f"tonight:{cut}" for cut in CUTS]


@pytest.mark.parametrize("kind", ["still_image", "character_sheet"])
def test_a_kind_of_the_phase_that_is_named_agrees_with_it(farm: Mock, kind: str) -> None:
    (order,) = ordered(farm, "-p", "moon", "--cut", "1/10/10", "--phase", "still", "--kind", kind)

    assert order["job_type"] == kind


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-p", "moon", "--all-cuts", "--cut", "1/10/10"], "--all-cuts orders every cut, and this order names"),
        (["cut.yaml", "--all-cuts"], "--all-cuts orders every cut, and this order names 1/10/20"),
        (["wrong.yaml", "--all-cuts"], "wrong.yaml, line 2: An order has no field 'pormpt'"),
        (["nowhere.yaml", "-p", "moon", "--all-cuts"], "nowhere.yaml cannot be read"),
        (["nowhere.yaml", "-p", "moon"], "nowhere.yaml cannot be read"),
        (["two.yaml", "--key", "k"], "--key names one order, and two.yaml holds 2"),
        (["--all-cuts"], "--all-cuts needs a project"),
        (["-p", "moon", "--phase", "still", "--kind", "animation_loop"], "contradict each other"),
        (["-p", "moon", "--phase", "video", "--kind", "character_sheet"], "contradict each other"),
        (["-p", "moon", "--set", "mood=calm", "--set", "mood=tense"], "mood is given twice"),
        (["-p", "moon", "--prompt", "rain", "--set", "prompt=sun"], "prompt is given twice"),
        (["-p", "moon", "--set", "mood"], "--set mood has no value"),
        ([], "Nothing was ordered"),
    ],
)
def test_what_does_not_go_together_is_refused(
    farm: Mock, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    (tmp_path / "cut.yaml").write_text("project: moon\ncut: 1/10/20\n")
    (tmp_path / "wrong.yaml").write_text("project: moon\npormpt: rain\n")
    (tmp_path / "two.yaml").write_text("- {project: moon}\n- {project: moon, seed: 1}\n")

    assert main(["submit", *words]) == Exit.BAD_INPUT

    assert sentence in capsys.readouterr().err
    farm.submit_many.assert_not_called()


@pytest.mark.parametrize(
    "words",
    [["--cut", "1/10/10", "--cut", "1/10/20"], ["--seed", "1", "--seed", "1"], ["-p", "a", "--project", "b"]],
)
def test_an_option_that_holds_one_value_is_given_once(
    farm: Mock, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(["submit", *words]) == Exit.NOT_JUDGED

    assert "is given twice" in capsys.readouterr().err
    farm.submit_many.assert_not_called()


def test_a_project_without_cuts_is_named(farm: Mock, capsys: pytest.CaptureFixture[str]) -> None:
    farm.cuts.return_value = []

    assert main(["submit", "-p", "moon", "--all-cuts"]) == Exit.BAD_INPUT

    assert "moon has no cut" in capsys.readouterr().err


def test_a_word_is_taken_as_typed(farm: Mock) -> None:
    (order,) = ordered(farm, "-p", "moon", "--set", "action=walks to stall #3", "--set", "seed=0123")

    assert (order["action"], order["seed"]) == ("walks to stall #3", "0123")

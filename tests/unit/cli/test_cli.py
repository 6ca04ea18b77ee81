"""The command line without a farm: exit codes, errors as sentences or JSON, and what a light command loads."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from rich.table import Table
from rich.text import Text

from farm.cli import main
from farm.cli.console import columns, logged_in, notes, out
from farm.judging.verdicts import judge
from farm.settings import settings
from models import errors
from models.actors import Actor, ActorKind
from models.metrics import Measurement, Metric
from models.vocabulary import ErrorKind, Exit, Phase
from tasks.measuring.report import report
from workers.scoring.profiles import EMBEDDED


@pytest.fixture(autouse=True)
def _nobody_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Settings of a machine on which nothing runs."""
    for name in ("FARM_DATABASE_URL", "FARM_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FARM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.PhaseLocked(), Exit.NOT_PASSED),
        (errors.OrderRefused(), Exit.BAD_INPUT),
        (errors.UnknownName(), Exit.BAD_INPUT),
        (errors.Conflict(), Exit.BAD_INPUT),
        (errors.Forbidden(), Exit.BAD_INPUT),
        (errors.BadInput(), Exit.BAD_INPUT),
        (errors.NotHere(), Exit.NOT_HERE),
        (errors.Unavailable(), Exit.NOT_HERE),
        (errors.NotMeasured(), Exit.NOT_JUDGED),
        (errors.Busy("The farm is up already."), Exit.NOT_PASSED),
        (errors.StepFailed("It broke.", error_kind=ErrorKind.BUG), Exit.NOT_PASSED),
    ],
)
def test_every_kind_of_error_has_the_exit_code_that_the_help_promises(
    error: errors.FarmError, code: Exit
) -> None:
    assert error.exit_code is code


def test_a_command_that_needs_the_farm_says_in_one_sentence_that_it_does_not_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["jobs"])

    said = capsys.readouterr()
    assert code == Exit.NOT_HERE
    assert said.out == ""
    assert "The farm is not running here" in said.err
    assert "farm up" in said.err
    assert "Traceback" not in said.err


def test_with_json_an_error_is_a_value_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["jobs", "--json"])

    error = json.loads(capsys.readouterr().out)["error"]
    assert code == Exit.NOT_HERE
    assert error["kind"] == "NotHere"
    assert error["message"].startswith("The farm is not running here")
    assert error["hint"]


def test_a_wrong_command_line_is_wrong_usage_in_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["gate", "show", "--phase", "fourth", "--json"])

    assert code == Exit.NOT_JUDGED
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "Usage"


def test_the_help_explains_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--help"])

    said = " ".join(capsys.readouterr().out.split())
    assert code == Exit.OK
    assert "Exit codes: 0 done" in said
    for command in ("up", "down", "demo", "doctor", "submit", "watch", "gate", "score", "networks", "show"):
        assert f" {command} " in said


def test_going_down_where_nothing_runs_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["down"])

    assert code == Exit.OK
    assert "Nothing was running here" in capsys.readouterr().out


def test_a_missing_file_is_bad_input_for_the_scorer(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["score", "nowhere.png", "--phase", "still", "--json"])

    assert code == Exit.BAD_INPUT
    assert "nowhere.png" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_whoever_has_no_name_here_goes_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)

    assert logged_in() == Actor(ActorKind.PERSON, f"uid {2**31 - 7}")


def test_brackets_of_a_prompt_are_words_and_never_markup(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(show_header=False)
    table.add_row("prompt", "a girl [/b] [blurry:1.2]")

    for console in (out, notes):
        console().print(table)

    said = capsys.readouterr()
    assert "a girl [/b] [blurry:1.2]" in said.out
    assert "a girl [/b] [blurry:1.2]" in said.err


def test_a_text_is_no_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "note.txt").write_text("not a picture")

    code = main(["score", "note.txt", "--phase", "still", "--json"])

    assert code == Exit.BAD_INPUT
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "BadInput"


def test_a_number_that_is_none_is_null_in_the_report_and_never_passes() -> None:
    broken = Measurement(
        metric=Metric.SHARPNESS, value=math.nan, detail={"mean": math.nan, "curve": [1.0, math.inf]}
    )

    told = report(Path("a.png"), Phase.STILL, EMBEDDED, judge([broken], EMBEDDED, Phase.STILL))

    sharpness = told["metrics"]["sharpness"]
    assert (sharpness["value"], sharpness["status"]) == (None, "not_measured")
    assert sharpness["detail"] == {"mean": None, "curve": [1.0, None], "reason": "The number is not finite."}
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize("size", ["832", "832x", "-1x480", "0x480", "832x480x3"])
def test_a_size_that_cannot_be_read_is_refused_with_an_example(
    size: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.png").write_bytes(b"")

    code = main(["score", "a.png", "--phase", "still", "--size", size, "--json"])

    error = json.loads(capsys.readouterr().out)["error"]
    assert code == Exit.BAD_INPUT
    assert "832x480" in error["hint"]


def test_listing_networks_names_licences_and_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FARM_NETWORKS_DIR", str(tmp_path / "networks"))
    settings.cache_clear()

    code = main(["networks", "list", "--json"])

    answer = json.loads(capsys.readouterr().out)
    by_name = {item["name"]: item for item in answer["items"]}
    assert code == Exit.OK
    assert answer["next"] is None
    assert by_name["buffalo_l"]["non_commercial"] is True
    assert not any(item["installed"] for item in by_name.values())


def test_verifying_where_a_needed_network_is_missing_says_so_by_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_NETWORKS_DIR", str(tmp_path / "networks"))
    settings.cache_clear()

    assert main(["networks", "verify", "--json"]) == Exit.NOT_HERE


def test_a_setting_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FARM_FLOWER_PORT", "99999")
    settings.cache_clear()

    code = main(["up"])

    assert code == Exit.BAD_INPUT
    assert "FARM_FLOWER_PORT" in capsys.readouterr().err


def test_a_missing_option_is_one_sentence_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["gate", "show", "--json"])

    message = json.loads(capsys.readouterr().out)["error"]["message"]
    assert code == Exit.NOT_JUDGED
    assert message == "Missing option '--phase'. Choose from: still, loop, video."


def test_a_folder_in_place_of_a_picture_is_called_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["score", str(tmp_path), "--phase", "still"])

    assert code == Exit.BAD_INPUT
    assert "is a folder" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["a :heart: in [red]words[/red]", "[blurry] sky :smile:", "[/b]"])
def test_what_people_wrote_is_printed_as_they_wrote_it(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = columns("words")
    table.add_row(words)
    for console in (out(), notes()):
        console.print(words)
        console.print(table)
        console.print(Text(words))

    printed = capsys.readouterr()
    assert printed.out.count(words) == 3
    assert printed.err.count(words) == 3

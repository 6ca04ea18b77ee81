"""`farm workflows`: what an order may name, where each can run, and what is wrong with the broken ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from farm.cli import console, main
from farm.settings import settings
from tests.support import ROOT
from tests.support.queue_jobs import execute
from tests.support.reported_comfyui import Reported, report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.engine import Database

EXAMPLES = ROOT / "examples" / "workflows"


@pytest.fixture
def folder(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The studio's folder, in a farm whose workers tell of two ComfyUIs and of one that is long silent."""
    execute(database, "DELETE FROM workers")
    report(database, host="atelier")
    report(database, Reported(without=("umt5_xxl_fp8_e4m3fn_scaled.safetensors",)), host="barn")
    report(database, host="cellar", silent_s=3600)
    monkeypatch.setenv("FARM_DATABASE_URL", database_url)
    monkeypatch.setenv("FARM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("FARM_WORKFLOWS_DIR", str(tmp_path / "workflows"))
    # Wide enough that no sentence is folded, whatever runs the tests.
    monkeypatch.setenv("COLUMNS", "400")
    for cached in (settings, console.out, console.notes):
        cached.cache_clear()
    (tmp_path / "workflows").mkdir()
    yield tmp_path / "workflows"
    for cached in (settings, console.out, console.notes):
        cached.cache_clear()


def add(folder: Path, name: str, binding: str | None = None) -> None:
    shutil.copy(EXAMPLES / "portrait.json", folder / f"{name}.json")
    (folder / f"{name}.yaml").write_text(binding or (EXAMPLES / "portrait.yaml").read_text())


def listed(capsys: pytest.CaptureFixture[str], code: int) -> dict[str, Any]:
    assert main(["workflows", "--json"]) == code
    return {item["name"]: item for item in json.loads(capsys.readouterr().out)["items"]}


def test_each_workflow_is_tried_against_each_live_comfyui(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(folder, "portrait")

    found = listed(capsys, code=0)

    assert list(found) == ["still", "loop", "video", "character_sheet", "portrait"]
    assert (found["loop"]["whose"], found["portrait"]["whose"]) == ("farm", "studio")
    assert found["portrait"]["parameters"] == {"clip_skip": -2}
    runs = {(name, each["host"]): each["can_run"] for name, told in found.items() for each in told["servers"]}
    assert {at for at, can in runs.items() if not can} == {("loop", "barn"), ("video", "barn")}
    assert {host for _, host in runs} == {"atelier", "barn"}
    trouble = next(each["trouble"] for each in found["loop"]["servers"] if each["host"] == "barn")
    assert trouble == "CLIPLoader (node text) has no clip_name 'umt5_xxl_fp8_e4m3fn_scaled.safetensors'."


def test_a_broken_file_is_listed_with_its_own_sentence_and_ends_with_1(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(folder, "portrait")
    add(folder, "broken", "job_types: [still_image]\noutput: 99\ninputs: {}\n")
    (folder / "alone.json").write_text("{}")

    found = listed(capsys, code=1)

    assert found["portrait"]["error"] is None
    assert "names node 99, which its graph does not have" in found["broken"]["error"]["message"]
    assert "There is no alone.yaml" in found["alone"]["error"]["message"]


def test_a_person_reads_what_each_is_for_and_where_it_runs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(folder, "portrait")

    assert main(["workflows"]) == 0

    said = capsys.readouterr()
    assert "makes still images, on a card of 12 GiB or more  (the studio's, portrait.yaml)" in said.out
    assert "makes animation loops from a picture" in said.out
    assert "runs at atelier (RTX 4090, 24 GiB)" in said.out
    assert "not at barn (RTX 4090, 24 GiB): CLIPLoader (node text) has no clip_name" in said.out
    assert "examples/workflows shows how to write one" in said.err


def test_without_a_comfyui_the_workflows_are_listed_all_the_same(
    database: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(database, "DELETE FROM workers")

    assert main(["workflows"]) == 0

    said = capsys.readouterr()
    assert "character_sheet" in said.out
    assert "Where they can run is not known: No ComfyUI has reported to this farm yet" in said.err

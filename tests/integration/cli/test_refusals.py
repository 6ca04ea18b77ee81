"""What cannot work is refused in one sentence by its exit code, and nothing is stored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.factories import a_stored_show

if TYPE_CHECKING:
    from pathlib import Path

    from db.engine import Database
    from tests.support.terminal import Typed


@pytest.fixture
def project(database: Database) -> str:
    with database.transaction() as session:
        return a_stored_show(session).project


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--frames", "-3"), 3, "frame_count -3"),
        (("--size", "100000x10"), 3, "100000"),
        (("--size", "wide"), 3, "cannot be read"),
        (("--character", "moi"), 3, "'moi'"),
        (("--seed", "18446744073709551616"), 3, "seed"),
        (("--set", "framecount=3"), 3, "no field 'framecount'"),
        (("--kind", "animation_loop"), 1, "closed until the still gate opens"),
        (("--kind", "painting"), 2, "painting"),
        (
            ("--set", "renderer=null", "--set", "ipadapter_refs=[{reference_image_path: /etc/passwd}]"),
            3,
            "outside the allowed folders",
        ),
        (("--prompt", "fireflies", "--cut", "1/10/20"), 3, "knows no prompt"),
        ((), 3, "shows nobody and nothing"),
    ],
)
def test_an_order_that_cannot_work_is_refused_in_one_sentence_and_nothing_is_stored(
    typed: Typed, project: str, words: tuple[str, ...], code: int, sentence: str
) -> None:
    refused = typed("submit", "-p", project, *words)

    assert refused.code == code, refused
    assert sentence in refused.err
    assert json.loads(typed("jobs", "--project", project, "--json").out)["items"] == []


def test_an_unreadable_show_names_its_line_and_stores_nothing(typed: Typed, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("project:\n  slug: broken\n  nmae: Broken\n")

    refused = typed("show", "load", str(broken))

    assert refused.code == 3
    assert "line" in refused.err
    assert typed("gate", "broken", "--phase", "still").code == 3


@pytest.mark.parametrize("command", ["cancel", "watch", "retake", "job"])
def test_a_job_that_nobody_knows_is_refused_by_every_command(typed: Typed, command: str) -> None:
    refused = typed(command, "00000000-0000-0000-0000-000000000000")

    assert refused.code == 3
    assert "There is no job" in refused.err


def test_a_shut_gate_says_why_by_its_exit_code_and_in_json(typed: Typed, project: str) -> None:
    gate = typed("gate", project, "--phase", "still", "--json")

    report = json.loads(gate.out)
    assert gate.code == 1
    assert report["can_open"] is False
    assert report["missing"]


def test_a_cancelled_job_is_over(typed: Typed, project: str) -> None:
    ordered = typed("submit", "-p", project, "--cut", "1/10/10", "--set", "renderer=null", "--json")
    (job,) = json.loads(ordered.out)["items"]

    assert typed("cancel", job["job_id"]).code == 0

    assert json.loads(typed("job", job["job_id"], "--json").out)["row"]["state"] == "cancelled"

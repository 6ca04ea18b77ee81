"""`farm reproduce` on the terminal: one clear line, a short table, and an exit code that scripts can trust."""

from __future__ import annotations

import json
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from farm.cli import main
from farm.cli.commands import reproduce
from farm.orders.submission import SubmittedJob
from models.vocabulary import Exit, JobState

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPARED = {
    "frames": [16, 16],
    "equal_frames": 16,
    "mean_error": 0.0,
    "max_error": 0.0,
    "lpips": None,
    "worst_frame": None,
    "pixel_sha256": ["ab" * 32, "ab" * 32],
}
APART = COMPARED | {"equal_frames": 15, "mean_error": 0.4, "lpips": 0.003, "worst_frame": 7}
CARD = {"fact": "environment.device", "original": "RTX 3090", "again": "RTX 4090"}


class ToldFarm:
    """A farm whose reproductions come out as told."""

    def __init__(self, reproduction: dict[str, Any] | None, error: str | None = None) -> None:
        state = JobState.FAILED if error else JobState.COMPLETED
        self.asked: list[tuple[Any, ...]] = []
        self.detail = SimpleNamespace(
            row=SimpleNamespace(id=uuid4(), reproduces_job_id=uuid4(), state=state),
            queue=SimpleNamespace(error_message=error),
            reproduction=reproduction,
        )

    def reproduce(self, job_id: str, changes: dict[str, str], *, requested_by: str) -> SubmittedJob:
        assert requested_by
        self.asked.append((job_id, changes))
        return SubmittedJob(job_id=self.detail.row.id, seed_used=2**64 - 1, pool="toon")

    def wait(self, job_ids: list[UUID]) -> tuple[Any, ...]:
        return ()

    def watch(self, job_ids: list[UUID]) -> Iterator[tuple[Any, ...]]:
        return iter(())

    def job(self, job_id: UUID) -> Any:
        return self.detail


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a told farm where the command opens one."""

    def put(reproduction: dict[str, Any] | None, error: str | None = None) -> ToldFarm:
        farm = ToldFarm(reproduction, error)

        @contextmanager
        def opened() -> Iterator[ToldFarm]:
            yield farm

        monkeypatch.setattr(reproduce, "opened", opened)
        return farm

    return put


@pytest.mark.parametrize(
    ("reproduction", "code", "begins"),
    [
        ({"equality": "identical", "comparison": COMPARED}, Exit.OK, "identical: 16 of 16 frames"),
        (
            {"equality": "equivalent", "comparison": APART, "differences": [CARD]},
            Exit.OK,
            "equivalent: 1 of 16 frames differ, LPIPS 0.003 at most",
        ),
        (
            {"equality": "different", "comparison": APART, "differences": [CARD]},
            Exit.NOT_PASSED,
            "different: 1 of 16 frames differ",
        ),
        (
            {"equality": "not_compared", "comparison": None, "reason": "The original's file x is gone."},
            Exit.NOT_JUDGED,
            "not compared: The original's file x is gone.",
        ),
    ],
)
def test_the_exit_code_is_the_answer(
    told: Any,
    capsys: pytest.CaptureFixture[str],
    reproduction: dict[str, Any],
    code: Exit,
    begins: str,
) -> None:
    told({"reason": "", "differences": [], "changed": {}, **reproduction})

    assert main(["reproduce", "one"]) == code

    said = capsys.readouterr().out.strip()
    assert said.startswith(begins)
    assert ("RTX 4090" in said.splitlines()[-1]) is bool(reproduction.get("differences"))


def test_a_job_that_failed_was_not_compared(told: Any, capsys: pytest.CaptureFixture[str]) -> None:
    told(None, "The card ran out of memory.")

    assert main(["reproduce", "one"]) == Exit.NOT_JUDGED

    assert capsys.readouterr().out.strip() == "not compared: The card ran out of memory."


def test_json_says_the_same_as_data(told: Any, capsys: pytest.CaptureFixture[str]) -> None:
    farm = told(
        {"equality": "equivalent", "reason": "", "comparison": APART, "differences": [CARD], "changed": {}}
    )

    assert main(["reproduce", "one", "--with", "scene.mood=tense", "--with", "seed=7", "--json"]) == Exit.OK

    said = json.loads(capsys.readouterr().out)
    assert farm.asked == [("one", {"scene.mood": "tense", "seed": "7"})]
    assert (said["equality"], said["differences"]) == ("equivalent", [CARD])
    assert said["sentence"].endswith("the device differs: RTX 3090 -> RTX 4090.")


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_whoever_waits_knows_which_job_to_look_at(
    told: Any, capfd: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    farm = told({"equality": "identical", "reason": "", "comparison": COMPARED, "differences": []})

    main(["reproduce", "one", *flags])

    assert f"should it not move, `farm job {farm.detail.row.id}` says why" in capfd.readouterr().err


def test_nobody_has_to_wait(told: Any, capsys: pytest.CaptureFixture[str]) -> None:
    told(None)

    assert main(["reproduce", "one", "--no-wait", "--json"]) == Exit.OK

    said = json.loads(capsys.readouterr().out)
    assert (said["seed"], said["seed_text"]) == (2**64 - 1, "18446744073709551615")


@pytest.mark.parametrize("pairs", [["seed"], ["=7"], ["seed=1", "seed=2"]])
def test_a_change_without_a_value_or_said_twice_is_refused(told: Any, pairs: list[str]) -> None:
    farm = told(None)

    assert main(["reproduce", "one", *(word for pair in pairs for word in ("--with", pair))]) == Exit.BAD_INPUT

    assert farm.asked == []

"""What an acceptance's findings add up to, and how a card is held against the CPU."""

from __future__ import annotations

import json
import math
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from farm import extras
from farm.cli import main
from models.errors import NotMeasured
from models.vocabulary import Exit
from tasks.commands.accept_page import page, todos, write
from workers.acceptance import checks, networks
from workers.acceptance import probe as acceptance_probe
from workers.acceptance.findings import Band, Finding, Outcome, compared, missing, noted, verdict
from workers.acceptance.media import Media
from workers.acceptance.networks import Bed, difference, probe_each
from workers.acceptance.probe import Probe, ProbeDied, Request, run
from workers.acceptance.run import Acceptance

if TYPE_CHECKING:
    from pathlib import Path

BAND = Band.around(0.722, 0.002, "the authors")
GOOD = compared("Reference values", "LPIPS", 0.7221, BAND)
BAD = compared("Reference values", "LPIPS", 0.9, BAND)
GONE = missing("Networks", "dino", "Not here: dino.", "Run `farm networks pull --profile spec`.")
SPARE = missing("Networks", "ccip", "Not here: ccip.", "farm networks pull --all", required=False)
NOTED = noted("This machine", "processors", "2 processors")


def probe(network: str = "net", **changes: Any) -> Probe:
    values: dict[str, Any] = {
        "network": network,
        "device": "cuda",
        "full_precision": False,
        "load_seconds": 1.5,
        "per_second": 120.0,
        "unit": "pictures",
        "rss_mib": 900.0,
        "added_mib": 300.0,
        "vram_mib": 512.0,
        "kind": "vectors",
        "answers": [[1.0, 0.0], [0.0, 1.0]],
    }
    return Probe(**{**values, **changes})


def found(*findings: Finding, **changes: Any) -> Acceptance:
    machine = {"cpus": 2, "memory_mib": 4096, "cuda": None, "gpu_info": None, "libraries": {"torch": "2.14"}}
    values: dict[str, Any] = {"probes": (probe(),), "posters": (), "seconds": 75.0}
    when = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    return Acceptance(made_at=when, machine=machine, findings=findings, **{**values, **changes})


@pytest.mark.parametrize(
    ("findings", "exit_code"),
    [
        ((GOOD, NOTED), Exit.OK),
        ((GOOD, SPARE), Exit.OK),
        ((GOOD, GONE), Exit.NOT_JUDGED),
        ((GOOD, GONE, BAD), Exit.NOT_PASSED),
        ((), Exit.NOT_JUDGED),
    ],
)
def test_only_a_run_that_measured_everything_required_and_agreed_is_accepted(findings, exit_code):
    assert verdict(findings) is exit_code


@pytest.mark.parametrize(
    ("value", "agrees"),
    [(0.720, True), (0.724, True), (0.7239, True), (0.7241, False), (math.nan, False), (math.inf, False)],
)
def test_both_ends_of_a_band_agree_and_what_is_no_number_never_does(value, agrees):
    assert (compared("s", "n", value, BAND).outcome is Outcome.AGREED) == agrees


@pytest.mark.parametrize(
    ("band", "text"),
    [
        (Band(low=0.9, high=math.inf, source=""), "0.9 or more"),
        (Band(low=-math.inf, high=0.15, source=""), "0.15 or less"),
        (Band(low=6, high=6, source=""), "6"),
        (Band(low=0.1, high=0.2, source=""), "0.1 to 0.2"),
    ],
)
def test_a_band_reads_as_a_person_would_say_it(band, text):
    assert str(band) == text


def test_what_is_to_be_done_is_said_once_and_the_required_first():
    again = missing("Weights", "clip", "It was not pulled.", "farm networks pull --profile spec")

    waiting = todos([SPARE, GONE, again, GOOD])

    assert [(each.todo, each.names, each.required) for each in waiting] == [
        ("farm networks pull --profile spec", ("dino", "clip"), True),
        ("farm networks pull --all", ("ccip",), False),
    ]


def test_the_report_is_one_page_that_needs_nothing_beside_it_and_json_for_machines(tmp_path):
    poster = np.full((90, 160, 3), 200, np.uint8)

    html, data = write(found(GOOD, BAD, GONE, NOTED, posters=(poster,)), tmp_path / "out")

    text = html.read_text()
    told = json.loads(data.read_text())
    assert "Something disagrees" in text
    assert "expected 0.72 to 0.724" in text
    assert "data:image/jpeg;base64," in text
    assert "http://" not in text
    assert "https://" not in text
    assert told["exit_code"] == 1
    assert told["counts"] == {"agreed": 1, "disagreed": 1, "not_measured": 1, "noted": 1}
    assert told["networks"][0]["vram_mib"] == 512.0
    assert "answers" not in told["networks"][0]
    assert sorted(path.name for path in html.parent.iterdir()) == ["report.html", "report.json"]


def test_a_page_without_any_network_and_with_markup_in_a_reason_still_reads_well():
    odd = missing("Networks", "net", "<script>alert(1)</script>", "farm doctor")

    text = page(found(odd, probes=()))

    assert "No network could be run." in text
    assert "<script>alert" not in text


@pytest.mark.parametrize("kind", ["vectors", "numbers"])
def test_an_answer_that_is_no_number_agrees_with_nothing(kind):
    broken = probe(kind=kind, answers=[[1.0, 0.0], [math.nan, 1.0]])

    for apart in (difference(broken, probe(kind=kind)), difference(probe(kind=kind), broken)):
        assert not Band(low=-1e-6, high=2e-2, source="").holds(apart)


def test_vectors_are_compared_by_angle_and_numbers_by_their_largest_difference():
    turned = probe(answers=[[1.0, 0.0], [math.sin(0.1), math.cos(0.1)]])
    numbers = probe(kind="numbers", answers=[[0.5, 400.0]])
    others = probe(kind="numbers", answers=[[0.51, 404.0]])

    assert difference(probe(), probe()) == pytest.approx(0.0)
    assert difference(turned, probe()) == pytest.approx(1 - math.cos(0.1))
    assert difference(numbers, others) == pytest.approx(0.01)


@pytest.mark.parametrize("answers", [[[1.0, 0.0]], [[1.0], [0.0]]])
def test_answers_of_another_shape_cannot_be_compared(answers):
    with pytest.raises(NotMeasured, match="cannot be compared"):
        difference(probe(answers=answers), probe())


def test_two_empty_answers_agree_on_nothing():
    with pytest.raises(NotMeasured, match="nothing in the pictures"):
        difference(probe(answers=[]), probe(answers=[]))


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    """A machine with a card on which `dis-flow`, which needs no file, is asked for."""
    return Bed(networks_dir=tmp_path, folder=tmp_path, pictures=tmp_path / "p.npz", cuda=True)


def on_a_card(request: Request, folder: Path) -> Probe:
    answers = [[1.0, 0.0], [0.0, 1.0]]
    if request.device == "cpu":
        answers = [[1.0, 1e-4], [0.0, 1.0]]
    return probe(
        request.network,
        device=request.device or "cuda",
        full_precision=request.full_precision,
        answers=answers,
    )


def outcomes(bed: Bed, *names: str) -> dict[str, Outcome]:
    items = probe_each(bed, names)
    return {each.name: each.outcome for each in items if isinstance(each, Finding)}


def test_on_a_card_each_network_is_held_against_itself_in_full_precision_and_on_the_cpu(bed, monkeypatch):
    monkeypatch.setattr(networks, "_lacking", lambda name, folder: [])

    told = outcomes(Bed(**{**_fields(bed), "run": on_a_card}), "lpips-alex")

    assert told == {
        "lpips-alex": Outcome.AGREED,
        "lpips-alex: half and full precision": Outcome.AGREED,
        "lpips-alex: card and CPU": Outcome.AGREED,
    }


def test_a_network_that_falls_back_to_the_cpu_beside_a_card_disagrees(bed, monkeypatch):
    monkeypatch.setattr(networks, "_lacking", lambda name, folder: [])

    def fallen_back(request: Request, folder: Path) -> Probe:
        return probe(request.network, device="cpu", vram_mib=None)

    told = outcomes(Bed(**{**_fields(bed), "run": fallen_back}), "lpips-alex", "dis-flow")

    assert told == {"lpips-alex": Outcome.DISAGREED, "dis-flow": Outcome.NOTED}


def test_a_network_that_answers_otherwise_on_the_card_disagrees(bed, monkeypatch):
    monkeypatch.setattr(networks, "_lacking", lambda name, folder: [])

    def wrong(request: Request, folder: Path) -> Probe:
        turned = [[0.0, 1.0], [1.0, 0.0]]
        return probe(device=request.device or "cuda", **({"answers": turned} if request.device else {}))

    told = outcomes(Bed(**{**_fields(bed), "run": wrong}), "lpips-alex")

    assert told["lpips-alex: card and CPU"] is Outcome.DISAGREED


@pytest.mark.parametrize("on", [None, "cpu"])
def test_a_network_whose_process_dies_disagrees_and_the_others_go_on(bed, monkeypatch, on):
    monkeypatch.setattr(networks, "_lacking", lambda name, folder: [])

    def dies(request: Request, folder: Path) -> Probe:
        if request.network == "lpips-alex" and request.device == on:
            raise ProbeDied("Its process ended with -11: without a word.")
        return on_a_card(request, folder)

    items = list(probe_each(Bed(**{**_fields(bed), "run": dies}), ("lpips-alex", "lpips-vgg")))

    findings = {each.name: each for each in items if isinstance(each, Finding)}
    broken = findings["lpips-alex" if on is None else "lpips-alex: card and CPU"]
    assert broken.outcome is Outcome.DISAGREED
    assert "ended with -11" in broken.source
    assert findings["lpips-vgg: card and CPU"].outcome is Outcome.AGREED
    assert verdict(findings.values()) is Exit.NOT_PASSED


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended with -11: without a word"),
        (
            "raise RuntimeError('an illegal memory access')",
            "ended with 1: RuntimeError: an illegal memory access",
        ),
        ("import signal; signal.pause()", "did not answer within 0.5 seconds"),
    ],
)
def test_a_process_that_ends_without_an_answer_or_never_ends_has_died(tmp_path, monkeypatch, code, sentence):
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}"\n')
    program.chmod(0o755)
    monkeypatch.setattr(acceptance_probe.sys, "executable", str(program))
    if "pause" in code:
        monkeypatch.setattr(acceptance_probe, "_SECONDS", 0.5)

    with pytest.raises(ProbeDied, match=sentence):
        run(Request(network="net", networks_dir="", pictures=""), tmp_path)


def test_a_process_that_says_what_it_lacks_has_not_died(tmp_path):
    with pytest.raises(NotMeasured, match="lpips-alex"):
        run(Request(network="lpips-alex", networks_dir=str(tmp_path), pictures=_nothing(tmp_path)), tmp_path)


def test_without_a_card_and_without_weights_everything_is_named_with_what_to_do(bed):
    bare = Bed(**{**_fields(bed), "cuda": False})

    items = [each for each in probe_each(bare, ["dino-vitb16", "lpips-vgg"]) if isinstance(each, Finding)]

    assert [(each.outcome, each.required) for each in items] == [
        (Outcome.NOT_MEASURED, True),
        (Outcome.NOT_MEASURED, False),
        (Outcome.NOT_MEASURED, True),
    ]
    assert all(each.todo and each.reason for each in items)


def test_a_check_that_crashes_disagrees_and_the_others_go_on(monkeypatch):
    def breaks(shelf: Any, media: Any) -> Any:
        raise RuntimeError("CUDA error: an illegal memory access")

    def holds(shelf: Any, media: Any) -> Any:
        yield GOOD

    known = {"a": ("lpips-alex", breaks), "b": ("lpips-alex", holds)}
    monkeypatch.setattr(checks, "_CHECKS", known)

    told = list(checks.checks(None, Media()))

    assert [each.outcome for each in told] == [Outcome.DISAGREED, Outcome.AGREED]
    assert "illegal memory access" in told[0].source


def test_a_sample_that_is_nowhere_says_how_it_comes_here(tmp_path):
    with pytest.raises(NotMeasured, match=r"ex_ref\.png is not here") as gone:
        Media(tmp_path).picture("ex_ref.png")

    assert "--media" in gone.value.hint


def test_the_exit_code_of_the_acceptance_is_that_of_the_command(monkeypatch):
    asked = []
    monkeypatch.setattr(extras, "joiners", tuple)
    monkeypatch.setattr(extras, "ACCEPTANCE", [lambda wish: asked.append(wish) or 2])

    code = main(["doctor", "--accept", "--offline", "--media", "here"])

    assert code == Exit.NOT_JUDGED
    assert (asked[0].offline, asked[0].media) == (True, "here")


def _nothing(folder: Path) -> str:
    np.savez(folder / "p.npz", clip=np.zeros((1, 8, 8, 3), np.uint8))
    return str(folder / "p.npz")


def _fields(bed: Bed) -> dict[str, Any]:
    return {name: getattr(bed, name) for name in ("networks_dir", "folder", "pictures", "cuda")}

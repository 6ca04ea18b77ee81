"""Why a take failed, in sentences: the same for the terminal, the page and scripts."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console

from farm.cli import main
from farm.cli.commands import jobs
from farm.cli.tables.scores import course, score_details
from farm.dailies.plots import curve_svg
from farm.explaining.scores import MarkedScore, judged_scores, scores_of
from farm.explaining.sentences import attribute_sentences, explain, explanations
from farm.judging.verdicts import judge
from models.jobs import JobDetail
from models.metrics import Mark, Measurement, Metric, Profile
from models.takes import ScoresView
from models.vocabulary import Phase, ScoreStatus, Verdict
from tests.support.views_by_hand import a_detail, a_row
from workers.scoring.metrics import lpips_summary


def _score(metric: Metric, value: float | None, mark: float, **detail: Any) -> MarkedScore:
    failed = value is not None and not Mark(metric=metric, limit=mark).holds(value)
    status = ScoreStatus.NOT_MEASURED if value is None else ScoreStatus.FAIL if failed else ScoreStatus.PASS
    reason = "" if value is not None else "There is no reference of aiko yet."
    return MarkedScore(metric=metric, value=value, mark=mark, status=status, detail=detail, reason=reason)


def _attribute(**more: Any) -> dict[str, Any]:
    return {"expected": "blue", "measured": "green", "agrees": False, "frames": 18, "from_frame": 60} | more


_FAILED = {
    Metric.DECODABLE: _score(Metric.DECODABLE, 0.0, 1.0, text="The file is cut short."),
    Metric.FRAME_COUNT: _score(Metric.FRAME_COUNT, 0.8, 1.0, text="96 frames, 120 ordered"),
    Metric.BLANK: _score(Metric.BLANK, 0.004, 0.02, worst_frame=12),
    Metric.FROZEN: _score(Metric.FROZEN, 0.3, 0.5, longest_run=80, longest_run_from=10),
    Metric.TEMPORAL_LPIPS: _score(
        Metric.TEMPORAL_LPIPS, 0.41, 0.15, p95=0.41, binding="p95", worst_frame=58, curve=[0.1, 0.44]
    ),
    Metric.JITTER: _score(Metric.JITTER, 2.3, 1.4, worst_frame=30),
    Metric.IDENTITY: _score(
        Metric.IDENTITY,
        0.41,
        0.72,
        worst_frame=60,
        frames_looked_at=24,
        characters={"ren": {"p5": 0.9}, "aiko": {"p5": 0.41}},
    ),
}
_SAID = {
    Metric.DECODABLE: "the file cannot be decoded: The file is cut short",
    Metric.FRAME_COUNT: "the number of frames is wrong: 96 frames, 120 ordered",
    Metric.BLANK: "frame 12 is nearly one flat colour (brightness varies by 0.004, needed 0.02)",
    Metric.FROZEN: "the picture stands still for 80 frames from frame 10 on (0.3, needed 0.5)",
    Metric.TEMPORAL_LPIPS: "the picture jumps by 0.44 between frames 57 and 58 (p95 0.41, allowed 0.15)",
    Metric.JITTER: "the picture shakes, worst around frame 30 (2.3 % of the width, allowed 1.4 % of the width)",
    Metric.IDENTITY: "aiko does not look like the reference, least in frame 60 (p5 0.41, needed 0.72)",
}


def test_the_jump_of_a_clip_of_a_minute_is_told_as_it_was_although_its_course_is_thinned() -> None:
    steps = [0.01] * 1300 + [0.2] * 140
    steps[700] = 0.61
    summary = lpips_summary(steps)

    score = _score(Metric.TEMPORAL_LPIPS, summary.value, 0.15, **summary.detail)

    assert 0.61 not in score.curve
    assert explain(score).startswith("the picture jumps by 0.61 between frames 700 and 701")
    assert "<circle" in curve_svg(score, "temporal LPIPS", 1441)


@pytest.mark.parametrize("metric", _FAILED)
def test_a_failed_metric_says_what_is_wrong_where_and_by_how_much(metric: Metric) -> None:
    assert explain(_FAILED[metric]) == _SAID[metric]


@pytest.mark.parametrize("metric", list(Metric))
def test_every_metric_has_a_sentence_even_when_the_measurement_tells_nothing_but_its_value(
    metric: Metric,
) -> None:
    mark = 1.0
    bare = _score(metric, 2.0 if metric.direction == "lower" else 0.2, mark)

    sentence = explain(bare)

    assert len(sentence) > 20
    assert "None" not in sentence


def test_a_value_just_short_of_its_mark_is_told_with_the_digits_that_decide() -> None:
    assert "(0.84996, needed 0.85)" in explain(_score(Metric.STYLE_ADHERENCE, 0.84996, 0.85))


def test_a_cut_that_nobody_ordered_is_said_with_its_own_step_and_not_with_the_p95_it_did_not_enter() -> None:
    text = "cut at frame 20 in a take that was ordered as one shot"
    cut = _score(Metric.TEMPORAL_LPIPS, 0.76, 0.15, binding="cut", p95=0.04, worst_frame=20, text=text)

    assert explain(cut) == f"{text} (a step of 0.76, allowed 0.15)"


def test_what_passed_needs_no_sentence_and_what_was_not_measured_says_why() -> None:
    assert explain(_score(Metric.IDENTITY, 0.9, 0.7)) == ""
    assert explain(_score(Metric.IDENTITY, None, 0.7)) == "not measured: There is no reference of aiko yet"


def test_an_attribute_that_differs_is_said_beside_identity_even_when_identity_passed() -> None:
    seen = {"aiko": {"eye_color": _attribute(), "hair_color": _attribute(measured="blue", agrees=True)}}
    passed = _score(Metric.IDENTITY, 0.9, 0.7, attributes=seen)

    assert attribute_sentences(passed) == [
        "aiko: eyes measured green, expected blue (18 frames, from frame 60 on).",
        "aiko: hair blue, as expected.",
    ]
    assert explanations([passed]) == ["aiko: eyes measured green, expected blue (18 frames, from frame 60 on)."]


def test_an_attribute_that_could_not_be_seen_is_never_called_different() -> None:
    unseen = {"aiko": {"eye_color": _attribute(measured=None, agrees=None, frames=0, from_frame=None)}}
    score = _score(Metric.IDENTITY, 0.9, 0.7, attributes=unseen)

    assert attribute_sentences(score) == ["aiko: eyes not seen, expected blue."]
    assert explanations([score]) == []


def test_the_course_shows_the_mark_and_which_bars_lie_on_its_bad_side() -> None:
    score = _score(Metric.TEMPORAL_LPIPS, 0.4, 0.15, curve=[0.05] * 50 + [0.4] + [0.05] * 50)

    lines = course(score, width=40, rows=4)

    assert [len(line.plain.split(" ≤")[0]) for line in lines] == [40] * 4
    assert sum("≤ 0.15" in line.plain for line in lines) == 1
    red = {line.plain[span.start : span.end] for line in lines for span in line.spans if span.style == "red"}
    assert "█" in red


@pytest.mark.parametrize("width", [80, 120])
def test_scores_in_full_fit_the_terminal_and_name_network_formula_and_worst_frame(width: int) -> None:
    mark = Mark(metric=Metric.TEMPORAL_LPIPS, limit=0.15, network="lpips-alex")
    measured = Measurement(
        metric=Metric.TEMPORAL_LPIPS,
        value=0.41,
        network="lpips-alex",
        network_sha256="ad54b7443a3d98bb",
        formula="2",
        detail={"mean": 0.1, "p95": 0.41, "worst_frame": 58, "curve": [0.1] * 118 + [0.44]},
    )
    profile = Profile(name="mine", marks={Phase.VIDEO: (mark,)})
    console = Console(file=StringIO(), width=width)

    console.print(score_details(judged_scores(judge([measured], profile, Phase.VIDEO))))

    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(len(line) for line in text.splitlines()) <= width
    for word in ("0.410", "≤ 0.15", "lower is better", "57 and 58", "p95 0.41", "lpips-alex ad54b744"):
        assert word in " ".join(text.split())
    assert "formula 2" in text


def _detail(scores: ScoresView | None) -> JobDetail:
    verdict, blocking = (scores.verdict, scores.blocking) if scores else (None, ())
    return a_detail(a_row(verdict=verdict, blocking=blocking), scores=scores)


class _Farm:
    """A farm that knows one job."""

    def __init__(self, detail: JobDetail) -> None:
        self._detail = detail

    def job(self, job_id: str) -> JobDetail:
        return self._detail

    def why(self, job_id: str) -> list[str]:
        return explanations(scores_of(self._detail.scores)) if self._detail.scores else []


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> JobDetail:
    """A job that jumps between two frames, known to the farm that commands open."""
    measured = Measurement(
        metric=Metric.TEMPORAL_LPIPS,
        value=0.41,
        network="lpips-alex",
        network_sha256="ad54b7443a3d98bb",
        detail={"p95": 0.41, "binding": "p95", "worst_frame": 58, "curve": [0.1, 0.44]},
    )
    scores = ScoresView(
        profile="embedded",
        phase=Phase.VIDEO,
        verdict=Verdict.RETAKE,
        blocking=("temporal_lpips",),
        not_measured=(),
        thresholds_used={"temporal_lpips": {"limit": 0.15, "network": "lpips-alex", "direction": "lower"}},
        measurements=(measured,),
        evaluated_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
    detail = _detail(scores)
    monkeypatch.setattr(jobs, "opened", lambda: nullcontext(_Farm(detail)))
    return detail


def test_a_jobs_scores_in_full_say_on_the_terminal_why_it_was_refused(
    known: JobDetail, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["job", str(known.row.id), "--scores"]) == 0

    said = " ".join(capsys.readouterr().out.split())
    assert "ep001/sc010/c0010 · full_video · take 1" in said
    assert "blocked by temporal_lpips" in said
    assert "the picture jumps by 0.44 between frames 57 and 58 (p95 0.41, allowed 0.15)." in said


def test_the_same_in_json_is_complete(known: JobDetail, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["job", str(known.row.id), "--scores", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["scores"]["measurements"][0]["detail"]["curve"] == [0.1, 0.44]
    assert told["explanations"]["temporal_lpips"]["status"] == "fail"
    assert told["explanations"]["temporal_lpips"]["sentence"].startswith("the picture jumps by 0.44")
    assert told["why"]


def test_a_job_without_scores_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(jobs, "opened", lambda: nullcontext(_Farm(_detail(None))))

    assert main(["job", str(UUID(int=1)), "--scores"]) == 0
    assert "It has no scores yet" in capsys.readouterr().out

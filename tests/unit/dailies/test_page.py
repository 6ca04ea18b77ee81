"""The dailies page: what it shows, what it says of lineages, and that it opens from disk."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from farm.dailies.from_jobs import page_gate
from farm.dailies.page import write_page
from farm.dailies.plots import curve_svg
from farm.dailies.values import Dailies, PageGate, PageTake, lineages
from farm.explaining.figures import figure, value_beside_mark
from farm.explaining.scores import MarkedScore
from farm.judging.reports import phase_report
from models.metrics import Metric
from models.vocabulary import JobType, Phase, ScoreStatus, Verdict
from tests.support.factories import a_unit, slow


def _score(metric: Metric = Metric.IDENTITY, value: float | None = 0.8, **more: Any) -> MarkedScore:
    status = ScoreStatus.NOT_MEASURED if value is None else ScoreStatus.PASS
    return MarkedScore(**{"metric": metric, "value": value, "mark": 0.7, "status": status, **more})


def _take(job_id: str, number: int = 1, **more: Any) -> PageTake:
    given = {
        "job_id": job_id,
        "parent_job_id": None,
        "root_job_id": "root",
        "take_number": number,
        "kind": JobType.ANIMATION_LOOP,
        "phase": Phase.LOOP,
        "name": "ep001/sc010/c0010",
        "seed": 2**64 - 1,
        "frames": 16,
        "width": 512,
        "height": 512,
        "fps": 24,
        "verdict": Verdict.PASS,
    }
    return PageTake(**{**given, **more})


class _Addresses(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("src", "href", "poster") and value]


def _page(tmp_path: Path, *takes: PageTake, **more: Any) -> str:
    dailies = Dailies(
        show="Lanterns",
        made_at=datetime(2026, 1, 2, tzinfo=UTC),
        profile="embedded",
        lineages=lineages(list(takes)),
        **more,
    )
    return write_page(dailies, tmp_path / "index.html").read_text()


def test_a_retake_stands_beside_the_take_it_replaced_with_the_metric_that_blocked(tmp_path: Path) -> None:
    bad = _take("a", verdict=Verdict.RETAKE, blocking=("luma_flicker",), drill="flicker")
    good = _take("b", 2, parent_job_id="a", changed="new seed")

    page = _page(tmp_path, good, bad)

    assert "Caught and retaken" in page
    assert "<b>luma flicker</b>" in page
    assert "fire drill · flicker" in page
    assert "Retaken with new seed." in page


def test_a_retake_that_was_refused_too_is_not_coloured_as_if_it_had_passed(tmp_path: Path) -> None:
    first = _take("a", verdict=Verdict.RETAKE, blocking=("identity",))
    second = _take("b", 2, parent_job_id="a", verdict=Verdict.RETAKE, blocking=("identity",))

    page = _page(tmp_path, first, second)

    assert 'class="side bad"' in page
    assert 'class="side good"' not in page
    assert "Take 2 was refused too, for <b>identity</b>." in page


def test_what_was_asked_for_and_is_not_in_the_picture_stands_below_it(tmp_path: Path) -> None:
    partly = _take("a", root_job_id="a", not_drawn=("prompt", "location: <moon base>"))

    page = _page(tmp_path, partly, _take("b", root_job_id="b"))

    assert page.count("not drawn: ") == 1
    assert "not drawn: prompt, location: &lt;moon base&gt;" in page


def test_a_fault_that_nobody_caught_is_listed_with_what_was_refused(tmp_path: Path) -> None:
    missed = _take("a", drill="flicker")

    page = _page(tmp_path, missed)

    assert '<span class="drill">flicker</span>' in page
    assert "<td>nothing</td>" in page


def test_a_value_just_short_of_its_mark_does_not_read_like_the_mark() -> None:
    missed = _score(value=0.78079, mark=0.781, status=ScoreStatus.FAIL)

    assert value_beside_mark(missed) == "0.7808"


def test_the_best_take_of_a_lineage_is_the_one_that_passed_and_the_last_while_none_is_judged() -> None:
    bad, good, worse = _take("a", verdict=Verdict.RETAKE), _take("b", 2), _take("c", 3, verdict=Verdict.RETAKE)

    (lineage,) = lineages([worse, good, bad])
    (unjudged,) = lineages([_take("a", verdict=None), _take("b", 2, verdict=None)])

    assert lineage.best is good
    assert [take.take_number for take in lineage.takes] == [1, 2, 3]
    assert unjudged.best.job_id == "b"


def test_a_page_needs_nothing_but_its_own_folder(tmp_path: Path) -> None:
    take = _take("a", still="media/a.png", moving="media/a.mp4", master="media/a.mkv")

    reader = _Addresses()
    reader.feed(_page(tmp_path, take))

    assert "media/a.mp4" in reader.found
    assert not [address for address in reader.found if ":" in address or address.startswith("/")]


def test_words_from_a_show_are_text_and_never_markup(tmp_path: Path) -> None:
    page = _page(tmp_path, _take("a", line="<script>alert(1)</script>"))

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_what_was_not_measured_is_shown_as_such_with_its_reason(tmp_path: Path) -> None:
    score = _score(Metric.AESTHETIC, None, mark=None, reason="no CLIP weights here")

    page = _page(tmp_path, _take("a", scores=(score,)), leaves_out={"aesthetic": "no CLIP weights"})

    assert "not measured: no CLIP weights here" in page
    assert "leaves out" in page


def test_a_shut_gate_says_what_stands_in_the_way(tmp_path: Path) -> None:
    gate = PageGate(
        phase=Phase.STILL,
        is_open=False,
        judged=10,
        passed=7,
        pass_rate=0.7,
        blocking_issues=("identity: 3 failed",),
    )

    page = _page(tmp_path, _take("a"), gates=(gate,))

    assert "gate shut" in page
    assert "identity: 3 failed" in page


def test_a_gate_with_too_few_takes_says_so_although_all_of_them_passed() -> None:
    few = phase_report([a_unit()], Phase.STILL)
    enough = phase_report([a_unit() for _ in range(5)], Phase.STILL)

    assert page_gate(few).blocking_issues == ("5 cuts must be ordered, 1 is.",)
    assert page_gate(enough).blocking_issues == ()


def test_slow_stills_and_reused_takes_are_seen_on_the_page(tmp_path: Path) -> None:
    late = a_unit(cut="ep001/sc010/c0030", **slow(23.4))
    gate = page_gate(phase_report([late, *(a_unit() for _ in range(4))], Phase.STILL))

    page = _page(
        tmp_path,
        _take("a", render_seconds=23.4, is_slow=True),
        _take("b", root_job_id="other", reused_from="first-job"),
        gates=(gate,),
    )

    assert 'class="slow"' in page
    assert "made in 23.40 s, slow" in page
    assert "1 still took longer than 20 s, the slowest 23.4 s in ep001/sc010/c0030." in page
    assert "the equal take of job first-job" in page


def test_a_plot_marks_the_worst_frame_on_the_side_that_is_worse() -> None:
    higher = _score(Metric.IDENTITY, detail={"curve": [0.9, 0.5, 0.8]})
    lower = _score(Metric.TEMPORAL_LPIPS, detail={"curve": [0.1, 0.3, 0.2]})

    middle_of_the_plot = 'cx="160.0"'

    assert middle_of_the_plot in curve_svg(higher, "identity")
    assert middle_of_the_plot in curve_svg(lower, "LPIPS")


def test_a_flat_curve_has_a_plot_too() -> None:
    assert "polyline" in curve_svg(_score(mark=None, detail={"curve": [0.0, 0.0]}), "flat")


@pytest.mark.parametrize(
    ("metric", "value", "filled"), [(Metric.IDENTITY, 0.8, 0.8), (Metric.TEMPORAL_LPIPS, 0.7, 0.5)]
)
def test_a_bar_is_filled_up_to_the_value_and_where_lower_is_better_the_mark_is_the_middle(
    metric: Metric, value: float, filled: float
) -> None:
    assert _score(metric, value).filled == pytest.approx(filled)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.8012, "0.801"), (0.00123, "0.0012"), (120.0, "120"), (507.0049, "507.0"), (0.0, "0")],
)
def test_figures_keep_the_digits_that_decide(value: float | None, text: str) -> None:
    assert figure(value) == text


def test_the_course_stands_at_true_frame_numbers_and_the_bad_side_of_the_mark_is_shaded() -> None:
    held = _score(
        Metric.TEMPORAL_LPIPS,
        0.3,
        mark=0.15,
        detail={"curve": [0.1, 0.3, 0.1], "curve_frames": [1, 2, 11], "worst_frame": 2},
    )

    svg = curve_svg(held, "LPIPS", frames=12)

    assert 'class="worst" cx="62.0"' in svg  # 6 + 2 / 11 of 308
    assert '<rect class="beyond" x="0" y="0.0"' in svg


def test_where_higher_is_better_the_shade_lies_below_the_mark() -> None:
    svg = curve_svg(_score(Metric.IDENTITY, detail={"curve": [0.9, 0.5, 0.8]}), "identity")

    top = float(svg.split('class="beyond" x="0" y="')[1].split('"')[0])
    assert top > 40


def test_four_takes_of_one_order_stand_in_one_row_with_every_refusal_named(tmp_path: Path) -> None:
    refused = [
        _take(str(n), n, verdict=Verdict.RETAKE, blocking=(word,), changed="new seed")
        for n, word in enumerate(("luma_flicker", "identity", "identity"), start=1)
    ]

    page = _page(tmp_path, *refused, _take("4", 4, changed="new seed"))

    assert page.count('<article class="versus many"') == 1
    assert page.count('<div class="side ') == 4
    assert "Refused for <b>luma flicker</b>." in page
    assert "Take 3 was refused too, for <b>identity</b>." in page


def test_the_worst_frame_is_shown_as_a_picture_with_what_is_wrong_and_sought_by_its_number(
    tmp_path: Path,
) -> None:
    failed = _score(
        Metric.TEMPORAL_LPIPS,
        0.41,
        mark=0.15,
        status=ScoreStatus.FAIL,
        picture="media/a/worst.jpg",
        detail={"curve": [0.1, 0.44], "worst_frame": 8, "p95": 0.41, "worst_picture_frames": [7, 8]},
    )

    page = _page(tmp_path, _take("a", verdict=Verdict.RETAKE, scores=(failed,), fps=12))

    assert '<img src="media/a/worst.jpg"' in page
    assert "frames 7 and 8, side by side" in page
    assert "the picture jumps by 0.44 between frames 7 and 8 (p95 0.41, allowed 0.15)" in page
    assert 'data-at="0.708"' in page  # the middle of frame 8 at 12 frames a second, the first frame being 0


def test_an_attribute_that_differs_is_said_beside_identity(tmp_path: Path) -> None:
    seen = {"aiko": {"eye_color": {"expected": "blue", "measured": "green", "agrees": False, "frames": 1}}}
    score = _score(Metric.IDENTITY, detail={"attributes": seen})

    page = _page(tmp_path, _take("a", scores=(score,)))

    assert "aiko: eyes measured green, expected blue." in page

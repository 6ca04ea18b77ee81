"""The verdict on a take, the best of several, and the 80 % gate."""

from __future__ import annotations

import json
import math

import pytest

from farm.judging.best_take import best_take, overall_score
from farm.judging.reports import IssueKind, has_earned, phase_report
from farm.judging.verdicts import judge
from models.metrics import LACKS_COMPANY, Mark, Metric
from models.units import PhaseTally
from models.vocabulary import LeftOut, Phase, ScoreStatus, UnitKind, Verdict
from tests.support.factories import a_profile, a_take, a_unit, measured

IDENTITY = Mark(metric=Metric.IDENTITY, limit=0.7, network="toon-id")
LPIPS = Mark(metric=Metric.TEMPORAL_LPIPS, limit=0.15, network="lpips-alex")


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(0.7, Verdict.PASS), (0.71, Verdict.PASS), (math.nextafter(0.7, 0), Verdict.RETAKE)],
)
def test_the_mark_itself_passes_and_anything_below_it_does_not(value: float, verdict: Verdict) -> None:
    judgement = judge([measured(Metric.IDENTITY, value)], a_profile(IDENTITY), Phase.STILL)

    assert judgement.verdict is verdict


def test_where_lower_is_better_the_mark_itself_passes_too() -> None:
    profile = a_profile(LPIPS)

    at = judge([measured(Metric.TEMPORAL_LPIPS, 0.15, "lpips-alex")], profile, Phase.STILL)
    above = judge([measured(Metric.TEMPORAL_LPIPS, 0.1501, "lpips-alex")], profile, Phase.STILL)

    assert at.verdict is Verdict.PASS
    assert above.blocking == (Metric.TEMPORAL_LPIPS,)


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_required_metric_without_a_number_is_never_a_pass(value: float | None) -> None:
    judgement = judge([measured(Metric.IDENTITY, value)], a_profile(IDENTITY), Phase.STILL)

    assert judgement.verdict is Verdict.REVIEW
    assert judgement.not_measured == (Metric.IDENTITY,)
    assert judgement.scores[0].measurement.value is None


def test_the_first_take_of_a_scene_waits_for_no_company() -> None:
    continuity = Mark(metric=Metric.SCENE_CONTINUITY, limit=0.9, network="toon-scene")
    alone = measured(Metric.SCENE_CONTINUITY, None, "toon-scene", detail={LACKS_COMPANY: True})

    both = judge([measured(Metric.IDENTITY, 0.8), alone], a_profile(IDENTITY, continuity), Phase.STILL)
    unknown = judge([alone], a_profile(IDENTITY, continuity), Phase.STILL)

    assert (both.verdict, both.not_measured) == (Verdict.PASS, ())
    assert both.scores[1].status is ScoreStatus.NOT_MEASURED
    assert (unknown.verdict, unknown.not_measured) == (Verdict.REVIEW, (Metric.IDENTITY,))


def test_a_metric_nobody_measured_at_all_is_not_measured() -> None:
    judgement = judge([], a_profile(IDENTITY), Phase.STILL)

    assert judgement.verdict is Verdict.REVIEW
    assert "toon-id" in judgement.scores[0].measurement.reason


def test_a_number_by_another_network_is_not_compared() -> None:
    judgement = judge([measured(Metric.IDENTITY, 0.99, "ccip")], a_profile(IDENTITY), Phase.STILL)

    assert judgement.verdict is Verdict.REVIEW
    assert judgement.scores[0].status is ScoreStatus.NOT_MEASURED
    assert "ccip" in judgement.scores[0].measurement.reason


def test_the_marks_own_network_is_found_among_several_numbers() -> None:
    told = [measured(Metric.IDENTITY, 0.1, "ccip"), measured(Metric.IDENTITY, 0.8)]

    judgement = judge(told, a_profile(IDENTITY), Phase.STILL)

    assert judgement.verdict is Verdict.PASS


def test_what_failed_outweighs_what_was_not_measured() -> None:
    judgement = judge([measured(Metric.IDENTITY, 0.2)], a_profile(IDENTITY, LPIPS), Phase.STILL)

    assert judgement.verdict is Verdict.RETAKE
    assert judgement.blocking == (Metric.IDENTITY,)
    assert judgement.not_measured == (Metric.TEMPORAL_LPIPS,)


def test_an_orders_own_limit_replaces_the_mark_and_keeps_its_network() -> None:
    told = [measured(Metric.IDENTITY, 0.75)]

    judgement = judge(told, a_profile(IDENTITY), Phase.STILL, {"identity": 0.8})

    assert judgement.verdict is Verdict.RETAKE
    assert judgement.scores[0].mark == Mark(metric=Metric.IDENTITY, limit=0.8, network="toon-id")


def test_a_profile_without_marks_for_a_phase_passes_nothing() -> None:
    judgement = judge([measured(Metric.IDENTITY, 1.0)], a_profile(IDENTITY), Phase.VIDEO)

    assert judgement.verdict is Verdict.REVIEW


def test_the_best_take_passes_then_blocks_least_then_scores_highest() -> None:
    failed = a_take(Verdict.RETAKE, 1)
    failed_twice = a_take(Verdict.RETAKE, 2, blocking=("identity", "jitter"))
    nearer = a_take(Verdict.RETAKE, 3, values={"identity": 0.6})
    reviewed = a_take(Verdict.REVIEW, 4)
    passed = a_take(Verdict.PASS, 5)

    assert best_take([failed_twice, failed]) is failed
    assert best_take([failed, nearer]) is nearer
    assert best_take([nearer, reviewed]) is reviewed
    assert best_take([failed, reviewed, passed, failed_twice]) is passed
    assert best_take([a_take(None)]) is None


def test_what_a_person_approved_beats_whatever_the_gate_passed() -> None:
    approved = a_take(Verdict.APPROVED, 2, blocking=("identity",), values={"identity": 0.4})

    assert best_take([a_take(Verdict.PASS, 1), approved, a_take(Verdict.PASS, 3)]) is approved


def test_of_equal_takes_the_earlier_one_is_kept() -> None:
    first, second = a_take(Verdict.PASS, 1), a_take(Verdict.PASS, 2)

    assert best_take([second, first]) is first


def test_the_overall_score_is_the_mean_of_value_to_mark_and_each_counts_at_most_once() -> None:
    take = a_take(
        values={"identity": 0.35, "temporal_lpips": 0.3, "style_adherence": 0.99, "sharpness": 900.0},
        limits={"identity": 0.7, "temporal_lpips": 0.15, "style_adherence": 0.85, "sharpness": 20.0},
    )

    # identity 0.5, LPIPS inverted 0.5, style capped at 1; the structural contract is no scale
    assert overall_score(take) == pytest.approx((0.5 + 0.5 + 1.0) / 3)


def test_a_perfect_zero_where_lower_is_better_scores_one() -> None:
    take = a_take(values={"temporal_lpips": 0.0}, limits={"temporal_lpips": 0.15})

    assert overall_score(take) == 1.0


def test_nothing_measured_has_no_overall_score() -> None:
    assert overall_score(a_take(values={}, limits={})) is None


@pytest.mark.parametrize(
    ("passed", "ordered", "opens"),
    [(4, 5, True), (3, 5, False), (4, 4, False), (8, 10, True), (7, 9, False), (12, 15, True), (28, 35, True)],
)
def test_the_door_opens_at_exactly_80_percent_of_at_least_five(passed: int, ordered: int, opens: bool) -> None:
    units = [a_unit() for _ in range(passed)]
    units += [a_unit(a_take(Verdict.RETAKE)) for _ in range(ordered - passed)]

    report = phase_report(units, Phase.STILL)

    assert report.can_open is opens
    assert bool(report.missing) is not opens


def test_unfinished_unscored_and_failed_jobs_stay_in_the_denominator() -> None:
    units = [a_unit() for _ in range(4)]
    units += [a_unit(a_take(None), in_work=True), a_unit(a_take(None), error="Out of memory.")]

    report = phase_report(units, Phase.STILL)

    assert (report.ordered, report.judged, report.finished, report.passed) == (6, 4, 5, 4)
    assert not report.can_open
    kinds = {issue.kind: issue for issue in report.blocking_issues}
    assert set(kinds) == {IssueKind.UNFINISHED, IssueKind.NO_TAKE}
    assert "Out of memory" in kinds[IssueKind.NO_TAKE].sentence


def test_what_is_left_out_leaves_the_count_and_is_listed() -> None:
    called_off = a_unit(a_take(None), left_out=LeftOut.CANCELLED)
    omitted = a_unit(a_take(Verdict.RETAKE), left_out=LeftOut.OMITTED)
    scratch = a_unit(kind=UnitKind.SCRATCH, cut=None, orders=3, left_out=LeftOut.SCRATCH)
    again = a_unit(kind=UnitKind.REPRODUCTION, cut=None, left_out=LeftOut.REPRODUCTION)

    report = phase_report([*(a_unit() for _ in range(5)), called_off, omitted, scratch, again], Phase.STILL)

    assert (report.can_open, report.ordered, report.passed) == (True, 5, 5)
    assert (report.cancelled, report.omitted) == ((called_off.cut,), (omitted.cut,))
    assert (report.scratch, report.reproductions) == (3, 1)
    assert report.left_out_sentence == (
        f"Not counted: omitted {omitted.cut}; cancelled {called_off.cut}; 3 scratch orders; 1 reproduction."
    )


@pytest.mark.parametrize(
    ("cuts", "ordered", "opens"), [(3, 3, True), (3, 2, False), (12, 4, False), (0, 4, False)]
)
def test_a_small_show_needs_no_more_than_its_cuts(cuts: int, ordered: int, opens: bool) -> None:
    report = phase_report([a_unit() for _ in range(ordered)], Phase.STILL, cuts=cuts)

    assert report.can_open is opens
    assert report.minimum == {3: 3}.get(cuts, 5)
    assert has_earned(PhaseTally(ordered=ordered, passed=ordered, cuts=cuts)) is opens


def test_a_cut_counts_once_by_its_best_take_however_often_it_was_ordered() -> None:
    lucky = a_unit(*(a_take(Verdict.RETAKE, number) for number in range(1, 99)), a_take(Verdict.PASS, 99))
    bad = [a_unit(a_take(Verdict.RETAKE)) for _ in range(11)]

    report = phase_report([lucky, *bad], Phase.LOOP, cuts=12)

    assert (report.ordered, report.passed, report.can_open) == (12, 1, False)
    assert report.individual_results[0].takes == 99


def test_the_evidence_of_a_door_stays_small() -> None:
    told = phase_report([a_unit() for _ in range(1200)], Phase.STILL).to_json()

    assert (len(told["individual_results"]), told["results_not_shown"], told["ordered"]) == (1000, 200, 1200)


def test_an_approved_take_passes_and_a_rejected_one_does_not() -> None:
    units = [a_unit(a_take(Verdict.APPROVED)) for _ in range(4)] + [a_unit(a_take(Verdict.REJECTED))]

    report = phase_report(units, Phase.STILL)

    assert report.passed == 4
    assert [issue.kind for issue in report.blocking_issues] == [IssueKind.REJECTED]


def test_a_blocking_issue_names_metric_count_worst_job_and_mean_against_mark() -> None:
    worst = a_unit(a_take(Verdict.RETAKE, values={"identity": 0.2}), cut="ep001/sc010/c0020")
    units = [a_unit(), a_unit(a_take(Verdict.RETAKE)), worst]

    (issue,) = phase_report(units, Phase.STILL).blocking_issues

    assert worst.best is not None
    assert (issue.metric, issue.failed, issue.worst_job) == (Metric.IDENTITY, 2, worst.best.job_id)
    assert issue.mean == pytest.approx((0.9 + 0.4 + 0.2) / 3)
    assert issue.mark == 0.7
    assert issue.sentence == (
        "identity failed 2 times: mean 0.500 against 0.700, worst 0.200 in ep001/sc010/c0020."
    )


def test_the_worst_of_a_metric_where_lower_is_better_is_the_highest() -> None:
    def flickering(value: float) -> object:
        return a_take(
            Verdict.RETAKE,
            blocking=("luma_flicker",),
            values={"luma_flicker": value},
            limits={"luma_flicker": 0.01},
        )

    units = [a_unit(flickering(0.02)), a_unit(flickering(0.09))]  # type: ignore[arg-type]

    (issue,) = phase_report(units, Phase.LOOP).blocking_issues

    assert issue.worst_value == 0.09


def test_what_was_not_measured_is_an_issue_of_its_own() -> None:
    waiting = a_unit(a_take(Verdict.REVIEW, not_measured=("aesthetic",), values={}))

    (issue,) = phase_report([waiting], Phase.STILL).blocking_issues

    assert (issue.kind, issue.metric) == (IssueKind.NOT_MEASURED, Metric.AESTHETIC)
    assert "was not measured once" in issue.sentence


def test_nothing_ordered_is_reported_without_a_rate() -> None:
    report = phase_report([], Phase.STILL)

    assert report.pass_rate is None
    assert report.missing == ("5 cuts must be ordered, 0 are.",)


def test_a_report_is_plain_json_for_the_doors_evidence() -> None:
    units = [a_unit(), a_unit(a_take(Verdict.RETAKE)), a_unit(a_take(None), in_work=True)]

    told = json.loads(json.dumps(phase_report(units, Phase.STILL).to_json()))

    assert told["phase"] == "still"
    assert {"metric", "failed", "worst_job", "mean", "mark", "sentence"} <= told["blocking_issues"][0].keys()

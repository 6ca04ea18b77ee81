"""From jobs in the catalogue to takes on a page of dailies, and to the takes of `report.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.dailies.values import PageGate, PageTake
from farm.explaining.scores import scores_of
from farm.explaining.sentences import explain
from farm.explaining.why import changed
from models.metrics import Metric
from models.rates import plain_rate
from models.takes import is_slow
from models.vocabulary import JobType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from farm.judging.reports import PhaseReport
    from models.jobs import JobDetail
    from models.metrics import Profile


def page_take(
    detail: JobDetail,
    *,
    still: str | None = None,
    moving: str | None = None,
    master: str | None = None,
    pictures: Mapping[Metric, str] | None = None,
) -> PageTake:
    """One job as the page shows it; the addresses of its media are relative to the page.

    `pictures` are those of worst frames, by metric.
    """
    row, recipe = detail.row, detail.recipe
    cast = tuple(look.name for look in recipe.characters)
    return PageTake(
        job_id=str(row.id),
        parent_job_id=str(row.parent_job_id) if row.parent_job_id else None,
        root_job_id=str(row.root_job_id),
        take_number=row.take_number,
        kind=row.job_type,
        phase=row.phase,
        name=row.cut or " & ".join(cast) or row.project,
        line=recipe.scene.dialogue or recipe.scene.action,
        characters=cast,
        seed=recipe.seed,
        renderer=f"{recipe.renderer} {detail.renderer_version or ''}".strip(),
        **_take_facts(detail),
        still=still,
        moving=moving,
        master=master,
        verdict=row.verdict,
        blocking=row.blocking,
        not_measured=detail.scores.not_measured if detail.scores else (),
        scores=scores_of(detail.scores, pictures) if detail.scores else (),
        values=detail.scores.values if detail.scores else {},
        limits=detail.scores.limits if detail.scores else {},
        not_drawn=detail.not_drawn,
        changed=changed(detail.retake_reason).rstrip(".") if detail.retake_reason else "",
        drill=recipe.defect.value if recipe.defect else "",
        error=detail.queue.error_message or "",
    )


def _take_facts(detail: JobDetail) -> dict[str, Any]:
    """What the take is; what it was ordered to be while there is none."""
    recipe, take = detail.recipe, detail.take
    if take is None:
        ordered = ("width", "height", "fps")
        return {"frames": recipe.frame_count, **{name: getattr(recipe, name) for name in ordered}}
    facts = {name: getattr(take, name) for name in ("pixel_sha256", "frames", "width", "height", "fps")}
    if take.reused_from_job_id is not None:
        return {**facts, "reused_from": str(take.reused_from_job_id)}
    is_late = is_slow(detail.row.job_type, take.render_seconds)
    return {**facts, "render_seconds": take.render_seconds, "is_slow": is_late}


def page_gate(report: PhaseReport) -> PageGate:
    """A phase's gate as the page shows it."""
    return PageGate(
        phase=report.phase,
        is_open=report.can_open,
        judged=report.judged,
        passed=report.passed,
        pass_rate=report.pass_rate or 0.0,
        required_rate=report.required_rate,
        blocking_issues=(*_too_few(report), *(issue.sentence for issue in report.blocking_issues)),
        pace=report.pace_sentence,
    )


def _too_few(report: PhaseReport) -> tuple[str, ...]:
    """What keeps a gate shut whose share is reached: the bar beside it would not tell."""
    is_reached = report.pass_rate is not None and report.pass_rate >= report.required_rate
    return report.missing if is_reached and not report.can_open else ()


def left_out(profile: Profile, spec: Profile) -> tuple[dict[str, str], dict[str, str]]:
    """(metrics of the specification nobody judges here, those judged by another network), each with why."""
    judged = {mark.metric: mark.network for marks in profile.marks.values() for mark in marks}
    asked = {mark.metric: mark.network for marks in spec.marks.values() for mark in marks}
    nobody = {
        metric.value: profile.leaves_out.get(metric, "not in this profile")
        for metric in asked
        if metric not in judged
    }
    another = {
        metric.value: profile.leaves_out.get(metric, f"by {judged[metric]} instead of {network}")
        for metric, network in asked.items()
        if metric in judged and judged[metric] != network
    }
    return nobody, another


def report_take(take: PageTake) -> dict[str, Any]:
    """One take in the shape that `report.json` promises."""
    return {
        "job_id": take.job_id,
        "parent_job_id": take.parent_job_id,
        "kind": take.kind.value,
        "phase": take.phase.value,
        "cut": None if take.kind is JobType.CHARACTER_SHEET else take.name,
        "seed": take.seed,
        "pixel_sha256": take.pixel_sha256,
        "frames": take.frames,
        "width": take.width,
        "height": take.height,
        "fps": plain_rate(take.fps),
        "render_seconds": take.render_seconds or None,
        "is_slow": take.is_slow,
        "master": take.master,
        "verdict": take.verdict.value if take.verdict else None,
        "blocking": list(take.blocking),
        "drill": take.drill or None,
        "not_drawn": list(take.not_drawn),
        "scores": {
            score.metric.value: {
                "value": score.value,
                "mark": score.mark,
                "status": score.status.value,
                "network": score.network,
                "why": explain(score),
            }
            for score in take.scores
        },
    }

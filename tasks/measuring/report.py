"""What was measured of one file and how it was judged, in the shape that scripts read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.metrics import Metric
from models.vocabulary import ScoreStatus

if TYPE_CHECKING:
    from pathlib import Path

    from models.metrics import Judgement, Profile
    from models.vocabulary import Phase


def report(path: Path, phase: Phase, profile: Profile, judgement: Judgement) -> dict[str, Any]:
    """The shape that `farm score --json` promises; what the profile leaves out is listed as not measured."""
    left_out = _left_out(profile, phase)
    metrics: dict[str, Any] = {metric.value: _nobody(metric, reason) for metric, reason in left_out.items()}
    for scored in judgement.scores:
        measured = scored.measurement.to_json()
        metrics[measured["metric"]] = {
            "value": measured["value"],
            "mark": scored.mark.limit if scored.mark else None,
            "direction": scored.measurement.metric.direction.value,
            "status": scored.status.value,
            "network": measured["network"],
            "network_sha256": measured["network_sha256"],
            "formula": measured["formula"],
            "detail": measured["detail"] | ({"reason": measured["reason"]} if measured["reason"] else {}),
        }
    return {
        "file": str(path),
        "phase": phase.value,
        "profile": profile.name,
        "verdict": judgement.verdict.value,
        "blocking": [metric.value for metric in judgement.blocking],
        "not_measured": [metric.value for metric in (*judgement.not_measured, *left_out)],
        "metrics": metrics,
    }


def _left_out(profile: Profile, phase: Phase) -> dict[Metric, str]:
    """What the specification asks of this phase and the profile has no mark for: not measured, not required."""
    from workers.scoring.profiles import SPEC

    judged = {mark.metric for mark in profile.marks[phase]}
    wanted = [mark.metric for mark in SPEC.marks[phase] if mark.metric not in judged]
    return {metric: profile.leaves_out.get(metric, "not in this profile") for metric in wanted}


def _nobody(metric: Metric, reason: str) -> dict[str, Any]:
    return {
        "value": None,
        "mark": None,
        "direction": metric.direction.value,
        "status": ScoreStatus.NOT_MEASURED.value,
        "network": "none",
        "network_sha256": "",
        "formula": "",
        "detail": {"reason": reason},
    }

"""What a calibration says to scripts: the shape that `farm calibrate --json` promises."""

from __future__ import annotations

import json
from uuid import UUID

from farm.judging.calibration import CalibratedMark, Calibration, Flip, Labels, Overall
from farm.judging.statistics import Errors, Proposal, Rate
from models.metrics import Mark, Metric
from models.vocabulary import Phase, Verdict
from tests.support.factories import a_profile

ERRORS = Errors(
    false_rejects=Rate(wrong=1, of=4, low=0.012345, high=0.5),
    false_accepts=Rate(wrong=0, of=0, low=0.0, high=1.0),
)
ERRORS_SAID = {
    "false_rejects": {"wrong": 1, "of": 4, "interval": [0.0123, 0.5]},
    "false_accepts": {"wrong": 0, "of": 0, "interval": [0.0, 1.0]},
}
MARK = Mark(metric=Metric.IDENTITY, limit=0.7, network="toon-id")
PROPOSAL = Proposal(
    present=0.7,
    limit=0.65,
    interval=(0.6, 0.68),
    approved=4,
    at_present=ERRORS,
    separation=(0.9, 0.8, 1.0),
    reason="Few takes.",
)
CALIBRATION = Calibration(
    project_id=UUID(int=1),
    project="moon",
    profile=a_profile(),
    labels=Labels.PERSON,
    marks=(CalibratedMark(phase=Phase.STILL, mark=MARK, proposal=PROPOSAL, network_sha256="ab", left_out=2),),
    flips=(
        Flip(
            job_id=UUID(int=2),
            cut=None,
            phase=Phase.STILL,
            take_number=3,
            before=Verdict.RETAKE,
            after=Verdict.PASS,
            metrics=(Metric.IDENTITY,),
            person=None,
        ),
    ),
    overall=(Overall(phase=Phase.STILL, at_present=ERRORS, at_proposed=ERRORS),),
    takes=9,
)


def test_a_calibration_says_its_marks_its_flips_and_its_errors_in_plain_json() -> None:
    assert json.loads(json.dumps(CALIBRATION.to_json())) == {
        "project": "moon",
        "profile": "test",
        "labels": "person",
        "warning": "",
        "takes": 9,
        "marks": [
            {
                "phase": "still",
                "metric": "identity",
                "direction": "higher",
                "network": "toon-id",
                "network_sha256": "ab",
                "formula": "",
                "present": 0.7,
                "proposed": 0.65,
                "interval": [0.6, 0.68],
                "one_sided": False,
                "approved": 4,
                "rejected": 0,
                "left_out": 2,
                "at_present": ERRORS_SAID,
                "at_proposed": None,
                "held_out": None,
                "separation": [0.9, 0.8, 1.0],
                "reason": "Few takes.",
            }
        ],
        "overall": [{"phase": "still", "at_present": ERRORS_SAID, "at_proposed": ERRORS_SAID}],
        "flips": [
            {
                "job_id": str(UUID(int=2)),
                "cut": None,
                "phase": "still",
                "take_number": 3,
                "before": "retake",
                "after": "pass",
                "metrics": ["identity"],
                "person": None,
            }
        ],
    }

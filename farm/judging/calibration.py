"""Calibrates a project's marks from takes people decided about, says what would change, and changes nothing.

Keeping the result under a name is one step, `keep`; judging by it is another, `choose`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from db import catalogue
from db.catalogue import JudgedTake, choose_profile, judged_takes, keep_profile
from farm.judging import profiles
from farm.judging.reviews import deciding
from farm.judging.statistics import Errors, Proposal, Sample, propose, rate
from farm.judging.verdicts import judge
from models.actors import Actor, ActorKind
from models.errors import BadInput, Conflict
from models.metrics import Direction
from models.plain import plain, plain_fields
from models.shows import EVIDENCE
from models.vocabulary import Phase, Verdict
from workers.scoring.profiles import BUILT_IN

if TYPE_CHECKING:
    from uuid import UUID

    from db.engine import Session
    from models.metrics import Mark, Measurement, Metric, Profile


class Labels(StrEnum):
    """Whose word says that a take is right or wrong."""

    PERSON = "person"  #: approved and rejected takes
    #: also the gate's own verdicts, which can only repeat the present marks; the person is warned
    VERDICTS = "verdicts"


CIRCULAR = "The gate's own verdicts are among the labels: they repeat the marks that were in force."


def labels_called(word: str) -> Labels:
    """Whose word `word` says; raises `BadInput` for nobody's."""
    if word not in tuple(Labels):
        raise BadInput(f"Nothing is learned from '{word[:40]}'.", hint=f"Choose from: {', '.join(Labels)}.")
    return Labels(word)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratedMark:
    """One mark of the profile, and what the takes say about it."""

    phase: Phase
    mark: Mark
    proposal: Proposal
    #: the file and formula whose numbers were used; those of another are never mixed with them
    network_sha256: str = ""
    formula: str = ""
    #: labelled takes left out because another file or formula measured them
    left_out: int = 0

    def to_json(self) -> dict[str, Any]:
        proposal = plain_fields(self.proposal)
        return {
            "phase": self.phase.value,
            "metric": self.mark.metric.value,
            "direction": self.mark.metric.direction.value,
            "network": self.mark.network,
            "network_sha256": self.network_sha256,
            "formula": self.formula,
            "left_out": self.left_out,
            "proposed": proposal.pop("limit"),
            **proposal,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A take the proposed marks would have judged otherwise."""

    job_id: UUID
    cut: str | None
    phase: Phase
    take_number: int
    before: Verdict
    after: Verdict
    #: the metrics that decide the difference
    metrics: tuple[Metric, ...]
    #: what a person said of it, if anybody did
    person: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overall:
    """What all marks of a phase together do to takes people decided about."""

    phase: Phase
    at_present: Errors
    at_proposed: Errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What the takes of a project say about the marks of one profile."""

    project_id: UUID
    project: str
    profile: Profile
    labels: Labels
    marks: tuple[CalibratedMark, ...]
    flips: tuple[Flip, ...] = ()
    overall: tuple[Overall, ...] = ()
    takes: int = 0  #: measured and judged, with or without a label

    @property
    def proposed(self) -> tuple[CalibratedMark, ...]:
        """The marks for which there is a limit to propose."""
        return tuple(mark for mark in self.marks if mark.proposal.limit is not None)

    def to_json(self) -> dict[str, Any]:
        return {
            "project": self.project,
            "profile": self.profile.name,
            "labels": self.labels.value,
            "warning": CIRCULAR if self.labels is Labels.VERDICTS else "",
            "takes": self.takes,
            "marks": plain(self.marks),
            "overall": plain(self.overall),
            "flips": plain(self.flips),
        }


def calibrate(
    session: Session, project: str, *, profile: str, phase: Phase | None = None, labels: Labels = Labels.PERSON
) -> Calibration:
    """What the takes of a project say about the marks of a profile, in one phase or in all; changes nothing.

    Raises:
        UnknownName: there is no such project or profile.
        BadInput: the project's own profile cannot be read.
    """
    row = catalogue.project(session, project)
    judged_by = profiles.named(row.defaults.profiles, profile)
    takes = [take for each in ([phase] if phase else Phase) for take in judged_takes(session, row.id, each)]
    marks = tuple(
        _calibrated(each, mark, [take for take in takes if take.phase is each], labels)
        for each in Phase
        if any(take.phase is each for take in takes)
        for mark in judged_by.marks[each]
        if not mark.metric.is_structural
    )
    calibration = Calibration(
        project_id=row.id, project=row.slug, profile=judged_by, labels=labels, marks=marks, takes=len(takes)
    )
    proposed = _proposed_profile(calibration, judged_by.name)
    flips = [flip for take in takes if (flip := _flip(take, judged_by, proposed))]
    overall = [
        Overall(
            phase=each,
            at_present=_together(takes, judged_by, each, labels),
            at_proposed=_together(takes, proposed, each, labels),
        )
        for each in dict.fromkeys(mark.phase for mark in calibration.proposed)
    ]
    return replace(calibration, flips=tuple(flips), overall=tuple(overall))


def keep(session: Session, calibration: Calibration, name: str, *, by: Actor | str) -> dict[str, Any]:
    """Store the proposed marks as a new profile of the project, with their evidence; nobody judges by it yet.

    Raises:
        Forbidden: nobody is named.
        BadInput: the name is empty or too long.
        Conflict: nothing was proposed, or the name is taken.
    """
    who = Actor.named(by, "A profile names nobody who decided.")
    if not name.strip() or len(name) > 100:
        raise BadInput("A profile's name has 1 to 100 letters.", hint="Choose a shorter one.")
    if not calibration.proposed:
        raise Conflict(
            f"There is nothing to keep as '{name}': no mark could be proposed.",
            hint="The table says what each one lacks.",
        )
    own = catalogue.project(session, calibration.project_id).defaults.profiles
    old = calibration.profile.name
    based_on = own[old].get("based_on", "embedded") if old in own else old
    profile = profiles.to_data(_proposed_profile(calibration, name), based_on)
    profile[EVIDENCE] = {
        "by": str(who),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "from_profile": old,
        "labels": calibration.labels.value,
        "takes": calibration.takes,
        "flips": len(calibration.flips),
        "marks": plain(calibration.marks),
    }
    if name in BUILT_IN or not keep_profile(session, calibration.project_id, name, profile):
        raise Conflict(
            f"There is a profile '{name}' already, and takes may have been judged by it.",
            hint="Give the new marks a name of their own.",
        )
    return profile


def choose(session: Session, project: str, name: str, *, by: Actor | str) -> Profile:
    """Judge a project's next orders by this profile; what was ordered before keeps its own.

    Raises:
        UnknownName: there is no such project or profile.
        BadInput: the profile cannot be read.
        Forbidden: nobody is named.
    """
    who = Actor.named(by, "Nobody is named who chose the profile.")
    row = catalogue.project(session, project)
    chosen = profiles.named(row.defaults.profiles, name)
    choose_profile(session, row.id, name, by=str(who))
    return chosen


def _calibrated(phase: Phase, mark: Mark, takes: list[JudgedTake], labels: Labels) -> CalibratedMark:
    pairs = [
        (take, number)
        for take in takes
        if _is_right(take, labels) is not None and (number := _number(take, mark)) is not None
    ]
    if not pairs:
        return CalibratedMark(phase=phase, mark=mark, proposal=_proposal([], mark))
    newest = max(pairs, key=lambda pair: pair[0].evaluated_at)[1]
    version = (newest.network_sha256, newest.formula)
    samples = [
        Sample(value=number.value, approved=bool(_is_right(take, labels)), unit=take.unit)
        for take, number in pairs
        if (number.network_sha256, number.formula) == version and number.value is not None
    ]
    return CalibratedMark(
        phase=phase,
        mark=mark,
        proposal=_proposal(samples, mark),
        network_sha256=version[0],
        formula=version[1],
        left_out=len(pairs) - len(samples),
    )


def _is_right(take: JudgedTake, labels: Labels) -> bool | None:
    """Whether a take is right by the labels; None where they say nothing of it."""
    person = _person(take)
    if person is not None or labels is Labels.PERSON:
        return None if person is None else person is Verdict.APPROVED
    return {Verdict.PASS: True, Verdict.RETAKE: False}.get(take.verdict)


def _person(take: JudgedTake) -> Verdict | None:
    """What a person said of a take; None where nobody did, or a program had the last word."""
    review = deciding(take.reviews)
    return review.verdict if review and review.by.kind is ActorKind.PERSON else None


def _proposal(samples: list[Sample], mark: Mark) -> Proposal:
    low, high = mark.metric.range
    best = high if mark.metric.direction is Direction.HIGHER else low
    return propose(samples, mark.metric.direction, mark.limit, best=best)


def _number(take: JudgedTake, mark: Mark) -> Measurement | None:
    """What this mark's network measured of a take; None when it did not."""
    return next(
        (
            each
            for each in take.measurements
            if (each.metric, each.network) == (mark.metric, mark.network) and each.value is not None
        ),
        None,
    )


def _proposed_profile(calibration: Calibration, name: str) -> Profile:
    limits = {
        (each.phase, each.mark.metric, each.mark.network): each.proposal.limit
        for each in calibration.marks
        if each.proposal.limit is not None
    }
    return profiles.with_limits(calibration.profile, name, limits)


def _flip(take: JudgedTake, present: Profile, proposed: Profile) -> Flip | None:
    before = judge(take.measurements, present, take.phase, take.quality_thresholds)
    after = judge(take.measurements, proposed, take.phase, take.quality_thresholds)
    if before.verdict is after.verdict:
        return None
    return Flip(
        job_id=take.job_id,
        cut=take.cut,
        phase=take.phase,
        take_number=take.take_number,
        before=before.verdict,
        after=after.verdict,
        metrics=tuple(sorted(set(before.blocking) ^ set(after.blocking))),
        person=_person(take),
    )


def _together(takes: list[JudgedTake], profile: Profile, phase: Phase, labels: Labels) -> Errors:
    """How often a whole profile retakes what is right and passes what is wrong; a review is neither."""
    labelled = [take for take in takes if take.phase is phase and _is_right(take, labels) is not None]
    judged = [judge(take.measurements, profile, phase, take.quality_thresholds).verdict for take in labelled]
    good = np.array([_is_right(take, labels) for take in labelled], dtype=np.bool_)
    units = np.array([take.unit for take in labelled])
    refused = np.array([verdict is Verdict.RETAKE for verdict in judged], dtype=np.bool_)
    passed = np.array([verdict is Verdict.PASS for verdict in judged], dtype=np.bool_)
    return Errors(
        false_rejects=rate(refused[good], units[good]), false_accepts=rate(passed[~good], units[~good])
    )

"""The built-in profiles on renders of our own: every metric must come out, and the embedded marks must hold."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from models.errors import BadInput, FarmError, NotMeasured
from models.metrics import Direction, Metric
from models.vocabulary import JobType, Phase
from tasks.acceptance_findings import Band, Finding, compared, missing, noted
from tasks.acceptance_networks import pull_command
from workers.media.masters import MasterWriter, write_still
from workers.renderers.toon.drawing import frames
from workers.scoring.casting import Cast, character, clip, picture
from workers.scoring.expectations import Expectations
from workers.scoring.network_table import IDENTITY_METRICS
from workers.scoring.profiles import EMBEDDED, SPEC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from models.metrics import Mark, Measurement, Profile
    from models.recipe import Recipe
    from workers.scoring.panel import Panel
    from workers.scoring.references import CharacterReference, StyleReference

    Picture = NDArray[np.uint8]

SECTION = "Own renders"
_SERIES = "clip"
#: one of the random clips of `casting`: one person, seen from the front
_NUMBER = 2
VIDEO_FRAMES = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Render:
    """One take of our own and the pictures it is held against."""

    phase: Phase
    recipe: Recipe
    master: Path
    poster: Picture
    neighbour: Path  #: another cut of the same scene
    people: tuple[int, ...]  #: as `casting` numbers them


def render(folder: Path, video_frames: int = VIDEO_FRAMES) -> list[Render]:
    """A still, a loop and a short video of one scene, drawn by the toon renderer, into `folder`."""
    video = clip(_NUMBER, JobType.FULL_VIDEO, length=video_frames)
    still = replace(video.recipe, job_type=JobType.STILL_IMAGE, frame_count=1)
    scene = replace(still.scene, camera_angle="wide")
    beside = write_still(folder / "neighbour", next(frames(replace(still, scene=scene))))
    casts = (
        Cast(still, video.characters),
        clip(_NUMBER, JobType.ANIMATION_LOOP, length=16),
        video,
    )
    return [_rendered(folder, cast, beside) for cast in casts]


def _rendered(folder: Path, cast: Cast, neighbour: Path) -> Render:
    recipe = cast.recipe
    phase = recipe.job_type.phase
    poster = next(frames(recipe))
    if not recipe.job_type.is_motion:
        master = write_still(folder / phase.value, poster)
    else:
        with MasterWriter(folder / phase.value, recipe.fps) as writer:
            for frame in frames(recipe):
                writer.add(frame)
        master = writer.path
    return Render(
        phase=phase, recipe=recipe, master=master, poster=poster, neighbour=neighbour, people=cast.characters
    )


def judged(panel: Panel, renders: list[Render]) -> Iterator[Finding]:
    """Every mark of the embedded profile, then what the spec profile asks beyond it."""
    known = {(each.phase, mark.metric, mark.network) for each in renders for mark in EMBEDDED.marks[each.phase]}
    for each in renders:
        yield from _held(panel, each, EMBEDDED, list(EMBEDDED.marks[each.phase]))
    for each in renders:
        marks = [
            mark for mark in SPEC.marks[each.phase] if (each.phase, mark.metric, mark.network) not in known
        ]
        yield from _held(panel, each, SPEC, marks)


def _held(panel: Panel, take: Render, profile: Profile, marks: list[Mark]) -> Iterator[Finding]:
    wanted = [(mark.metric, mark.network) for mark in marks]
    try:
        measured = panel.measure(take.master, _expectations(panel, take, marks), wanted)
    except FarmError as error:
        yield missing(SECTION, f"{take.phase.value}, profile {profile.name}", error.message, error.hint)
        return
    for mark, found in zip(marks, measured, strict=True):
        yield _finding(take.phase, profile, mark, found)


def _finding(phase: Phase, profile: Profile, mark: Mark, found: Measurement) -> Finding:
    network = "" if mark.network == "none" else f" ({mark.network})"
    name = f"{phase.value}: {mark.metric.value}{network}"
    if found.value is None:
        todo = "Look at the take and at its references: everything this needs is here."
        if "not installed" in found.reason or "damaged" in found.reason:
            todo = pull_command(required=True)
        return missing(SECTION, name, found.reason, todo)
    if profile is EMBEDDED:
        higher = mark.metric.direction is Direction.HIGHER
        band = Band(
            low=mark.limit if higher else -math.inf,
            high=math.inf if higher else mark.limit,
            source="the embedded profile's mark, which a good render keeps",
        )
        return compared(SECTION, name, found.value, band)
    # The upstream networks learnt from photographs: what they say of drawings is to be known, not to be passed.
    shown = f"{found.value:.4g} (mark {mark.limit:g}, {'kept' if mark.holds(found.value) else 'not kept'})"
    return noted(SECTION, name, shown, value=found.value)


def _expectations(panel: Panel, take: Render, marks: list[Mark]) -> Expectations:
    recipe = take.recipe
    people = tuple(
        reference
        for mark in marks
        if mark.metric in IDENTITY_METRICS
        for reference in _people(panel, take, mark.network)
    )
    return Expectations(
        phase=take.phase,
        job_type=recipe.job_type,
        frame_count=recipe.frame_count,
        width=recipe.width,
        height=recipe.height,
        fps=recipe.fps,
        one_shot=True,
        expected=tuple(character(number, _SERIES).name for number in take.people),
        characters=people,
        style=_style(panel, marks),
        neighbours=(take.neighbour,) if take.phase is Phase.VIDEO else (),
    )


def _people(panel: Panel, take: Render, network: str) -> Iterator[CharacterReference]:
    """References of everybody in the take; none when the network is missing or sees nobody, as it then says."""
    for number in take.people:
        approved = [next(frames(picture((number,), _SERIES, 900 + take_).recipe)) for take_ in range(4)]
        try:
            reference = panel.build_identity_reference(approved, network)
        except (BadInput, NotMeasured):
            return
        yield reference.of(character(number, _SERIES).name)


def _style(panel: Panel, marks: list[Mark]) -> StyleReference | None:
    for mark in marks:
        if mark.metric is Metric.STYLE_ADHERENCE:
            approved = [next(frames(picture((number,), _SERIES, 1).recipe)) for number in range(8)]
            try:
                return panel.build_style_reference(approved, mark.network)
            except NotMeasured:
                return None
    return None

"""The built-in profiles on renders of our own: every metric must come out, and the embedded marks must hold."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from models.errors import BadInput, NotMeasured, StepFailed
from models.metrics import Direction, Metric
from models.vocabulary import JobType, Phase
from workers.acceptance.findings import Band, Finding, compared, crashed, missing, noted
from workers.acceptance.networks import pull_command
from workers.media.masters import MasterWriter, write_still
from workers.renderers.toon.drawing import frames
from workers.renderers.toon.random_scenes import Cast, character, clip, picture
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
#: one of the random clips of `random_scenes`: one person, seen from the front
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
    people: tuple[int, ...]  #: as `random_scenes` numbers them


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


@dataclass
class Approved:
    """References of who and what the renders show, each made once by each network that asks for it."""

    panel: Panel
    _people: dict[tuple[str, int], CharacterReference | None] = field(default_factory=dict)
    _styles: dict[str, StyleReference | None] = field(default_factory=dict)

    def people(self, network: str, numbers: tuple[int, ...]) -> tuple[CharacterReference, ...]:
        """References of those characters that the network could describe; none when it is missing."""
        known = [self._person(network, number) for number in numbers]
        return tuple(reference for reference in known if reference is not None)

    def style(self, network: str) -> StyleReference | None:
        """The style of eight approved frames; None when the network is missing."""
        if network not in self._styles:
            try:
                # Asked before anything is drawn for it.
                self.panel.shelf.embedder(network)
                approved = [next(frames(picture((number,), _SERIES, 1).recipe)) for number in range(8)]
                self._styles[network] = self.panel.build_style_reference(approved, network)
            except NotMeasured:
                self._styles[network] = None
        return self._styles[network]

    def _person(self, network: str, number: int) -> CharacterReference | None:
        if (network, number) not in self._people:
            try:
                self.panel.shelf.faces(network)
                approved = [next(frames(picture((number,), _SERIES, 900 + take).recipe)) for take in range(4)]
                reference = self.panel.build_identity_reference(approved, network)
                self._people[network, number] = reference.of(character(number, _SERIES).name)
            except (BadInput, NotMeasured):
                self._people[network, number] = None
        return self._people[network, number]


def judged(panel: Panel, renders: list[Render]) -> Iterator[Finding]:
    """Every mark of the embedded profile, then what the spec profile asks beyond it."""
    approved = Approved(panel)
    known = {(each.phase, mark.metric, mark.network) for each in renders for mark in EMBEDDED.marks[each.phase]}
    for each in renders:
        yield from _held(approved, each, EMBEDDED, list(EMBEDDED.marks[each.phase]))
    for each in renders:
        marks = [
            mark for mark in SPEC.marks[each.phase] if (each.phase, mark.metric, mark.network) not in known
        ]
        yield from _held(approved, each, SPEC, marks)


def _held(approved: Approved, take: Render, profile: Profile, marks: list[Mark]) -> Iterator[Finding]:
    wanted = [(mark.metric, mark.network) for mark in marks]
    try:
        measured = approved.panel.measure(take.master, _expectations(approved, take, marks), wanted)
    except StepFailed as error:
        yield crashed(SECTION, f"{take.phase.value}, profile {profile.name}", error)
        return
    for mark, measurement in zip(marks, measured, strict=True):
        yield _finding(take.phase, profile, mark, measurement)


def _finding(phase: Phase, profile: Profile, mark: Mark, measurement: Measurement) -> Finding:
    network = "" if mark.network == "none" else f" ({mark.network})"
    name = f"{phase.value}: {mark.metric.value}{network}"
    if measurement.value is None:
        todo = "Look at the take and at its references: everything this needs is here."
        if "not installed" in measurement.reason or "damaged" in measurement.reason:
            todo = pull_command(required=True)
        return missing(SECTION, name, measurement.reason, todo)
    if profile is EMBEDDED:
        higher = mark.metric.direction is Direction.HIGHER
        band = Band(
            low=mark.limit if higher else -math.inf,
            high=math.inf if higher else mark.limit,
            source="the embedded profile's mark, which a good render keeps",
        )
        return compared(SECTION, name, measurement.value, band)
    # The upstream networks learnt from photographs: what they say of drawings is to be known, not to be passed.
    kept = "kept" if mark.holds(measurement.value) else "not kept"
    shown = f"{measurement.value:.4g} (mark {mark.limit:g}, {kept})"
    return noted(SECTION, name, shown, value=measurement.value)


def _expectations(approved: Approved, take: Render, marks: list[Mark]) -> Expectations:
    people = tuple(
        reference
        for mark in marks
        if mark.metric in IDENTITY_METRICS
        for reference in approved.people(mark.network, take.people)
    )
    styles = [mark.network for mark in marks if mark.metric is Metric.STYLE_ADHERENCE]
    return Expectations.of(
        take.recipe,
        one_shot=True,
        expected=tuple(character(number, _SERIES).name for number in take.people),
        characters=people,
        style=next((approved.style(name) for name in styles), None),
        neighbours=(take.neighbour,) if take.phase is Phase.VIDEO else (),
    )

"""`farm score FILE`: measure and judge any picture or clip, without a database or a queue."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farm.cli.console import AsJson, note, print_json
from farm.cli.opened import here
from farm.cli.options import rate_said, size_of
from farm.cli.progress import counting_bar
from farm.cli.tables.judgement import print_judgement
from farm.paths import typed
from models.errors import BadInput, NotMeasured, StepFailed
from models.metrics import Metric
from models.vocabulary import Exit, Phase, Verdict
from tasks.measuring.report import report
from workers.scoring.network_table import IDENTITY_METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from models.metrics import Judgement, Profile
    from workers.scoring.expectations import Expectations
    from workers.scoring.panel import Panel
    from workers.scoring.references import CharacterReference, StyleReference


def score(
    file: Annotated[str, typer.Argument(help="A picture (PNG, JPEG, WebP...) or a clip (MKV, MP4, APNG...).")],
    *,
    phase: Annotated[Phase, typer.Option(help="Which phase's metrics and marks to hold it to.")],
    profile: Annotated[str, typer.Option(help="Who judges: embedded or spec.")] = "embedded",
    reference: Annotated[
        list[str] | None,
        typer.Option(
            help="An approved picture of who must be seen; repeat. NAME=IMAGE for several characters."
        ),
    ] = None,
    style: Annotated[
        list[str] | None, typer.Option(help="An approved frame of the show's style; repeat, eight or more.")
    ] = None,
    frames: Annotated[
        int | None,
        typer.Option(
            min=1, help="Ordered frames; default: what it holds, but 1 for a still, at least 16 and 120 else."
        ),
    ] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Ordered size; default: the file's.")] = None,
    fps: Annotated[str | None, typer.Option(help="Ordered rate, as 24 or 23.976; default: the file's.")] = None,
    details: Annotated[
        bool, typer.Option("--details", help="Each score in full: why it failed, its course, its worst frame.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure one file and judge it. Exit 0 pass, 1 not passed, 2 could not be judged, 3 bad input."""
    from workers.scoring.profiles import profile as built_in

    path = typed(file)
    judged_by = built_in(profile)
    ordered = _ordered(path, phase, frames=frames, size=size_of(size), fps=rate_said(fps))
    judgement = _judged(path, judged_by, ordered, references=reference or [], styles=style or [])
    if as_json:
        print_json(report(path, phase, judged_by, judgement))
    else:
        title = f"{path.name} · {phase.value} · profile {judged_by.name}"
        print_judgement(judgement, title=title, details=details)
    raise typer.Exit(_EXITS[judgement.verdict])


_EXITS = {
    Verdict.PASS: Exit.OK,
    Verdict.RETAKE: Exit.NOT_PASSED,
    Verdict.REVIEW: Exit.NOT_JUDGED,
    Verdict.APPROVED: Exit.OK,
    Verdict.REJECTED: Exit.NOT_PASSED,
}


def _judged(
    path: Path, profile: Profile, ordered: Expectations, *, references: Sequence[str], styles: Sequence[str]
) -> Judgement:
    """The file measured and judged.

    Raises:
        NotMeasured: the scoring itself broke, which says nothing of the file.
    """
    from farm.judging.verdicts import judge
    from farm.ops.stack import threads_here
    from workers.scoring.panel import Panel

    phase = ordered.phase
    panel = Panel(here().networks_dir, threads=threads_here())
    wanted = [(mark.metric, mark.network) for mark in profile.marks[phase]]
    try:
        expectations = _expect(panel, profile, ordered, references=references, styles=styles)
        with counting_bar(f"scoring {path.name}") as bar:
            measurements = panel.measure(path, expectations, wanted, progress=bar)
    except StepFailed as error:
        raise NotMeasured(error.message, hint=error.hint) from error
    return judge(measurements, profile, phase)


def _ordered(
    path: Path, phase: Phase, *, frames: int | None, size: tuple[int, int] | None, fps: int | Fraction | None
) -> Expectations:
    """What the file is held to: what was said, and for the rest what it says of itself."""
    from workers.media.reading import FrameReader
    from workers.scoring.expectations import Expectations

    reader = FrameReader(path, fps or 0)  # refuses what is no picture at all, before anything is measured
    stated = reader.fps
    try:
        for _ in reader:
            pass
        info = reader.info
    except BadInput:
        # It opens and then breaks: that is a finding (`decodable`), and the panel is the one to report it.
        shape = (frames or _usual(phase, 1), size or (1, 1), fps or stated or 1)
    else:
        count = frames or _usual(phase, info.frames)
        # Drawings tell only how long they are held; in how many frames each, the number of all frames does.
        held = count // info.frames if reader.drawings and frames and not count % info.frames else 1
        shape = (count, size or (info.width, info.height), fps or info.fps * held or 1)
    count, (width, height), rate = shape
    return Expectations(
        phase=phase, job_type=phase.usual_kind, frame_count=count, width=width, height=height, fps=rate
    )


def _usual(phase: Phase, frames: int) -> int:
    """How many frames a file of `frames` should have: a loop or video may be longer than usual, not shorter."""
    least = phase.usual_kind.default_frames
    return least if phase is Phase.STILL else max(least, frames)


def _expect(
    panel: Panel,
    profile: Profile,
    ordered: Expectations,
    *,
    references: Sequence[str],
    styles: Sequence[str],
) -> Expectations:
    """The same expectations, with references made from the pictures that were named."""
    from dataclasses import replace

    phase = ordered.phase
    return replace(
        ordered,
        characters=_characters(panel, _networks(profile, phase, IDENTITY_METRICS), references),
        style=_style(panel, _networks(profile, phase, frozenset({Metric.STYLE_ADHERENCE})), styles),
    )


def _networks(profile: Profile, phase: Phase, metrics: frozenset[Metric]) -> list[str]:
    """The networks by which a profile judges these metrics, each once."""
    return list(dict.fromkeys(mark.network for mark in profile.marks[phase] if mark.metric in metrics))


def _characters(panel: Panel, networks: list[str], references: Sequence[str]) -> tuple[CharacterReference, ...]:
    """Everybody as each network knows them; what a missing network would have known stays unmeasured."""
    cast: dict[str, list[Any]] = {}
    for text in references:
        name, path = _named(text)
        cast.setdefault(name, []).append(_picture(path))
    if cast and not networks:
        note("No reference is needed: the profile judges no identity in this phase.", "yellow")
    built = []
    for network in networks if cast else ():
        try:
            panel.shelf.faces(network)
        except NotMeasured as error:
            note(f"No reference by {network}: {error}", "yellow")
            continue
        built += [panel.build_identity_reference(pictures, network).of(name) for name, pictures in cast.items()]
    return tuple(built)


def _style(panel: Panel, networks: list[str], styles: Sequence[str]) -> StyleReference | None:
    if not styles:
        return None
    if not networks:
        note("No style is needed: the profile judges none in this phase.", "yellow")
        return None
    try:
        panel.shelf.embedder(networks[0])
    except NotMeasured as error:
        note(f"No style reference by {networks[0]}: {error}", "yellow")
        return None
    return panel.build_style_reference([_picture(typed(text)) for text in styles], networks[0])


def _named(text: str) -> tuple[str, Path]:
    """`yuki=a.png` names the character; a plain path is the only one."""
    name, equals, rest = text.partition("=")
    if equals and not Path(text).exists() and re.fullmatch(r"[\w-]+", name):
        return name, typed(rest)
    return "character", typed(text)


def _picture(path: Path) -> Any:
    from workers.media.reading import read_frames

    return next(iter(read_frames(path)))

"""Commands by which people judge: gate, review, calibrate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from farm.cli.console import AsJson, note, out, print_json, who_says
from farm.cli.opened import opened
from models.errors import BadInput
from models.reviews import ReviewReason
from models.vocabulary import Exit, Phase

if TYPE_CHECKING:
    from farm.judging.reports import PhaseReport

_PANEL = "Judge"
_REASONS = ", ".join(ReviewReason)


def join(app: typer.Typer) -> None:
    for command in (gate, review, calibrate):
        app.command(rich_help_panel=_PANEL)(command)


def review(
    job_id: Annotated[str, typer.Argument(help="The judged job.")],
    *,
    approve: Annotated[
        bool, typer.Option("--approve", help="The take is right, whatever the gate said.")
    ] = False,
    reject: Annotated[
        bool, typer.Option("--reject", help="The take is wrong, whatever the gate said.")
    ] = False,
    by: Annotated[str | None, typer.Option(help="Who decides; default: who is logged in.")] = None,
    reason: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help=f"What is wrong or right; repeat: {_REASONS}.")
    ] = None,
    frame: Annotated[int | None, typer.Option(help="The frame it is about, from 0.")] = None,
    comment: Annotated[str, typer.Option("--note", help="Why; kept with the verdict.")] = "",
    as_json: AsJson = False,
) -> None:
    """Decide about a take in the gate's place, by name; the last review decides, `farm job` shows them all.

    The gate counts it; `farm calibrate` learns from it.
    """
    if approve is reject:
        raise BadInput("A review says one thing.", hint="Give either --approve or --reject.")
    who, reasons = str(who_says(by)).strip(), tuple(reason or ())
    with opened() as farm:
        outcome = farm.review(job_id, approve=approve, by=who, note=comment, reasons=reasons, frame=frame)
    if as_json:
        print_json(
            {
                "job_id": job_id,
                "verdict": outcome.verdict,
                "by": who,
                "reasons": reasons,
                "frame": frame,
                "note": comment,
                "door_opened": outcome.door_opened,
            }
        )
        return
    colour = "green" if approve else "red"
    out().print(Text.assemble((outcome.verdict.value, f"bold {colour}"), f" by {who}: {job_id}"))
    if outcome.door_opened:
        out().print(Text(f"The {outcome.door_opened.value} phase is open.", "green"))
    if reject:
        note(f"Make it again with `farm retake {job_id} --reason ...`.")


def calibrate(
    project: Annotated[str, typer.Argument(help="The project.")],
    *,
    phase: Annotated[Phase | None, typer.Option(help="Only this phase; default: all.")] = None,
    profile: Annotated[str | None, typer.Option(help="Whose marks; default: the project's profile.")] = None,
    labels: Annotated[
        str, typer.Option(help="person: approved and rejected takes. verdicts: also what the gate said.")
    ] = "person",
    apply: Annotated[
        str | None, typer.Option(metavar="NAME", help="Keep the proposed marks as a new profile of this name.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who decides, with --apply.")] = None,
    as_json: AsJson = False,
) -> None:
    """Propose marks from takes people approved and rejected, and show which verdicts would change.

    Nothing changes by itself: --apply keeps the marks under a new name, `farm show profile` puts them to use.
    Exit 2 when no mark could be proposed.
    """
    from farm.cli.tables.calibration import print_calibration

    if labels not in ("person", "verdicts"):
        raise BadInput(f"There are no labels {labels!r}.", hint="Choose person or verdicts.")
    if apply is not None and by is None:
        raise BadInput("--apply needs the name of who decides.", hint="Add --by NAME.")
    with opened() as farm:
        calibration = farm.calibrate(project, phase=phase, profile=profile, labels=labels)
        if apply is not None:
            farm.keep_calibration(calibration, apply, by=by or "")
    if as_json:
        print_json(calibration.to_json() | {"applied": apply})
    else:
        print_calibration(calibration)
        if apply is not None:
            note(
                f"Kept as '{apply}'. `farm show profile {project} {apply}` judges the next orders by it.",
                "green",
            )
        elif calibration.proposed:
            note("Nothing was changed; keep the proposed marks with --apply NAME --by WHO.")
    raise typer.Exit(Exit.OK if calibration.proposed else Exit.NOT_JUDGED)


def gate(
    project: Annotated[str, typer.Argument(help="The project.")],
    *,
    phase: Annotated[Phase, typer.Option(help="Which phase.")],
    open_it: Annotated[bool, typer.Option("--open", help="Let orders of this phase in, by name.")] = False,
    close_it: Annotated[bool, typer.Option("--close", help="Let none in any more, by name.")] = False,
    by: Annotated[str, typer.Option(help="Who opens or closes it: a person.")] = "",
    reason: Annotated[str, typer.Option(help="Why; kept with the door.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say how a phase stands against its gate, and why; or open or close the phase as a person decides.

    Without --open and --close the exit code is the gate: 0 passed, 1 not.
    """
    if open_it and close_it:
        raise BadInput("A phase is opened or closed.", hint="Give either --open or --close.")
    if open_it or close_it:
        _decide(project, phase, by, reason, open_it=open_it, as_json=as_json)
        return
    if by or reason:
        raise BadInput("--by and --reason decide nothing by themselves.", hint="Add --open or --close.")
    with opened() as farm:
        report = farm.gate(project, phase)
    if as_json:
        print_json({"project": project, **report.to_json()})
    else:
        _print_gate(project, report)
    raise typer.Exit(Exit.OK if report.can_open else Exit.NOT_PASSED)


def _decide(project: str, phase: Phase, by: str, reason: str, *, open_it: bool, as_json: bool) -> None:
    with opened() as farm:
        decide = farm.open_phase if open_it else farm.close_phase
        door = decide(project, phase, by=by, reason=reason)
    if as_json:
        decision = {"phase": door.phase, "is_open": door.is_open, "by": door.decided_by, "at": door.decided_at}
        print_json({"project": project, **decision, "reason": reason})
        return
    state = ("open", "bold green") if door.is_open else ("closed", "bold red")
    out().print(Text.assemble(f"{project} · {phase.value} · ", state, f" by {door.decided_by}: {reason}"))


def _print_gate(project: str, report: PhaseReport) -> None:
    state = ("passed", "bold green") if report.can_open else ("not passed", "bold red")
    out().print(Text.assemble(f"{project} · {report.phase.value} · gate ", state))
    share = f"{report.pass_rate:.0%}" if report.pass_rate is not None else "–"
    needed = f"{report.required_rate:.0%} needed"
    out().print(f"{report.passed} of {report.ordered} cuts and sheets passed ({share}), {needed}")
    for sentence in report.missing:
        out().print(Text.assemble(("→ ", "yellow"), sentence))
    for issue in report.blocking_issues:
        out().print(Text.assemble(("✗ ", "red"), issue.sentence))
    if report.left_out_sentence:
        out().print(Text(report.left_out_sentence, "dim"))
    if report.pace_sentence:
        out().print(Text.assemble(("! ", "yellow"), report.pace_sentence))

"""Commands by which people judge: review, calibrate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from farm.cli.console import AsJson, logged_in, note, out, print_json
from farm.cli.opened import opened
from models.errors import BadInput
from models.vocabulary import Exit, Phase

if TYPE_CHECKING:
    from farm.judging.gate import GateOutcome

_PANEL = "Judge"


def join(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (review, calibrate):
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
    comment: Annotated[str, typer.Option("--note", help="Why; kept with the verdict.")] = "",
    as_json: AsJson = False,
) -> None:
    """Decide about a take in the gate's place, by name. The gate counts it; `farm calibrate` learns from it."""
    if approve is reject:
        raise BadInput("A review says one thing.", hint="Give either --approve or --reject.")
    who = logged_in() if by is None else by
    with opened() as farm:
        outcome = farm.review(job_id, approve=approve, by=who, note=comment)
    if as_json:
        print_json(_told(job_id, who, comment, outcome))
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
        found = farm.calibrate(project, phase=phase, profile=profile, labels=labels)
        if apply is not None:
            farm.keep_calibration(found, apply, by=by or "")
    if as_json:
        print_json(found.to_json() | {"applied": apply})
    else:
        print_calibration(found)
        if apply is not None:
            note(
                f"Kept as '{apply}'. `farm show profile {project} {apply}` judges the next orders by it.",
                "green",
            )
        elif found.proposed:
            note("Nothing was changed; keep the proposed marks with --apply NAME --by WHO.")
    raise typer.Exit(Exit.OK if found.proposed else Exit.NOT_JUDGED)


def _told(job_id: str, who: str, comment: str, outcome: GateOutcome) -> dict[str, str | None]:
    return {
        "job_id": job_id,
        "verdict": outcome.verdict.value,
        "by": who,
        "note": comment,
        "door_opened": outcome.door_opened.value if outcome.door_opened else None,
    }

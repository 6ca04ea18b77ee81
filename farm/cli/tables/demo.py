"""The demo on the terminal: a board while it runs, and the table it ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from farm.cli.console import columns, out
from farm.cli.tables.jobs import count_of
from farm.dailies.from_jobs import left_out
from models.vocabulary import JobState, Phase

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import RenderableType

    from farm.demo.report import DemoResult, DrillResult
    from models.jobs import JobRow

_TITLES = {Phase.STILL: "stills and sheets", Phase.LOOP: "loops", Phase.VIDEO: "videos"}
_AT_WORK = (JobState.PROCESSING, JobState.QUALITY_CHECK)


class DemoBoard:
    """One phase while it runs: how many takes are judged, and what is being made."""

    def __init__(self, phase: Phase) -> None:
        self._title = _TITLES[phase]
        self._rows: Sequence[JobRow] = ()

    def look(self, rows: Sequence[JobRow]) -> RenderableType:
        """The board as it stands now."""
        self._rows = rows
        judged = sum(row.verdict is not None for row in rows)
        head = Table.grid(padding=(0, 2))
        retakes = sum(row.take_number > 1 for row in rows)
        head.add_row(
            Text(self._title, "bold"),
            ProgressBar(total=len(rows), completed=judged, width=28),
            f"{judged} of {len(rows)} judged",
            Text(f"{retakes} retakes" if retakes else "", "yellow"),
        )
        lines = [self._line(row) for row in rows if row.state in _AT_WORK]
        return Group(head, *lines[:4])

    def last_words(self) -> str:
        """The phase in one line, once it is over."""
        passed = sum(bool(row.verdict and row.verdict.passes) for row in self._rows)
        retakes = sum(row.take_number > 1 for row in self._rows)
        return f"{self._title}: {len(self._rows)} takes, {passed} passed, {retakes} of them retakes"

    def _line(self, row: JobRow) -> Text:
        doing = "rendering" if row.state is JobState.PROCESSING else "scoring"
        done = f" {count_of(row)}" if count_of(row) else ""
        return Text(f"  {doing} {row.cut or row.job_type.value} take {row.take_number}{done}", "dim")


def print_result(outcome: DemoResult, out_dir: Path) -> None:
    """What happened, who judged, and what that leaves out."""
    out().print(_gates(outcome))
    out().print(_drills(outcome.drills))
    out().print(Text.assemble("\nordered too early: ", (outcome.refusal or "was NOT refused", "dim")))
    nobody, another = left_out(outcome.profile, outcome.spec)
    out().print(Text.assemble("judged by the profile ", (outcome.profile.name, "bold")))
    for metric, reason in nobody.items():
        out().print(Text.assemble(("  leaves out ", "yellow"), f"{metric}: {reason}"))
    for metric, reason in another.items():
        out().print(Text.assemble(("  in its own way ", "dim"), f"{metric}: {reason}"))
    out().print(f"\n{outcome.seconds:.0f} s, at most {outcome.peak_rss_mib:.0f} MiB of memory")
    out().print(Text.assemble("open ", (str(out_dir / "index.html"), "cyan")))
    ending = ("✓ everything the demo shows did happen", "bold green")
    out().print(Text(*(ending if outcome.ok else ("✗ not everything happened as it should", "bold red"))))


def _gates(outcome: DemoResult) -> Table:
    table = columns("phase", "takes", "passed", "rate", "gate", "in the way", title="Gates")
    for gate in outcome.gates:
        takes = sum(detail.row.phase is gate.phase for detail in outcome.details)
        state = Text("passed", "bold green") if gate.can_open else Text("shut", "bold red")
        issues = "\n".join(issue.sentence for issue in gate.blocking_issues)
        rate = f"{gate.pass_rate:.0%}" if gate.pass_rate is not None else "–"
        passed = f"{gate.passed} of {gate.ordered}"
        table.add_row(_TITLES[gate.phase], str(takes), passed, rate, state, issues)
    return table


def _drills(drills: Sequence[DrillResult]) -> Table:
    table = columns("", "fault", "where", "blocked by", "retake", title="\nFaults drawn on purpose")
    for each in drills:
        sign = Text("✓", "green") if each.ok else Text("✗", "bold red")
        blocked = Text(", ".join(each.blocking) or "nothing", "" if each.caught else "bold red")
        retake = "passed" if each.retake_passed else "did not pass" if each.retaken else "none"
        table.add_row(sign, each.drill.defect.value, each.cut, blocked, retake)
    return table

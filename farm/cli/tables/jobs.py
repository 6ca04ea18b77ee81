"""Lists of jobs as people read them: one or two lines each, with a bar where they move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from farm.cli.tables.judgement import VERDICT_STYLE
from models.vocabulary import JobState, JobType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from models.jobs import JobRow

_STATE_STYLE = {
    JobState.PENDING: "yellow",
    JobState.QUEUED: "dim",
    JobState.PROCESSING: "cyan",
    JobState.QUALITY_CHECK: "blue",
    JobState.COMPLETED: "green",
    JobState.FAILED: "bold red",
    JobState.TIMEOUT: "bold red",
    JobState.CANCELLED: "dim",
}


_BAR = 13
#: narrower than this, a job takes two lines: its id under its name, its take under its phase
_ONE_LINE = 130


class JobsTable:
    """Jobs with a bar where they move and the verdict where there is one, laid out for the console's width."""

    def __init__(self, rows: Iterable[JobRow]) -> None:
        self._rows = list(rows)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._wide() if options.max_width >= _ONE_LINE else self._narrow()

    def _wide(self) -> Table:
        table = Table(box=None, header_style="dim", pad_edge=False)
        for title in ("job", "what", "kind", "take", "state", "", "verdict"):
            table.add_column(title, no_wrap=title in ("job", "take", "state"))
        for row in self._rows:
            table.add_row(
                Text(str(row.id), "dim"),
                row.cut or row.project,
                row.job_type.value.replace("_", " "),
                _take(row, ""),
                _state(row),
                _bar_beside_count(row),
                _verdict(row, between="  "),
            )
        return table

    def _narrow(self) -> Table:
        table = Table(box=None, header_style="dim", pad_edge=False)
        table.add_column("job", overflow="fold", min_width=36)
        table.add_column("take", no_wrap=True)
        table.add_column("state", no_wrap=True)
        table.add_column("verdict", overflow="fold")
        for row in self._rows:
            sheet = row.job_type is JobType.CHARACTER_SHEET
            table.add_row(
                Text.assemble(row.cut or row.project, "\n", (str(row.id), "dim")),
                Text.assemble("sheet" if sheet else row.phase.value, "\n", _take(row, "take ")),
                Group(Text(count_of(row), "cyan") if count_of(row) else _state(row), _bar(row)),
                _verdict(row, between="\n"),
            )
        return table


def jobs_table(rows: Iterable[JobRow]) -> JobsTable:
    """Every job, one or two lines each."""
    return JobsTable(rows)


def _state(row: JobRow) -> Text:
    return Text(row.state.value.replace("_", " "), _STATE_STYLE[row.state])


def count_of(row: JobRow) -> str:
    """What of a running render is done, `step 12 of 20` or `frame 40 of 120`; empty where it tells nothing."""
    if row.state is not JobState.PROCESSING:
        return ""
    if row.current_frame and row.total_frames > 1:
        return f"frame {row.current_frame} of {row.total_frames}"
    return f"step {row.current_step} of {row.total_steps}" if row.total_steps else ""


def _bar(row: JobRow) -> RenderableType:
    """Progress in frames once they come one by one; before that in sampler steps, each of all frames."""
    if row.state is not JobState.PROCESSING:
        return Text("")
    if row.total_steps and not row.current_frame:
        return ProgressBar(total=row.total_steps, completed=row.current_step, width=_BAR)
    if row.total_frames > 1:
        return ProgressBar(total=row.total_frames, completed=row.current_frame, width=_BAR)
    return Text("")


def _bar_beside_count(row: JobRow) -> RenderableType:
    if not count_of(row):
        return _bar(row)
    both = Table.grid(padding=(0, 1))
    both.add_row(_bar(row), Text(count_of(row), "dim"))
    return both


def _take(row: JobRow, word: str) -> Text:
    """The take's number, or that it only makes another one again."""
    if row.reproduces_job_id is not None:
        return Text("again", "magenta")
    return Text(f"{word}{row.take_number}", "dim" if word else "")


def _verdict(row: JobRow, *, between: str) -> Text:
    if row.verdict is None:
        return Text("")
    text = Text(row.verdict.value, VERDICT_STYLE[row.verdict])
    return text.append(between + ", ".join(row.blocking), "dim red") if row.blocking else text

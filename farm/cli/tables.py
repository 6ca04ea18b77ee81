"""Jobs as people read them: a table with progress bars, and one job in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from farm.cli.verdicts import VERDICT_STYLE, scores_table, verdict_line
from farm.dailies_jobs import scores_of as judged_scores
from models.vocabulary import JobState, JobType

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from models.views import JobDetail, JobRow, ScoresView

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
                str(row.take_number),
                _state(row),
                _progress(row),
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
                Text.assemble("sheet" if sheet else row.phase.value, "\n", (f"take {row.take_number}", "dim")),
                Group(_state(row), _progress(row)),
                _verdict(row, between="\n"),
            )
        return table


def jobs_table(rows: Iterable[JobRow]) -> JobsTable:
    """Every job, one or two lines each."""
    return JobsTable(rows)


def _state(row: JobRow) -> Text:
    return Text(row.state.value.replace("_", " "), _STATE_STYLE[row.state])


def _progress(row: JobRow) -> RenderableType:
    if row.state is JobState.PROCESSING and row.total_frames > 1:
        return ProgressBar(total=row.total_frames, completed=row.current_frame, width=13)
    return Text("")


def _verdict(row: JobRow, *, between: str) -> Text:
    if row.verdict is None:
        return Text("")
    text = Text(row.verdict.value, VERDICT_STYLE[row.verdict])
    return text.append(between + ", ".join(row.blocking), "dim red") if row.blocking else text


def job_facts(detail: JobDetail) -> Table:
    """What was ordered, where it stands, and what it made."""
    row, recipe, take = detail.row, detail.recipe, detail.take
    facts = [
        ("job", str(row.id)),
        ("project", row.project),
        ("cut", row.cut or "–"),
        ("kind", f"{row.job_type.value} ({row.phase.value}), take {row.take_number}"),
        ("state", row.state.value),
        (
            "recipe",
            f"{recipe.width}x{recipe.height}, {recipe.frame_count} frames at {recipe.fps}, seed {recipe.seed}",
        ),
        ("renderer", f"{recipe.renderer} {detail.renderer_version or ''}".strip()),
        ("pool", f"{row.pool}, priority {row.priority}"),
        ("ordered", f"{_time(row.created_at)} by {row.requested_by}"),
    ]
    if recipe.defect:
        facts.append(("fire drill", recipe.defect.value))
    if take is not None:
        facts += [
            ("take", f"{take.frames} frames, {take.width}x{take.height}, {take.size_bytes / 2**20:.2f} MiB"),
            ("pixels", take.pixel_sha256),
            ("master", take.master_path),
            ("render time", f"{take.render_seconds:.2f} s"),
        ]
    return _pairs(facts)


def attempts_table(detail: JobDetail) -> Table:
    """Each worker's try at each step."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for title in ("step", "worker", "began", "took", "outcome", "why"):
        table.add_column(title, overflow="fold", no_wrap=title in ("step", "began", "took", "outcome"))
    for attempt in detail.attempts:
        took = (
            ""
            if attempt.ended_at is None
            else f"{(attempt.ended_at - attempt.started_at).total_seconds():.2f} s"
        )
        why = attempt.error_message or ""
        outcome = attempt.outcome.value if attempt.outcome else "running"
        table.add_row(attempt.step.value, attempt.worker_id, _time(attempt.started_at), took, outcome, why)
    return table


def scores_of(scores: ScoresView) -> tuple[Table, Text]:
    """The scores of a job beside the marks that were in force, and the verdict."""
    return scores_table(judged_scores(scores)), verdict_line(
        scores.verdict, scores.blocking, scores.not_measured
    )


def _pairs(facts: list[tuple[str, str]]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, value)
    return table


def _time(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"

"""Commands that look: jobs, job, watch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.live import Live
from rich.text import Text

from farm.cli.console import AsJson, note, out, print_json, print_list
from farm.cli.opened import opened
from models.vocabulary import Exit, JobState, Phase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from farm.client import Farm
    from models.jobs import JobDetail, JobRow

_PANEL = "Look"


def join(app: typer.Typer) -> None:
    for command in (jobs, job, watch):
        app.command(rich_help_panel=_PANEL)(command)


def jobs(
    *,
    project: Annotated[str | None, typer.Option(help="Only this project's.")] = None,
    phase: Annotated[Phase | None, typer.Option(help="Only this phase's.")] = None,
    state: Annotated[JobState | None, typer.Option(help="Only jobs in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Jobs on a page.")] = 50,
    after: Annotated[str | None, typer.Option(help="The `next` of the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    from farm.cli.tables.jobs import jobs_table
    from farm.explaining.answers import to_json

    with opened() as farm:
        page = farm.jobs(project=project, phase=phase, state=state, after=after, limit=limit)
    if as_json:
        print_list(to_json(page.items), page.next)
        return
    if not page.items:
        out().print("No jobs.")
        return
    out().print(jobs_table(page.items))
    if page.next:
        note(f"More: farm jobs --after {page.next}")


def job(
    job_id: Annotated[str, typer.Argument(help="The job's id.")],
    *,
    scores: Annotated[
        bool, typer.Option("--scores", help="Each score in full: why it failed, its course, its worst frame.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Everything about one job: recipe, attempts, take, scores beside their marks, and why it stands so."""
    from farm.explaining.answers import explained_json, job_json

    with opened() as farm:
        detail, reasons = farm.job(job_id), farm.why(job_id)
    if as_json:
        print_json(job_json(detail) | {"why": reasons, "explanations": explained_json(detail.scores)})
    elif scores:
        _print_scores(detail)
    else:
        _print_job(detail, reasons)


def watch(
    job_ids: Annotated[list[str] | None, typer.Argument(help="Ids; none watches all that is not over.")] = None,
    project: Annotated[str | None, typer.Option(help="Without ids: only this project's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Watch jobs and their retakes until all are over. Exit 1 when one did not pass."""
    from farm.explaining.answers import to_json

    with opened() as farm:
        watched: Sequence[UUID | str] = job_ids or farm.under_way(project=project)
        if not watched:
            print_list([]) if as_json else out().print("Nothing is under way.")
            return
        rows = follow(farm, watched, quiet=as_json)
    if as_json:
        print_list(to_json(rows))
    raise typer.Exit(ended_well(rows))


def follow(farm: Farm, job_ids: Sequence[UUID | str], *, quiet: bool) -> tuple[JobRow, ...]:
    """Show jobs live until they and their retakes are over; the last look."""
    from farm.cli.tables.jobs import jobs_table

    rows: tuple[JobRow, ...] = ()
    if quiet:
        return farm.wait(job_ids)
    with Live(console=out(), refresh_per_second=8) as live:
        for rows in farm.watch(job_ids):
            live.update(jobs_table(rows))
    if not out().is_terminal:
        # In a pipe the last table is printed without a newline at its end.
        out().print()
    return rows


def ended_well(rows: Sequence[JobRow]) -> Exit:
    """OK when a take of every root passed; a reproduction counts nowhere: it only has to be made."""
    well = {row.root_job_id for row in rows if _ended_well(row)}
    return Exit.OK if well == {row.root_job_id for row in rows} else Exit.NOT_PASSED


def _ended_well(row: JobRow) -> bool:
    if row.reproduces_job_id is not None:
        return row.state is JobState.COMPLETED
    return row.verdict is not None and row.verdict.passes


def _print_job(detail: JobDetail, reasons: list[str]) -> None:
    from farm.cli.tables import job as job_details
    from farm.cli.tables import jobs as tables

    out().print(job_details.job_facts(detail))
    for sentence in reasons:
        out().print(Text.assemble(("→ ", "cyan"), sentence))
    if detail.reproduction is not None:
        _print_reproduction(detail.reproduction)
    if detail.attempts:
        out().print(Text("\nattempts", "dim"))
        out().print(job_details.attempts_table(detail))
    if detail.scores is not None:
        out().print(Text(f"\nscores, profile {detail.scores.profile}", "dim"))
        for part in job_details.scores_of(detail.scores):
            out().print(part)
    if detail.reviews:
        out().print(Text("\nreviews, the last one decides", "dim"))
        out().print(job_details.reviews_table(detail.reviews))
    if len(detail.family) > 1:
        out().print(Text("\ntakes of this order", "dim"))
        out().print(tables.jobs_table(detail.family))


def _print_reproduction(reproduction: Mapping[str, Any]) -> None:
    from farm.cli.tables.equality import differences_table, outcome_of

    out().print(Text("\nmade again", "dim"))
    out().print(outcome_of(reproduction), soft_wrap=True)
    if (table := differences_table(reproduction)) is not None:
        out().print(table)


def _print_scores(detail: JobDetail) -> None:
    from farm.cli.tables.judgement import verdict_line
    from farm.cli.tables.scores import score_details
    from farm.explaining.scores import scores_of

    row, scores = detail.row, detail.scores
    out().print(Text(f"{row.cut or row.project} · {row.job_type.value} · take {row.take_number}", "bold"))
    if scores is None:
        out().print(f"It has no scores yet: it is {row.state.value.replace('_', ' ')}.")
        return
    out().print(Text(f"{row.id} · profile {scores.profile}", "dim"))
    out().print(verdict_line(scores.verdict, scores.blocking, scores.not_measured))
    out().print()
    out().print(score_details(scores_of(scores)))

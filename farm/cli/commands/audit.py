"""The command that shows who changed what: audit."""

from __future__ import annotations

from typing import Annotated

import typer

from farm.cli.console import AsJson, note, out, print_list
from farm.cli.opened import opened


def join(app: typer.Typer) -> None:
    app.command(rich_help_panel="Who may do what")(audit)


def audit(
    *,
    project: Annotated[str | None, typer.Option(help="Only changes of this project.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only of this subject, such as 'job 0b1c...'.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Changes on a page.")] = 50,
    after: Annotated[str | None, typer.Option(help="The `next` of the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say who changed what, when, why and from where, the newest first."""
    from farm.cli.tables.access import audit_table
    from models.plain import plain

    with opened() as farm:
        page = farm.audit(project=project, subject=subject, after=after, limit=limit)
    if as_json:
        print_list(plain(page.items), page.next)
        return
    if not page.items:
        out().print("No changes.")
        return
    out().print(audit_table(page.items))
    if page.next:
        note(f"More: farm audit --after {page.next}")

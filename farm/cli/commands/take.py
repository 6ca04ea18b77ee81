"""Commands about takes that a person brings: take add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from farm.cli.console import AsJson, out, print_json, who_says
from farm.cli.opened import opened
from farm.cli.options import rate_said, size_of
from farm.cli.orders import kind_of
from models.vocabulary import JobType, Phase

if TYPE_CHECKING:
    from typing import Any

take = typer.Typer(no_args_is_help=True, help="Takes that nobody renders: a person's own picture or clip.")


def join(app: typer.Typer) -> None:
    app.add_typer(take, name="take", rich_help_panel="Order")


@take.callback()
def _takes() -> None:
    """A person's own picture or clip as a take."""


@take.command()
def add(
    file: Annotated[str, typer.Argument(help="A picture or a clip, in an allowed folder (FARM_ROOTS).")],
    *,
    project: Annotated[str, typer.Option(help="The project.")],
    cut: Annotated[str | None, typer.Option(help="Its cut, as ep001/sc010/c0010 or 1/10/10.")] = None,
    by: Annotated[str | None, typer.Option(help="Whose it is; default: who is logged in.")] = None,
    kind: Annotated[JobType | None, typer.Option(help="What it is; default: a still image.")] = None,
    phase: Annotated[Phase | None, typer.Option(help="In its place: the phase it is for.")] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="How many a clip must hold.")] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="How large it must be.")] = None,
    fps: Annotated[str | None, typer.Option(help="A clip's rate, as 24 or 23.976.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take a file as it is: mastered, scored and gated like a render; loops and videos start from it."""
    width, height = size_of(size) or (None, None)
    held_to: dict[str, Any] = {"frame_count": frames, "width": width, "height": height, "fps": rate_said(fps)}
    more = {name: value for name, value in held_to.items() if value is not None}
    with opened() as farm:
        job = farm.add_take(
            file,
            project=project,
            cut=cut,
            by=who_says(by),
            kind=kind_of(kind, phase) or JobType.STILL_IMAGE,
            **more,
        )
    if as_json:
        print_json({"job_id": str(job.job_id), "pool": job.pool, "is_new": job.is_new})
        return
    out().print(Text.assemble(("✓ ", "green"), f"{file} is mastered, scored and gated as job {job.job_id}"))

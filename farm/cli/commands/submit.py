"""Commands that order work: submit, cancel, retake."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from farm.cli import orders
from farm.cli.commands.jobs import ended_well, follow
from farm.cli.console import AsJson, logged_in, note, out, print_list
from farm.cli.opened import opened
from farm.cli.options import size_of
from models.vocabulary import Defect, Exit, JobType, Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.client import Farm
    from farm.orders.submission import SubmittedJob

_PANEL = "Order"


def join(app: typer.Typer) -> None:
    for command in (submit, cancel, retake):
        app.command(rich_help_panel=_PANEL)(command)


def submit(
    file: Annotated[str | None, typer.Argument(help="A YAML file with one order, or a list of orders.")] = None,
    *,
    project: Annotated[str | None, typer.Option("--project", "-p", help="The project's short name.")] = None,
    cut: Annotated[str | None, typer.Option(help="The cut, as ep001/sc010/c0010 or 1/10/10.")] = None,
    all_cuts: Annotated[
        bool, typer.Option("--all-cuts", help="One order for every cut of the project.")
    ] = False,
    phase: Annotated[Phase | None, typer.Option(help="As --kind, by phase: still, loop or video.")] = None,
    kind: Annotated[JobType | None, typer.Option(help="What to make; default: a still image.")] = None,
    character: Annotated[list[str] | None, typer.Option(help="Who must be seen; repeat.")] = None,
    prompt: Annotated[str | None, typer.Option(help="What to show, in words.")] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Pixels, as 832x480.")] = None,
    frames: Annotated[int | None, typer.Option(help="How many frames.")] = None,
    fps: Annotated[str | None, typer.Option(help="Frames a second, as 24, 23.976 or 24000/1001.")] = None,
    seed: Annotated[int | None, typer.Option(help="0 to 2^64-1; default: chosen and reported.")] = None,
    priority: Annotated[int | None, typer.Option(help="1 to 10, higher first.")] = None,
    profile: Annotated[str | None, typer.Option(help="Which profile judges.")] = None,
    key: Annotated[str | None, typer.Option(help="Idempotency key: the same key orders once.")] = None,
    defect: Annotated[Defect | None, typer.Option(help="Fire drill: draw this fault on purpose.")] = None,
    more: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Any other field of an order; repeat."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until all takes and retakes are judged.")] = False,
    as_json: AsJson = False,
) -> None:
    """Order takes: by flags, from a YAML file, or for all cuts of a project. Prints the jobs' ids."""
    width, height = size_of(size) or (None, None)
    flags = {
        "project": project, "cut": cut, "job_type": orders.kind_of(kind, phase),
        "characters": character, "prompt": prompt,
        "width": width, "height": height, "frame_count": frames, "fps": fps, "seed": seed, "priority": priority,
        "profile": profile, "idempotency_key": key, "defect": defect,
    }  # fmt: skip
    given = {name: value for name, value in flags.items() if value is not None} | orders.more(more, flags)
    with opened() as farm:
        wanted = orders.all_of(farm, file, given, all_cuts=all_cuts)
        submitted = farm.submit_many(wanted)
        orders.warn_of_lacking_networks(farm, wanted)
        _report(farm, submitted, wait=wait, as_json=as_json)


def cancel(
    job_ids: Annotated[list[str], typer.Argument(help="The jobs' ids.")],
    as_json: AsJson = False,
) -> None:
    """Call jobs off; a running render stops within seconds."""
    with opened() as farm:
        called_off = farm.cancel(job_ids)
    if as_json:
        print_list(str(each) for each in called_off)
        return
    for each in called_off:
        out().print(f"cancelled {each}")
    if len(called_off) < len(job_ids):
        out().print(Text(f"{len(job_ids) - len(called_off)} of {len(job_ids)} were over already.", "yellow"))


def retake(
    job_id: Annotated[str, typer.Argument(help="The job to make again, differently.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the retake.")] = "asked for",
    seed: Annotated[int | None, typer.Option(help="This seed instead of a new one.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until it is judged.")] = False,
    as_json: AsJson = False,
) -> None:
    """Order another take of a finished job, with another seed."""
    changes = {} if seed is None else {"seed": seed}
    with opened() as farm:
        submitted = farm.retake(job_id, reason=reason, requested_by=logged_in(), **changes)
        _report(farm, [submitted], wait=wait, as_json=as_json)


def _report(farm: Farm, submitted: Sequence[SubmittedJob], *, wait: bool, as_json: bool) -> None:
    from farm.explaining.answers import to_json

    ids = [job.job_id for job in submitted]
    if not as_json:
        _note_what_is_not_drawn(submitted)
    if not wait:
        if as_json:
            print_list(to_json(submitted))
        else:
            for job in submitted:
                out().print(f"{job.job_id}  seed {job.seed_used}")
        return
    rows = follow(farm, ids, quiet=as_json)
    if as_json:
        print_list(to_json(rows))
    code = ended_well(rows)
    if code is not Exit.OK:
        raise typer.Exit(code)


def _note_what_is_not_drawn(submitted: Sequence[SubmittedJob]) -> None:
    """Each kind of omission once, however many orders share it."""
    for labels, count in Counter(job.not_drawn for job in submitted if job.not_drawn).items():
        of_many = f" in {count} of {len(submitted)}" if len(submitted) > 1 else ""
        note(f"not drawn{of_many}: {', '.join(labels)}", "yellow")

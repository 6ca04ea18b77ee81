"""`farm reproduce JOB`: make a take again and say how equal the second is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from farm.cli.console import AsJson, logged_in, note, out, print_json
from farm.cli.opened import opened
from models.errors import BadInput
from models.vocabulary import Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.orders.submission import SubmittedJob
    from models.jobs import JobDetail

_PANEL = "Order"
_EXITS = {"identical": Exit.OK, "equivalent": Exit.OK, "different": Exit.NOT_PASSED}


def join(app: typer.Typer) -> None:
    app.command(rich_help_panel=_PANEL)(reproduce)


def reproduce(
    job_id: Annotated[str, typer.Argument(help="The job whose take is made again.")],
    *,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--with", metavar="FIELD=VALUE", help="Change the recipe: seed=7, scene.mood=tense, ...; repeat."
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until both takes are compared.")] = True,
    as_json: AsJson = False,
) -> None:
    """Make a take again from its recorded recipe, on a cold cache, and compare the two frame by frame.

    Exit 0 identical or equivalent, 1 different, 2 failed or could not be compared. It counts at no gate.
    """
    from farm.cli.commands.jobs import follow

    with opened() as farm:
        ordered = farm.reproduce(job_id, _changes(changes), requested_by=logged_in())
        if not wait:
            _print_ordered(job_id, ordered, as_json=as_json)
            return
        # To stderr, also with --json: whoever waits must be able to look, and a result is read from stdout.
        note(f"{ordered.job_id} is ordered; should it not move, `farm job {ordered.job_id}` says why.")
        follow(farm, [ordered.job_id], quiet=as_json)
        detail = farm.job(ordered.job_id)
    if as_json:
        print_json(_answer(detail))
    else:
        _print_result(detail)
    raise typer.Exit(_EXITS.get((detail.reproduction or {}).get("equality", ""), Exit.NOT_JUDGED))


def _changes(pairs: Sequence[str] | None) -> dict[str, str]:
    """`--with seed=7`: a field is named once, and its text is read by the field's own type."""
    changes: dict[str, str] = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise BadInput(f"--with {pair} has no value.", hint="Write --with FIELD=VALUE.")
        if name.strip() in changes:
            raise BadInput(f"--with names {name.strip()} twice.", hint="Give one value.")
        changes[name.strip()] = value
    return changes


def _print_ordered(job_id: str, ordered: SubmittedJob, *, as_json: bool) -> None:
    if as_json:
        answer = {"job_id": str(ordered.job_id), "reproduces_job_id": job_id, "pool": ordered.pool}
        print_json(answer | {"seed": ordered.seed_used, "seed_text": str(ordered.seed_used)})
        return
    out().print(f"{ordered.job_id}  seed {ordered.seed_used}")
    note(f"`farm job {ordered.job_id}` says how equal it is once it is scored.")


def _answer(detail: JobDetail) -> dict[str, Any]:
    from farm.explaining.answers import with_seed_texts
    from farm.explaining.equality import sentence

    reproduction = detail.reproduction
    answer: dict[str, Any] = {
        "job_id": str(detail.row.id),
        "reproduces_job_id": str(detail.row.reproduces_job_id),
        "state": detail.row.state.value,
        "error": detail.queue.error_message,
        "sentence": sentence(reproduction) if reproduction else None,
        **(reproduction or {"equality": None}),
    }
    return dict(with_seed_texts(answer))


def _print_result(detail: JobDetail) -> None:
    from farm.cli.tables.equality import differences_table, outcome_of

    reproduction = detail.reproduction
    if reproduction is None:
        why = detail.queue.error_message or f"it is {detail.row.state.value.replace('_', ' ')}"
        out().print(Text.assemble(("not compared", "bold red"), f": {why}"))
        return
    out().print(outcome_of(reproduction), soft_wrap=True)
    if (table := differences_table(reproduction)) is not None:
        out().print(table)

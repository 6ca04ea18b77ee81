"""Commands about events: events list and replay; endpoints add, list, rotate, pause, resume and remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from farm.cli.console import AsJson, note, out, print_json, print_list
from farm.cli.opened import opened
from models.events import EventType
from models.plain import plain

if TYPE_CHECKING:
    from models.events import AddedEndpoint, EndpointView

events = typer.Typer(no_args_is_help=True, help="What happened: jobs, verdicts, reviews, phases.")
endpoints = typer.Typer(
    no_args_is_help=True, help="Who is sent events, as signed webhooks (FARM_CALLBACK_HOSTS allows them)."
)
_WORDS = ", ".join(EventType)
Types = Annotated[list[str] | None, typer.Option("--type", help=f"Only these; repeat: {_WORDS}.")]
Endpoint = Annotated[str, typer.Argument(metavar="ENDPOINT", help="Its id.")]


def join(app: typer.Typer) -> None:
    app.add_typer(events, name="events", rich_help_panel="Look")
    app.add_typer(endpoints, name="endpoints", rich_help_panel="Run the farm")


@events.command("list")
def list_events(
    *,
    job: Annotated[str | None, typer.Option(help="Only this job's.")] = None,
    project: Annotated[str | None, typer.Option(help="Only this project's.")] = None,
    types: Types = None,
    after: Annotated[
        str | None, typer.Option(help="An event's id, or the `next` of the page before; 0: from the oldest.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Events on a page.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List events, the oldest first: the newest ones, or those after one of them."""
    with opened() as farm:
        page = farm.events(job=job, project=project, types=types or (), after=after, limit=limit)
    if as_json:
        print_list(plain(page.items), page.next)
        return
    if not page.items:
        out().print("No events.")
        return
    from farm.cli.tables.events import events_table

    out().print(events_table(page.items))
    if page.next:
        note(f"More: farm events list --after {page.next}")


@events.command()
def replay(
    endpoint: Endpoint,
    after: Annotated[str, typer.Option(help="The id of the last event not to send again; 0: send all.")],
    as_json: AsJson = False,
) -> None:
    """Send an endpoint again what happened after an event, under the same webhook ids."""
    with opened() as farm:
        count = farm.replay(endpoint, after=after)
    if as_json:
        print_json({"endpoint": endpoint, "events": count})
    else:
        out().print(f"{count} events will be sent again.")


@endpoints.command()
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where they are posted to.")],
    types: Types = None,
    project: Annotated[str | None, typer.Option(help="Only this project's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send events to an address from now on; prints the secret that signs them, once."""
    with opened() as farm:
        added = farm.add_endpoint(url, types=types or (), project=project)
    _print_secret(added, as_json=as_json)


@endpoints.command("list")
def list_endpoints(
    job: Annotated[str | None, typer.Option(help="The callbacks of this job's order instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """List endpoints: what each hears of, what waits for it, and why one is paused."""
    with opened() as farm:
        known = farm.endpoints(job=job)
    if as_json:
        print_list(plain(known))
        return
    if not known:
        out().print("No endpoints.")
        return
    from farm.cli.tables.events import endpoints_table

    out().print(endpoints_table(known))


@endpoints.command()
def rotate(endpoint: Endpoint, as_json: AsJson = False) -> None:
    """Give an endpoint a new secret, printed once; the one before signs beside it for a day."""
    with opened() as farm:
        added = farm.rotate_secret(endpoint)
    _print_secret(added, as_json=as_json)


@endpoints.command()
def pause(
    endpoint: Endpoint,
    reason: Annotated[str, typer.Option(help="Why; whoever finds it paused asks.")],
    as_json: AsJson = False,
) -> None:
    """Send an endpoint nothing until it is resumed; what happens meanwhile waits for two weeks."""
    with opened() as farm:
        _print_state(farm.pause_endpoint(endpoint, why=reason), "paused", as_json=as_json)


@endpoints.command()
def resume(endpoint: Endpoint, as_json: AsJson = False) -> None:
    """Send to an endpoint again, what waits first."""
    with opened() as farm:
        _print_state(farm.resume_endpoint(endpoint), "resumed", as_json=as_json)


@endpoints.command()
def remove(endpoint: Endpoint, as_json: AsJson = False) -> None:
    """Forget an endpoint, with what was still to be sent to it."""
    with opened() as farm:
        farm.remove_endpoint(endpoint)
    if as_json:
        print_json({"endpoint": endpoint, "removed": True})
    else:
        out().print(Text.assemble(("✓ ", "green"), f"{endpoint} is removed"))


def _print_secret(added: AddedEndpoint, *, as_json: bool) -> None:
    if as_json:
        print_json(plain(added))
        return
    out().print(Text.assemble(("✓ ", "green"), f"{added.endpoint.id} {added.endpoint.url}"))
    out().print(Text(str(added.secret)), soft_wrap=True)
    note("The secret is shown this once: receivers check `webhook-signature` with it.", "yellow")


def _print_state(known: EndpointView, word: str, *, as_json: bool) -> None:
    if as_json:
        print_json(plain(known))
        return
    out().print(Text.assemble(("✓ ", "green"), f"{known.id} is {word}; {known.waiting} events wait for it"))

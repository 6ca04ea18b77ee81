"""The doctor's look at what runs, or should: servers, schema, store, workers, Flower, Echo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.catalogue import workers
from db.engine import Database
from db.fleet.holds import all_holds
from farm.ops import flower
from farm.ops.doctor.events import events
from farm.ops.doctor.findings import Check, Finding, fail, ok, warn
from farm.ops.doctor.store import store
from farm.servers import EmbeddedServers, find_running
from farm.servers.programs import find_postgres, find_valkey
from models.errors import NotHere
from models.vocabulary import HoldScope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farm.settings import Settings
    from models.fleet import HoldView


def _programs(settings: Settings) -> Iterator[Finding]:
    """The servers the farm would start by itself; none are needed where both addresses are given."""
    for name, find, given in (
        ("postgres", find_postgres, settings.given_database_url),
        ("valkey", lambda: find_valkey()[0], settings.given_redis_url),
    ):
        if given is not None:
            yield ok(name, "an address is given, none is started here")
            continue
        try:
            yield ok(name, f"program in {find().folder}")
        except NotHere as error:
            yield fail(name, error.message, error.hint)


def _servers(settings: Settings) -> Iterator[Finding]:
    if not settings.state_dir.exists() and settings.given_database_url is None:
        yield warn("farm", f"is not running in {settings.state_dir}", "Run `farm up`.")
        return
    for server in EmbeddedServers(settings.state_dir, given=settings.given_servers).status():
        where = f"port {server.port}" if server.embedded else "the address that was given"
        if server.running:
            yield ok(server.name, f"answers on {where}")
        elif server.embedded:
            yield warn(server.name, "is not running here", "Run `farm up`.")
        else:
            hint = "Start it, correct the address, or unset the variable to use the embedded server."
            yield fail(server.name, f"does not answer on {where}", hint)


def _schema_store_and_workers(settings: Settings) -> Iterator[Finding]:
    """Asked only where servers answer: without them the line before has said it already."""
    urls = find_running(settings.state_dir, settings.given_servers)
    if urls is None:
        return
    database = Database(urls.database_url)
    try:
        database.require_schema()
        yield ok("schema", f"revision {database.revision()}")
        with database.transaction() as session:
            registered, held = workers(session), all_holds(session)
        yield from store(settings.artifacts_dir, database)
        yield from events(settings, database)
    finally:
        database.close()
    alive = [worker for worker in registered if worker.is_live(settings.lease)]
    for role in ("render", "score", "gate", "control"):
        serving = [each.id for each in alive if f":{role}" in each.id or role in each.queues]
        name = f"{role} worker"
        none = warn(name, "none is alive", "Run `farm up`, or look into its log.")
        yield ok(name, ", ".join(serving)) if serving else none
    yield from map(_hold, held)


def _hold(hold: HoldView) -> Finding:
    whose = f"{hold.scope.value} {hold.target}".strip()
    is_its_own = hold.scope is HoldScope.WORKER and hold.actor == hold.target
    who = "stands aside" if is_its_own else f"is held by {hold.actor}"
    return warn(
        "hold",
        f"{whose} {who} since {hold.since:%Y-%m-%d %H:%M} UTC: {hold.reason}",
        "It looks again by itself." if hold.cause else "It lasts until it is lifted.",
    )


def _flower(settings: Settings) -> Iterator[Finding]:
    access = flower.access(settings)
    if access is None:
        return
    if flower.is_guarded(access):
        yield ok("flower", f"{access.url} asks for its password")
    else:
        log = settings.state_dir / "logs" / "flower.log"
        yield warn("flower", f"{access.url} does not answer as it should", f"Its log is {log}.")


def _echo(settings: Settings) -> Iterator[Finding]:
    """Rendering never depends on Echo, so its silence is a warning."""
    import requests

    if settings.echo_url is None:
        yield ok("echo brain", "off (FARM_ECHO_URL is not set)")
        return
    try:
        answer = requests.get(f"{settings.echo_url}/health", timeout=settings.echo_timeout.total_seconds())
        answer.raise_for_status()
    except requests.RequestException as error:
        hint = "The farm works on without it; heartbeats resume by themselves."
        yield warn("echo brain", f"{settings.echo_url} does not answer: {type(error).__name__}", hint)
    else:
        yield ok("echo brain", f"{settings.echo_url} answers")


RUNNING: tuple[tuple[str, Check], ...] = (
    ("programs", _programs),
    ("servers", _servers),
    ("schema", _schema_store_and_workers),
    ("flower", _flower),
    ("echo brain", _echo),
)

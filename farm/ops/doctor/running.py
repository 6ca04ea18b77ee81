"""The doctor's look at what runs, or should: servers, schema, workers, beat, Flower, Echo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.catalogue import workers
from db.engine import Database
from farm.ops import flower
from farm.ops.doctor.findings import Check, Finding, Health
from farm.servers import EmbeddedServers, find_running
from farm.servers.programs import find_postgres, find_valkey
from models.errors import NotHere

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from farm.settings import Settings


def _programs(settings: Settings) -> Iterator[Finding]:
    """The servers the farm would start by itself; none are needed where both addresses are given."""
    for name, find, given in (
        ("postgres", _postgres_folder, settings.given_database_url),
        ("valkey", _valkey_folder, settings.given_redis_url),
    ):
        if given is not None:
            yield Finding(name=name, health=Health.OK, message="an address is given, none is started here")
            continue
        try:
            yield Finding(name=name, health=Health.OK, message=f"program in {find()}")
        except NotHere as error:
            yield Finding(name=name, health=Health.FAIL, message=error.message, hint=error.hint)


def _postgres_folder() -> Path:
    return find_postgres().folder


def _valkey_folder() -> Path:
    return find_valkey()[0].folder


def _servers(settings: Settings) -> Iterator[Finding]:
    if not settings.state_dir.exists() and settings.given_database_url is None:
        yield _not_up(settings)
        return
    for server in EmbeddedServers(settings.state_dir).status():
        where = f"port {server.port}" if server.embedded else "the address that was given"
        if server.running:
            yield Finding(name=server.name, health=Health.OK, message=f"answers on {where}")
        elif server.embedded:
            yield Finding(
                name=server.name, health=Health.WARN, message="is not running here", hint="Run `farm up`."
            )
        else:
            yield Finding(
                name=server.name,
                health=Health.FAIL,
                message=f"does not answer on {where}",
                hint="Start it, correct the address, or unset the variable to use the embedded server.",
            )


def _not_up(settings: Settings) -> Finding:
    return Finding(
        name="farm",
        health=Health.WARN,
        message=f"is not running in {settings.state_dir}",
        hint="Run `farm up`.",
    )


def _schema_and_workers(settings: Settings) -> Iterator[Finding]:
    """Asked only where servers answer: without them the line before has said it already."""
    urls = find_running(settings.state_dir)
    if urls is None:
        return
    database = Database(urls.database_url)
    try:
        database.require_current_schema()
        yield Finding(name="schema", health=Health.OK, message=f"revision {database.revision()}")
        with database.transaction() as session:
            found = workers(session)
    finally:
        database.close()
    alive = [worker for worker in found if worker.is_live(settings.lease)]
    for role in ("render", "score", "control"):
        serving = [each.id for each in alive if f":{role}" in each.id or role in each.queues]
        yield Finding(
            name=f"{role} worker",
            health=Health.OK if serving else Health.WARN,
            message=", ".join(serving) or "none is alive",
            hint="" if serving else "Run `farm up`, or look into its log.",
        )


def _flower(settings: Settings) -> Iterator[Finding]:
    access = flower.access(settings)
    if access is None:
        return
    guarded = flower.is_guarded(access)
    yield Finding(
        name="flower",
        health=Health.OK if guarded else Health.WARN,
        message=f"{access.url} asks for its password"
        if guarded
        else f"{access.url} does not answer as it should",
        hint="" if guarded else f"Its log is {settings.state_dir / 'logs' / 'flower.log'}.",
    )


def _echo(settings: Settings) -> Iterator[Finding]:
    """Rendering never depends on Echo, so its silence is a warning."""
    import requests

    if settings.echo_url is None:
        yield Finding(name="echo brain", health=Health.OK, message="off (FARM_ECHO_URL is not set)")
        return
    try:
        answer = requests.get(f"{settings.echo_url}/health", timeout=settings.echo_timeout.total_seconds())
        answer.raise_for_status()
    except requests.RequestException as error:
        yield Finding(
            name="echo brain",
            health=Health.WARN,
            message=f"{settings.echo_url} does not answer: {type(error).__name__}",
            hint="The farm works on without it; heartbeats resume by themselves.",
        )
    else:
        yield Finding(name="echo brain", health=Health.OK, message=f"{settings.echo_url} answers")


RUNNING: tuple[tuple[str, Check], ...] = (
    ("programs", _programs),
    ("servers", _servers),
    ("schema", _schema_and_workers),
    ("flower", _flower),
    ("echo brain", _echo),
)

"""What `farm up` starts: servers, schema, workers, beat and Flower, and how it knows that they live."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from db.engine import Database
from farm.ops import api, flower
from farm.ops.keys import own_key
from farm.servers import EmbeddedServers, ProcessGroup
from farm.servers.keeper import keep, keep_in_background
from farm.servers.state import one_start
from farm.servers.supervisor import python_environment, wait_until
from models.errors import Busy, NotHere, Unavailable
from models.pools import COMFYUI, IMPORTED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from farm.ops.api import ApiAccess
    from farm.ops.flower import FlowerAccess
    from farm.servers import ProcessStatus, ServerUrls
    from farm.settings import Settings
    from models.fleet import WorkerView

_STARTUP = timedelta(seconds=90)
#: for so long a worker asked to stop may finish what it holds, before it hands it back
DRAIN = timedelta(seconds=60)
_CELERY = (sys.executable, "-m", "celery", "--app", "tasks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A farm that is up: where it is looked at, and who works in it."""

    flower: FlowerAccess
    api: ApiAccess
    processes: tuple[ProcessStatus, ...]
    workers: tuple[WorkerView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """One process of the stack."""

    name: str
    argv: tuple[str, ...]
    env: dict[str, str]


def up(
    settings: Settings,
    *,
    workers: int = 1,
    die_with_me: bool = False,
    renderers: Sequence[str] = ("toon", "null"),
    say: Callable[[str], None] = lambda sentence: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Stack:
    """Start everything in the background of this process and return when all of it lives.

    Whatever stops half way is taken down again. With `die_with_me` the servers end with this process; the
    caller then calls `tend` and `down` itself. When `stopped()` turns true, the start is given up.

    Raises:
        Busy: the farm is up here already, or another `farm up` is at it.
        NotHere: something it needs is not installed, the folder cannot be written, the disk is full.
        Unavailable: a port is taken, or something did not come up in time.
    """
    group = ProcessGroup(settings.state_dir)
    with one_start(settings.state_dir):
        refuse_twice(settings, group)
        access, served = flower.prepare(settings), api.prepare(settings)
        servers = EmbeddedServers(settings.state_dir, die_with_parent=die_with_me, given=settings.given_servers)
        try:
            say("starting Postgres and Valkey")
            urls = servers.start()
            began = _prepared(settings, urls)
            say("starting workers, beat and the API")
            for program in _programs(settings, urls, workers=workers, renderers=renderers):
                _go_on(stopped)
                group.start(program.name, program.argv, program.env)
            serve = (sys.executable, "-m", "farm", "serve")
            group.start("api", serve, _environment(settings, urls) | api.environment(served))
            say("waiting until every worker is registered")
            ready = _await_workers(group, urls, wanted=workers + 3, since=began, stopped=stopped)
            _await(lambda: api.answers(served), group, "the API does not answer", stopped)
            # Last: it asks the workers for their queues as it starts, and not again.
            say("starting Flower")
            group.start(
                "flower",
                (*_CELERY, *flower.arguments(access)),
                _environment(settings, urls) | flower.environment(access),
            )
            _await(lambda: flower.is_guarded(access), group, "Flower does not ask for its password", stopped)
        except BaseException:
            # Interrupted or refused: a farm that is half up would only be in the way of the next try.
            down(settings, grace=timedelta(seconds=5))
            raise
        return Stack(flower=access, api=served, processes=tuple(group.status()), workers=ready)


def refuse_twice(settings: Settings, group: ProcessGroup) -> None:
    """Raises `Busy` when the farm of this state folder is up."""
    if any(process.running for process in group.status()):
        raise Busy(
            f"The farm in {settings.state_dir} is up already.",
            hint="Use it as it is, or stop it first with `farm down`.",
        )


def leave_running(settings: Settings) -> None:
    """Hand the farm to a keeper in the background, which restarts what dies."""
    keep_in_background(settings.state_dir)


def tend(settings: Settings, until: Callable[[], bool], say: Callable[[str], None]) -> None:
    """Restart what dies, in this process, until `until()` turns true."""
    keep(settings.state_dir, until, say=say)


def down(settings: Settings, *, grace: timedelta = DRAIN, forget: bool = False) -> list[str]:
    """Drain the workers and stop everything of this state folder; the names of what ran.

    With `forget` the embedded servers' data goes too.
    """
    group = ProcessGroup(settings.state_dir)
    ran = [process.name for process in group.status() if process.running]
    group.stop(grace_s=grace.total_seconds())
    servers = EmbeddedServers(settings.state_dir, temporary=forget, given=settings.given_servers)
    ran += [server.name for server in servers.status() if server.embedded and server.running]
    servers.stop()
    flower.note_stopped(settings)
    api.note_stopped(settings)
    return ran


def _prepared(settings: Settings, urls: ServerUrls) -> datetime:
    """Bring the schema up to date and make this machine's key; the time at which it was done."""
    database = Database(urls.database_url)
    try:
        database.migrate()
        own_key(database, settings.state_dir)
        # Before any worker starts.
        return datetime.now(UTC)
    finally:
        database.close()


def _programs(
    settings: Settings, urls: ServerUrls, *, workers: int, renderers: Sequence[str]
) -> list[_Program]:
    served = (*renderers, IMPORTED, *([COMFYUI] if settings.comfyui_url else []))
    queues = ",".join(f"render_queue.{renderer}" for renderer in served)
    shared = _environment(settings, urls)
    programs = [_worker(f"render-{slot}", "prefork", queues, shared) for slot in range(workers)]
    programs.append(_worker("score", "prefork", "score", shared))
    programs.append(_worker("gate", "threads", "gate", shared))
    programs.append(_worker("control", "threads", "control,echo,events", shared))
    beat = (
        *_CELERY,
        *["beat", "--loglevel", "INFO", "--pidfile=", "--schedule"],
        str(settings.state_dir / "beat"),
    )
    programs.append(_Program(name="beat", argv=beat, env=shared))
    return programs


def _worker(name: str, pool: str, queues: str, env: dict[str, str]) -> _Program:
    concurrency = 1 if pool == "prefork" else 4
    argv = f"worker --pool {pool} --concurrency {concurrency} --queues {queues} --hostname {name}@%h"
    # SIGQUIT hands back at once: `down` has waited already.
    argv += " --loglevel INFO --without-gossip --without-mingle -- worker.soft_shutdown_timeout=0.5"
    return _Program(name=name, argv=(*_CELERY, *argv.split()), env=env)


def _environment(settings: Settings, urls: ServerUrls) -> dict[str, str]:
    """What every process of the stack is told; one thread each, so that few cores are not fought over."""
    threads = str(threads_here())
    return {
        "PYTHONPATH": python_environment()["PYTHONPATH"],
        "FARM_STATE_DIR": str(settings.state_dir),
        "FARM_ARTIFACTS": str(settings.artifacts_dir),
        "FARM_NETWORKS_DIR": str(settings.networks_dir),
        "FARM_ROOTS": os.pathsep.join(str(root) for root in settings.roots),
        **urls.environment,
        **_comfyui(settings),
        **_echo(settings),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", threads),
        # Idle OpenMP threads that spin would take the core from the renderer beside them.
        "OMP_WAIT_POLICY": "PASSIVE",
    }


def _comfyui(settings: Settings) -> dict[str, str]:
    """Where the render workers find their ComfyUI, and its weights."""
    given = {"FARM_COMFYUI_URL": settings.comfyui_url, "FARM_COMFYUI_MODELS_DIR": settings.comfyui_models_dir}
    return {name: str(value) for name, value in given.items() if value}


def _echo(settings: Settings) -> dict[str, str]:
    """Where Echo is, whom events may be sent to, and what signs the callbacks of tasks."""
    secret = settings.callback_secret
    given = {
        "FARM_ECHO_URL": settings.echo_url,
        "FARM_CALLBACK_HOSTS": ",".join(settings.callback_hosts),
        "FARM_CALLBACK_SECRET": secret.get_secret_value() if secret else None,
    }
    return {name: value for name, value in given.items() if value}


def _go_on(stopped: Callable[[], bool]) -> None:
    if stopped():
        raise KeyboardInterrupt


def threads_here() -> int:
    """CPU threads that one process of ours may use, so that a renderer and a scorer share the cores."""
    return max(1, (os.cpu_count() or 1) // 2)


def _await_workers(
    group: ProcessGroup, urls: ServerUrls, *, wanted: int, since: datetime, stopped: Callable[[], bool]
) -> tuple[WorkerView, ...]:
    """Wait until every worker has said it is ready."""
    from db.catalogue import workers as registered

    database = Database(urls.database_url)
    ready: list[WorkerView] = []

    def all_are_ready() -> bool:
        with database.transaction() as session:
            ready[:] = [worker for worker in registered(session) if worker.last_seen_at >= since]
        return len(ready) >= wanted

    try:
        _await(all_are_ready, group, f"not all of the {wanted} workers are ready", stopped)
    finally:
        database.close()
    return tuple(ready)


def _await(
    condition: Callable[[], bool], group: ProcessGroup, complaint: str, stopped: Callable[[], bool]
) -> None:
    """Wait for what the processes of the group do together, as long as all of them live.

    Raises:
        NotHere: one of them died.
        Unavailable: it took too long.
    """

    def is_met() -> bool:
        _go_on(stopped)
        dead = [process for process in group.status() if not process.running]
        if dead:
            raise NotHere(f"{dead[0].name} ended as soon as it was started.", hint=f"Its log is {dead[0].log}.")
        return condition()

    if not wait_until(is_met, _STARTUP.total_seconds()):
        raise Unavailable(
            f"After {_STARTUP.total_seconds():.0f} s {complaint}.",
            hint=f"Look into the logs beside {group.status()[0].log}.",
        )

"""What may differ between two machines: folders, servers, times and limits, read from `FARM_...` variables."""

from __future__ import annotations

import os
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from models import failpoints
from models.errors import BadInput, FarmError, NotHere, Unavailable


def _seconds(value: Any) -> Any:
    """Environment variables carry plain seconds: `FARM_LEASE=2.5` is two and a half seconds."""
    if not isinstance(value, (str, int, float)):
        return value
    try:
        seconds = float(value)
    except ValueError:
        raise ValueError("it must be a number of seconds") from None
    # A comparison with NaN is false, so NaN is refused as well.
    if not 0 < seconds < 10**8:
        raise ValueError("it must be more than zero seconds and less than three years")
    return timedelta(seconds=seconds)


def _paths(value: Any) -> Any:
    """Several folders in one variable, separated as in PATH."""
    if not isinstance(value, str):
        return value
    folders = tuple(Path(part) for part in value.split(os.pathsep) if part)
    if not folders:
        raise ValueError("it must name at least one folder")
    return folders


def _words(value: Any) -> Any:
    """Several words in one variable, separated by commas."""
    if not isinstance(value, str):
        return value
    return tuple(word for part in value.split(",") if (word := part.strip()))


def _address(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in value
        _ = parts.port
    except ValueError:
        is_good = False
    if not is_good:
        raise ValueError("it must be an address such as http://127.0.0.1:8188")
    return value


def _no_bucket(value: Any) -> Any:
    if "://" in str(value):
        raise ValueError("takes are kept in a folder; a bucket is not possible yet")
    return value


#: where a server answers
Address = Annotated[str, AfterValidator(_address)]
#: a time that must pass: more than zero
Seconds = Annotated[timedelta, BeforeValidator(_seconds)]
#: a folder, with `~` and relative parts resolved when it is read, so that a later `chdir` changes nothing
Folder = Annotated[Path, BeforeValidator(lambda value: Path(value).expanduser().absolute())]


def _beside_the_state(read: dict[str, Any]) -> Path:
    """Where takes lie when nothing else is said; `read` holds the settings before this one."""
    return Path(read["state_dir"]) / "artifacts"


class Settings(BaseSettings):
    """One machine's settings; reading them creates nothing and connects to nothing."""

    model_config = SettingsConfigDict(
        env_prefix="FARM_",
        frozen=True,
        populate_by_name=True,
        enable_decoding=False,
        env_ignore_empty=True,
        # Built when they are first read: importing the SDK stays quick.
        defer_build=True,
    )

    #: this machine's own: locks, passwords, logs, embedded servers
    state_dir: Folder = Field(default_factory=lambda: Path.cwd() / ".farm")
    #: where takes are kept: one folder, under one path, for all machines of a farm
    artifacts_dir: Annotated[Folder, BeforeValidator(_no_bucket)] = Field(
        default_factory=_beside_the_state, validation_alias="FARM_ARTIFACTS"
    )
    networks_dir: Folder = Field(default_factory=lambda: Path.home() / ".cache/anime-render-farm/networks")
    #: an address asked for network files before their authors' own, as `{mirror}/{file}`
    networks_mirror: str | None = None
    #: None: the embedded servers of `state_dir`; `database_url` and `redis_url` resolve them
    given_database_url: SecretStr | None = Field(default=None, validation_alias="FARM_DATABASE_URL")
    given_redis_url: SecretStr | None = Field(default=None, validation_alias="FARM_REDIS_URL")

    #: the farm that commands and scripts ask over HTTP; None: the one whose database this machine reaches
    url: Address | None = None
    #: the key they show it; None: this machine's own, which `farm up` keeps in `state_dir`
    key: SecretStr | None = None

    # leases and beats
    lease: Seconds = timedelta(seconds=90)
    heartbeat: Seconds = timedelta(seconds=15)
    #: how often a worker looks whether its work was called off
    look: Seconds = timedelta(seconds=2)
    relay_every: Seconds = timedelta(seconds=2)
    retry_every: Seconds = timedelta(seconds=10)
    #: after this long without a tick the workers relay and retry themselves
    beat_silent_after: Seconds = timedelta(seconds=30)
    backoff_base: Seconds = timedelta(seconds=5)
    backoff_cap: Seconds = timedelta(minutes=5)
    soft_time_limit: Seconds = timedelta(minutes=55)
    time_limit: Seconds = timedelta(minutes=60)

    # Celery
    queue_prefix: str = "farm:"
    send_task_events: bool = True

    # Echo Brain; None is off
    echo_url: str | None = None
    echo_every: Seconds = timedelta(seconds=30)
    echo_timeout: Seconds = timedelta(seconds=5)
    callback_url: str = "http://127.0.0.1:8329/api/anime/echo/tasks"

    # events
    #: how often what happened is numbered and delivered
    events_every: Seconds = timedelta(seconds=2)
    #: which addresses may be called; see `farm.events.addresses`; empty: none
    callback_hosts: Annotated[tuple[str, ...], BeforeValidator(_words)] = ()
    #: signs what the callback addresses of dispatched tasks are sent (`whsec_...`); None: that is not signed
    callback_secret: SecretStr | None = None
    #: for one call, from its request to its answer
    callback_timeout: Seconds = timedelta(seconds=10)

    #: the one ComfyUI a worker process renders at; a worker without it serves the other renderers
    comfyui_url: Address | None = None
    #: ComfyUI's `models` folder, where this machine can read it: weights are then recorded by hash
    comfyui_models_dir: Folder | None = None
    #: how often its nodes and files are listed; whether it answers is looked at with every heartbeat
    comfyui_inventory_every: Seconds = timedelta(seconds=60)
    #: how often a prompt is asked after; what the socket tells comes sooner
    comfyui_poll: Seconds = timedelta(seconds=1)
    #: a ComfyUI that does not answer for so long is given up; one that starts again has come back by then
    comfyui_silent: Seconds = timedelta(seconds=60)

    #: a studio's own ComfyUI workflows, each a graph and a binding; there need not be such a folder
    workflows_dir: Folder = Field(default_factory=lambda: Path.cwd() / "workflows")

    # the HTTP API
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8329, ge=0, le=65535)
    #: processes that answer; each has its own connections to the database
    api_processes: int = Field(default=1, ge=1, le=64)
    #: bytes of one call's body; files that are uploaded are bounded by `max_input_bytes`
    api_max_body_bytes: int = Field(default=16 * 1024**2, gt=0)
    #: calls of one caller, in each process
    api_calls_per_second: float = Field(default=200.0, gt=0)
    #: calls that may come at once after a pause
    api_burst: int = Field(default=400, ge=1)

    # what orders start from
    #: whose an order is that names no project; None: the only one there is, else `scratch`
    default_project: str | None = None
    default_renderer: str = "toon"
    default_profile: str = "embedded"
    max_retakes: int = Field(default=3, ge=0, le=20)

    #: paths in orders and shows must lie under one of these
    roots: Annotated[tuple[Folder, ...], BeforeValidator(_paths)] = Field(default_factory=lambda: (Path.cwd(),))
    max_input_bytes: int = Field(default=4 * 1024**3, gt=0)

    #: this process belongs to a test
    testing: bool = False
    #: where processes of a test die on purpose; see `models.failpoints`
    failpoints: str = ""

    # Flower
    flower_host: str = "127.0.0.1"
    flower_port: int = Field(default=5555, ge=0, le=65535)
    flower_user: str = Field(default="farm", min_length=1)
    #: None: `farm up` makes one and keeps it in `state_dir`
    flower_password: SecretStr | None = None

    @property
    def database_url(self) -> str:
        """Postgres, as given or as found running for `state_dir`; raises `NotHere` when neither answers."""
        return (
            self.given_database_url.get_secret_value()
            if self.given_database_url
            else self._running("database_url")
        )

    @property
    def redis_url(self) -> str:
        """Redis or Valkey, as given or as found running; raises `NotHere` when neither answers."""
        return self.given_redis_url.get_secret_value() if self.given_redis_url else self._running("redis_url")

    @property
    def given_servers(self) -> dict[str, str | None]:
        """The addresses of servers that are somebody's, as `farm.servers` names them; None: embedded."""
        given = {"postgres": self.given_database_url, "valkey": self.given_redis_url}
        return {name: url.get_secret_value() if url else None for name, url in given.items()}

    def _running(self, name: str) -> str:
        # Imported here: a process that was given both addresses never needs the supervisor.
        from farm.servers import ProcessGroup, find_running
        from farm.servers.state import refuse_full_disk

        running = find_running(self.state_dir, self.given_servers)
        if running is None and any(each.running for each in ProcessGroup(self.state_dir).status()):
            refuse_full_disk(self.state_dir)
            raise Unavailable(
                f"The farm in {self.state_dir} is up, but one of its servers does not answer just now.",
                hint="It is started again by itself: try again in a few seconds; `farm doctor` looks closer.",
            )
        if running is None:
            raise NotHere(
                f"The farm is not running here (state folder {self.state_dir}).",
                hint="Run `farm up`, or set FARM_DATABASE_URL and FARM_REDIS_URL.",
            )
        return str(getattr(running, name))

    @model_validator(mode="after")
    def _times_fit(self) -> Settings:
        """A lease that its own heartbeat cannot keep alive would lose every job."""
        if self.heartbeat * 2 > self.lease:
            raise ValueError(
                "FARM_HEARTBEAT must be at most half of FARM_LEASE, or leases run out by themselves"
            )
        if self.soft_time_limit >= self.time_limit:
            raise ValueError("FARM_SOFT_TIME_LIMIT must be shorter than FARM_TIME_LIMIT")
        if self.backoff_base > self.backoff_cap:
            raise ValueError("FARM_BACKOFF_BASE must not exceed FARM_BACKOFF_CAP")
        return self

    @model_validator(mode="after")
    def _failpoints_are_for_tests(self) -> Settings:
        """Nobody's farm shall die by a variable that was left behind."""
        if self.failpoints and not self.testing:
            raise ValueError(
                "FARM_FAILPOINTS lets processes die and needs FARM_TESTING=1, which only tests set"
            )
        try:
            failpoints.read(self.failpoints)
        except FarmError as error:
            raise ValueError(str(error).removesuffix(".")) from error
        return self


@cache
def settings() -> Settings:
    """This process's settings, read once; tests that change the environment call `settings.cache_clear()`.

    Raises:
        BadInput: a variable cannot be used; the sentence names it.
    """
    try:
        read = Settings()
    except ValidationError as error:
        raise BadInput(_sentence(error), hint="Correct the variable or unset it.") from error
    # Here, because every process reads its settings before it does anything.
    failpoints.arm(read.failpoints, read.state_dir / "failpoints")
    return read


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    reason = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return f"The settings do not fit together: {reason}."
    name = str(first["loc"][0])
    variable = name if name.startswith("FARM_") else f"FARM_{name.upper()}"
    return f"The setting {variable}={first['input']!r} cannot be used: {reason}."

"""Where this machine's HTTP API listens: chosen when it starts, written down for whoever asks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import requests

from farm.servers.ports import choose, is_free
from farm.servers.state import ServersState, folder_errors_told, read_json, write_json
from models.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from farm.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAccess:
    """Where the API answers."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


def prepare(settings: Settings) -> ApiAccess:
    """Choose the port, and keep it in the state folder.

    Raises:
        Unavailable: the port is taken; the sentence names the setting.
        NotHere: the state folder cannot be written.
    """
    port = settings.api_port or choose(asked=None, remembered=0, server="the API")
    if not is_free(port):
        raise Unavailable(
            f"Port {port}, on which the API should listen, is taken by another program.",
            hint="Set FARM_API_PORT to a free port; 0 finds one.",
        )
    return _kept(settings, port)


def access(settings: Settings) -> ApiAccess | None:
    """Where the running farm's API is; None when it does not run."""
    stored = read_json(_file(settings))
    known = ApiAccess(**stored) if stored else None
    return known if known and known.port else None


def note_stopped(settings: Settings) -> None:
    """It listens no more."""
    if access(settings):
        _kept(settings, port=0)


def environment(access: ApiAccess) -> dict[str, str]:
    """How the process that is the API learns where to listen."""
    return {"FARM_API_HOST": access.host, "FARM_API_PORT": str(access.port)}


def answers(access: ApiAccess) -> bool:
    """Whether it answers, and has its database."""
    try:
        return requests.get(f"{access.url}/health", timeout=5).ok
    except requests.RequestException:
        return False


def _kept(settings: Settings, port: int) -> ApiAccess:
    access = ApiAccess(host=settings.api_host, port=port)
    ServersState(settings.state_dir).prepare()
    with folder_errors_told(settings.state_dir):
        write_json(_file(settings), asdict(access))
    return access


def _file(settings: Settings) -> Path:
    return settings.state_dir / "api.json"

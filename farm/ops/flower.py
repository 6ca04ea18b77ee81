"""Flower, the dashboard of Celery: on loopback, behind a password of its own."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import requests

from farm.servers.ports import choose, is_free
from farm.servers.state import ServersState, folder_errors_told, read_json, write_json
from models.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from farm.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowerAccess:
    """Where Flower is and who may look."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


def prepare(settings: Settings) -> FlowerAccess:
    """Choose the port and the password, and keep them in a 0600 file of the state folder.

    Raises:
        Unavailable: the port is taken; the sentence names the setting.
        NotHere: the state folder cannot be written.
    """
    port = settings.flower_port or choose(asked=None, remembered=0, server="Flower")
    if not is_free(port):
        raise Unavailable(
            f"Port {port}, on which Flower should listen, is taken by another program.",
            hint="Set FARM_FLOWER_PORT to a free port; 0 finds one.",
        )
    given = settings.flower_password
    access = FlowerAccess(
        host=settings.flower_host,
        port=port,
        user=settings.flower_user,
        password=given.get_secret_value() if given else secrets.token_urlsafe(12),
    )
    ServersState(settings.state_dir).prepare()
    with folder_errors_told(settings.state_dir):
        write_json(_file(settings), asdict(access))
    return access


def access(settings: Settings) -> FlowerAccess | None:
    """Where the running farm's Flower is; None when it does not run."""
    stored = read_json(_file(settings))
    return FlowerAccess(**stored) if stored else None


def forget(settings: Settings) -> None:
    """Remove the password of a Flower that has been stopped."""
    _file(settings).unlink(missing_ok=True)


def arguments(access: FlowerAccess) -> tuple[str, ...]:
    """Flower's part of the command line; the password is not on it, where everybody could read it."""
    return ("flower", f"--address={access.host}", f"--port={access.port}", "--logging=warning")


def environment(access: FlowerAccess) -> dict[str, str]:
    return {"FLOWER_BASIC_AUTH": f"{access.user}:{access.password}"}


def is_guarded(access: FlowerAccess) -> bool:
    """Whether Flower answers with the password, and refuses without."""
    try:
        open_door = requests.get(f"{access.url}/workers", timeout=5)
        with_password = requests.get(f"{access.url}/workers", auth=(access.user, access.password), timeout=5)
    except requests.RequestException:
        return False
    return open_door.status_code == 401 and with_password.status_code == 200


def _file(settings: Settings) -> Path:
    return settings.state_dir / "flower.json"

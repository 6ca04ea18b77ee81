"""Flower, the dashboard of Celery: on loopback, behind a password, and only to watch, however it is started."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import requests

from farm.ops import listening

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

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


#: what its place and its password are written down under
_NAME = "flower"
#: Flower's own settings, each under FLOWER_ and overridden there by whoever likes it otherwise
_OURS = {
    "FLOWER_ADDRESS": "127.0.0.1",
    # Its buttons go round the rows: a pool that it grows puts two renders on one card.
    "FLOWER_READ_ONLY": "true",
    "FLOWER_TASKS_COLUMNS": "name,args,state,result,received,started,runtime,worker",
    "FLOWER_NATURAL_TIME": "true",
}
#: what says that somebody has thought of a lock
_GUARDS = ("FLOWER_BASIC_AUTH", "FLOWER_AUTH")


def prepare(settings: Settings) -> FlowerAccess:
    """Choose the port, and keep it with the password of last time in a 0600 file of the state folder.

    Raises:
        Unavailable: the port is taken; the sentence names the setting.
        NotHere: the state folder cannot be written.
    """
    port = listening.choose_port(settings.flower_port, server="Flower", setting="FARM_FLOWER_PORT")
    return _kept(settings, port)


def access(settings: Settings) -> FlowerAccess | None:
    """Where the running farm's Flower is; None when it does not run."""
    known = _known(settings)
    return known if known and known.port else None


def note_stopped(settings: Settings) -> None:
    """It listens no more; its password stays, so that a bookmark works tomorrow."""
    if _known(settings):
        _kept(settings, port=0)


def lock(settings: Settings, argv: Sequence[str], environ: MutableMapping[str, str] = os.environ) -> str:
    """Let the Flower that starts in this process be as ours is; who may look, where that was not said.

    Raises:
        NotHere: the state folder, which keeps the password, cannot be written.
    """
    for name, value in _OURS.items():
        environ.setdefault(name, value)
    options = [word.partition("=")[0].replace("_", "-") for word in argv]
    if any(environ.get(guard) for guard in _GUARDS) or {"--basic-auth", "--auth"} & set(options):
        return ""
    known = _known(settings)
    mine = _kept(settings, port=known.port if known else 0)
    environ.update(environment(mine))
    return f"Flower asks for the user {mine.user} and the password in {listening.file_of(settings, _NAME)}."


def arguments(access: FlowerAccess) -> tuple[str, ...]:
    """Flower's part of the command line; the password is not on it, where everybody could read it."""
    return ("flower", f"--address={access.host}", f"--port={access.port}", "--logging=warning")


def environment(access: FlowerAccess) -> dict[str, str]:
    """How the process that is Flower learns who may look."""
    return {"FLOWER_BASIC_AUTH": f"{access.user}:{access.password}"}


def is_guarded(access: FlowerAccess) -> bool:
    """Whether Flower answers with the password, and refuses without."""
    try:
        open_door = requests.get(f"{access.url}/workers", timeout=5)
        with_password = requests.get(f"{access.url}/workers", auth=(access.user, access.password), timeout=5)
    except requests.RequestException:
        return False
    return open_door.status_code == 401 and with_password.status_code == 200


def _known(settings: Settings) -> FlowerAccess | None:
    stored = listening.noted(settings, _NAME)
    return FlowerAccess(**stored) if stored else None


def _kept(settings: Settings, port: int) -> FlowerAccess:
    """Where it listens (0: nowhere) and who may look, written down; a password once made stays."""
    known, given = _known(settings), settings.flower_password
    own = known.password if known else secrets.token_urlsafe(12)
    access = FlowerAccess(
        host=settings.flower_host,
        port=port,
        user=settings.flower_user,
        password=given.get_secret_value() if given else own,
    )
    listening.note(settings, _NAME, access)
    return access

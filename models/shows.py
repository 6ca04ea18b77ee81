"""A show as the catalogue answers with it: projects, cuts, doors, and what loading came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from models.vocabulary import (
        Phase,
    )


def cut_path(episode: int, scene: int, cut: int) -> str:
    """How a cut is named everywhere: `ep001/sc010/c0010`."""
    return f"ep{episode:03d}/sc{scene:03d}/c{cut:04d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectView:
    """One show and what its orders start from."""

    id: UUID
    slug: str
    name: str
    description: str
    defaults: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CutView:
    """One cut with the words of its scene."""

    id: UUID
    scene_id: UUID
    path: str
    description: str
    characters: tuple[str, ...]
    location: str
    time_of_day: str
    dialogue: str
    duration_frames: int | None
    #: the folder that was delivered last; None: nothing was
    output_path: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorView:
    """The door to a phase as it stands, and who decided so."""

    phase: Phase
    is_open: bool
    evidence: dict[str, Any]
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredShow:
    """What loading a show came to."""

    project_id: UUID
    project: str
    story_bible_version: str
    #: slug -> id
    characters: dict[str, UUID]
    #: path -> id, in story order
    cuts: dict[str, UUID]
    #: what the database has and the file has not; left alone, because takes hang on it
    left_behind: tuple[str, ...]
    #: slug -> approved pictures the file names; none: loading draws a sheet
    character_references: dict[str, tuple[str, ...]]
    style_references: tuple[str, ...]

"""A show as the catalogue answers with it: projects, cuts, doors, and what loading came to."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self

from models.actors import DEMO, SHOW
from models.vocabulary import JobType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from models.actors import Actor
    from models.recipe import Recipe
    from models.vocabulary import Phase


def cut_path(episode: int, scene: int, cut: int) -> str:
    """How a cut is named everywhere: `ep001/sc010/c0010`."""
    return f"{scene_path(episode, scene)}/c{cut:04d}"


def scene_path(episode: int, scene: int) -> str:
    """How a scene is named: `ep001/sc010`."""
    return f"{episode_path(episode)}/sc{scene:03d}"


def episode_path(episode: int) -> str:
    """How an episode is named: `ep001`."""
    return f"ep{episode:03d}"


#: beside a profile's marks: how they were calibrated; profiles of the show's file have none
EVIDENCE = "calibration"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChoice:
    """Who chose the profile that judges a project, and what the show's file said instead."""

    by: str
    instead_of: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a project's orders start from; None, or an empty mapping, where it leaves that to the farm."""

    renderer: str | None = None
    #: what a renderer will not draw is accepted
    lenient: bool | None = None
    profile: str | None = None
    model_name: str | None = None
    vae_name: str | None = None
    sampler_name: str | None = None
    scheduler: str | None = None
    workflows: dict[JobType, str] = field(default_factory=dict)
    #: workflow -> its own parameters, as this show sets them
    workflow_inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: pixels
    width: int | None = None
    height: int | None = None
    #: (width, height) of a kind that differs
    sizes: dict[JobType, tuple[int, int]] = field(default_factory=dict)
    #: frames a second, as `models.rates.rate_of` reads it
    fps: int | str | None = None
    steps: int | None = None
    cfg_scale: float | None = None
    negative_prompt: str | None = None
    max_retakes: int | None = None
    #: the project's own, by name, as `farm.judging.profiles` reads them
    profiles: dict[str, Any] = field(default_factory=dict)
    profile_choice: ProfileChoice | None = None
    #: what another version of the farm stored; kept as it is
    unknown: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        names = {each.name for each in fields(cls)} - {"unknown"}
        known = {name: value for name, value in stored.items() if name in names}
        choice = known.get("profile_choice")
        return cls(
            **known
            | {
                "workflows": {JobType(kind): name for kind, name in known.get("workflows", {}).items()},
                "sizes": {JobType(kind): tuple(size) for kind, size in known.get("sizes", {}).items()},
                "profile_choice": ProfileChoice(**choice) if choice else None,
                "unknown": {name: value for name, value in stored.items() if name not in names},
            }
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types, without what is left to the farm."""
        stated = {name: value for name, value in asdict(self).items() if value not in (None, {})}
        return {**stated.pop("unknown", {}), **stated}

    def with_decisions(self, before: Defaults) -> Defaults:
        """A show file's defaults, with the calibrated profiles it lacks and with the choice of one.

        The choice stands while the file says what it said when the choice was made.
        """
        calibrated = {name: each for name, each in before.profiles.items() if _is_calibrated(each)}
        kept = replace(self, profiles=calibrated | self.profiles)
        choice = before.profile_choice
        if choice is None or choice.instead_of != self.profile:
            return kept
        return replace(kept, profile=before.profile, profile_choice=choice)

    def without_decisions(self) -> Defaults:
        """What a show's file says: the inverse of `with_decisions`."""
        choice = self.profile_choice
        return replace(
            self,
            profile=choice.instead_of if choice else self.profile,
            profiles={name: each for name, each in self.profiles.items() if not _is_calibrated(each)},
            profile_choice=None,
            unknown={},
        )


def _is_calibrated(profile: Any) -> bool:
    return isinstance(profile, dict) and EVIDENCE in profile


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectView:
    """One show and what its orders start from."""

    id: UUID
    slug: str
    name: str
    description: str
    defaults: Defaults


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
    #: the show does without it: no gate counts it, and nothing orders or delivers it unless it is named
    omitted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorView:
    """The door to a phase as it stands, and who decided so."""

    phase: Phase
    is_open: bool
    evidence: dict[str, Any]
    decided_by: Actor
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
    #: what the file says and its renderer draws in no take
    not_drawn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedReference:
    """One reference to make: from pictures the show names, or from recipes to draw."""

    character: str | None  #: slug; None: the show's style
    networks: tuple[str, ...]
    named: tuple[Path, ...] = ()
    recipes: tuple[Recipe, ...] = ()

    @property
    def approved_by(self) -> Actor:
        """Whose word it is that these pictures are right."""
        return SHOW if self.named else DEMO

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self.character or "style"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReference:
    """What one network makes of approved pictures of a character, or of the style where that is None."""

    character: str | None  #: slug
    network: str
    network_sha256: str
    #: relative to the artifact store; absolute for pictures that `farm reference` was given
    image_paths: tuple[str, ...]
    approved_by: Actor
    #: of a character: little-endian float32, and the mean similarity of the pictures to their own mean
    embedding: bytes = b""
    baseline: float | None = None
    #: of a style, as `workers.scoring` wrote it
    calibration: dict[str, Any] = field(default_factory=dict)

    @property
    def provenance(self) -> dict[str, Any]:
        """Whose it is, apart from what was made."""
        names = ("network", "network_sha256", "image_paths", "approved_by")
        return {name: getattr(self, name) for name in names}

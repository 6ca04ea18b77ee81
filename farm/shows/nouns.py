"""The parts of a show that are edited one at a time: how each is found, weighed and stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel

from db import catalogue
from farm.shows import loading, stored
from farm.shows.form import CharacterHead, CutPart, EpisodeHead, SceneHead
from models.rows.characters import Character
from models.rows.shows import Cut, Episode, Scene
from models.shows import cut_path, episode_path, scene_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from db.catalogue import ShowRows
    from db.engine import Session
    from farm.shows.checking import Where
    from farm.shows.parts import Stored
    from models.rows.shows import Project

Row = TypeVar("Row", Character, Episode, Scene, Cut)
Part = TypeVar("Part", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a part stands or is to stand: rows of a show that is locked."""

    project: Project
    #: what it hangs on, beside the project
    episode: Episode | None = None
    scene: Scene | None = None


class Noun(ABC, Generic[Row, Part]):
    """One kind of part."""

    word: ClassVar[str]
    #: by what a file and people find it again; it is never edited
    key: ClassVar[str]
    #: what to do in place of removing one on which takes hang
    instead: ClassVar[str]
    kind: type[Row]
    form: type[Part]

    @abstractmethod
    def find(self, session: Session, project: Project, name: UUID | str) -> Row:
        """The row of that id or name; raises `UnknownName`."""

    @abstractmethod
    def spot(self, project: Project, row: Row) -> Spot:
        """Where a part stands."""

    @abstractmethod
    def is_taken(self, session: Session, spot: Spot, part: Part) -> bool:
        """Whether there is one of that key already."""

    @abstractmethod
    def known_as(self, spot: Spot, part: Part) -> str:
        """How people call it."""

    @abstractmethod
    def around(
        self, session: Session, spot: Spot, row: Row | None, *, leaving: bool = False
    ) -> tuple[ShowRows, Where]:
        """As much of the show as an edit of it, or its `leaving`, can touch; and where in that it stands."""

    @abstractmethod
    def store(self, session: Session, spot: Spot, part: Part, rows: ShowRows) -> Row:
        """Write it, as loading a file does."""

    @abstractmethod
    def stored(self, spot: Spot, row: Row, slugs: Mapping[UUID, str]) -> Stored[Part]:
        """The value that a row is."""


class Characters(Noun[Character, CharacterHead]):
    """Who is in the show, with attributes and variations."""

    word, key, kind, form = "character", "slug", Character, CharacterHead
    instead = "Their sheets stay with them."

    def find(self, session: Session, project: Project, name: UUID | str) -> Character:
        return catalogue.find_character(session, project, name)

    def spot(self, project: Project, row: Character) -> Spot:
        return Spot(project=project)

    def is_taken(self, session: Session, spot: Spot, part: CharacterHead) -> bool:
        return catalogue.has_number(session, Character, project_id=spot.project.id, slug=part.slug)

    def known_as(self, spot: Spot, part: CharacterHead) -> str:
        return part.slug

    def around(
        self, session: Session, spot: Spot, row: Character | None, *, leaving: bool = False
    ) -> tuple[ShowRows, Where]:
        if row is None:
            rows = catalogue.show_without_episodes(session, spot.project)
            return rows, ("characters", len(rows.cast))
        rows = catalogue.show_around_character(session, spot.project, row, leaving=leaving)
        return rows, ("characters", list(rows.cast).index(row.slug))

    def store(self, session: Session, spot: Spot, part: CharacterHead, rows: ShowRows) -> Character:
        is_drawn = (spot.project.defaults.renderer or "toon") == "toon"
        fields = loading.character_fields(part, normalised=is_drawn)
        return catalogue.store_character(session, spot.project.id, fields)

    def stored(self, spot: Spot, row: Character, slugs: Mapping[UUID, str]) -> Stored[CharacterHead]:
        return stored.stored_character(spot.project, row)


class Episodes(Noun[Episode, EpisodeHead]):
    """Episodes, without their scenes."""

    word, key, kind, form = "episode", "number", Episode, EpisodeHead
    instead = "Omit its cuts instead: `omit: true`."

    def find(self, session: Session, project: Project, name: UUID | str) -> Episode:
        return catalogue.find_episode(session, project, name)

    def spot(self, project: Project, row: Episode) -> Spot:
        return Spot(project=project)

    def is_taken(self, session: Session, spot: Spot, part: EpisodeHead) -> bool:
        project_id = spot.project.id
        return catalogue.has_number(session, Episode, project_id=project_id, episode_number=part.number)

    def known_as(self, spot: Spot, part: EpisodeHead) -> str:
        return episode_path(part.number)

    def around(
        self, session: Session, spot: Spot, row: Episode | None, *, leaving: bool = False
    ) -> tuple[ShowRows, Where]:
        rows = catalogue.show_without_episodes(session, spot.project)
        return replace(rows, episodes=[row] if row else []), ("episodes", 0)

    def store(self, session: Session, spot: Spot, part: EpisodeHead, rows: ShowRows) -> Episode:
        return catalogue.store_episode(session, spot.project.id, loading.plain_part(part))

    def stored(self, spot: Spot, row: Episode, slugs: Mapping[UUID, str]) -> Stored[EpisodeHead]:
        return stored.stored_episode(spot.project, row)


class Scenes(Noun[Scene, SceneHead]):
    """Scenes with those who are in them, without their cuts."""

    word, key, kind, form = "scene", "number", Scene, SceneHead
    instead = "Omit its cuts instead: `omit: true`."

    def find(self, session: Session, project: Project, name: UUID | str) -> Scene:
        return catalogue.find_scene(session, project, name)

    def spot(self, project: Project, row: Scene) -> Spot:
        return Spot(project=project, episode=row.episode)

    def is_taken(self, session: Session, spot: Spot, part: SceneHead) -> bool:
        return catalogue.has_number(session, Scene, episode_id=_of(spot)[0].id, scene_number=part.number)

    def known_as(self, spot: Spot, part: SceneHead) -> str:
        return scene_path(_of(spot)[0].episode_number, part.number)

    def around(
        self, session: Session, spot: Spot, row: Scene | None, *, leaving: bool = False
    ) -> tuple[ShowRows, Where]:
        rows = catalogue.show_without_episodes(session, spot.project)
        scenes = [row] if row else []
        return replace(rows, episodes=[_of(spot)[0]], scenes=scenes), ("episodes", 0, "scenes", 0)

    def store(self, session: Session, spot: Spot, part: SceneHead, rows: ShowRows) -> Scene:
        return catalogue.store_scene(session, _of(spot)[0], loading.plain_part(part), rows.cast)

    def stored(self, spot: Spot, row: Scene, slugs: Mapping[UUID, str]) -> Stored[SceneHead]:
        return stored.stored_scene(spot.project, row, slugs)


class Cuts(Noun[Cut, CutPart]):
    """Cuts."""

    word, key, kind, form = "cut", "number", Cut, CutPart
    instead = "Omit it instead: `omit: true`."

    def find(self, session: Session, project: Project, name: UUID | str) -> Cut:
        return catalogue.find_cut(session, project, name)

    def spot(self, project: Project, row: Cut) -> Spot:
        return Spot(project=project, episode=row.scene.episode, scene=row.scene)

    def is_taken(self, session: Session, spot: Spot, part: CutPart) -> bool:
        return catalogue.has_number(session, Cut, scene_id=_of(spot)[1].id, cut_number=part.number)

    def known_as(self, spot: Spot, part: CutPart) -> str:
        episode, scene = _of(spot)
        return cut_path(episode.episode_number, scene.scene_number, part.number)

    def around(
        self, session: Session, spot: Spot, row: Cut | None, *, leaving: bool = False
    ) -> tuple[ShowRows, Where]:
        episode, scene = _of(spot)
        rows = catalogue.show_without_episodes(session, spot.project)
        cuts = [row] if row else []
        where = ("episodes", 0, "scenes", 0, "cuts", 0)
        return replace(rows, episodes=[episode], scenes=[scene], cuts=cuts), where

    def store(self, session: Session, spot: Spot, part: CutPart, rows: ShowRows) -> Cut:
        return catalogue.store_cut(session, _of(spot)[1], loading.plain_part(part), rows.cast)

    def stored(self, spot: Spot, row: Cut, slugs: Mapping[UUID, str]) -> Stored[CutPart]:
        return stored.stored_cut(spot.project, row, slugs)


CHARACTERS, EPISODES, SCENES, CUTS = Characters(), Episodes(), Scenes(), Cuts()


def _of(spot: Spot) -> tuple[Episode, Any]:
    """The episode of a scene, the episode and the scene of a cut."""
    if spot.episode is None:
        raise LookupError("a scene or a cut stands in an episode")
    return spot.episode, spot.scene

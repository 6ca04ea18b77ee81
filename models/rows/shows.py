"""The show and its pieces: project, story bible, episode, scene, cut."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from models.rows.base import Base, CreatedAt, Seed, UuidKey, empty
from models.rows.characters import Character
from models.shows import Defaults


class DefaultsColumn(TypeDecorator[Defaults]):
    """A project's defaults: JSONB in Postgres, a typed value in Python."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: Defaults | None, dialect: Any) -> dict[str, Any] | None:
        return None if value is None else value.to_json()

    def process_result_value(self, value: dict[str, Any] | None, dialect: Any) -> Defaults | None:
        return None if value is None else Defaults.from_json(value)


class Project(Base):
    """One show; `slug` is how orders name it."""

    __tablename__ = "projects"
    __table_args__ = (UniqueConstraint("slug"),)

    id: Mapped[UuidKey]
    slug: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    defaults: Mapped[Defaults] = mapped_column(DefaultsColumn, server_default=empty("object"))
    created_at: Mapped[CreatedAt]

    story_bible: Mapped[StoryBible | None] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    characters: Mapped[list[Character]] = relationship(
        order_by="Character.slug", cascade="all, delete-orphan", passive_deletes=True
    )
    episodes: Mapped[list[Episode]] = relationship(
        back_populates="project",
        order_by="Episode.episode_number",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )


class StoryBible(Base):
    """The art style of a whole project; every edit raises the version's minor number."""

    __tablename__ = "story_bibles"

    id: Mapped[UuidKey]
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), unique=True)
    art_style: Mapped[str | None] = mapped_column(Text)
    color_palette: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    line_weight: Mapped[str | None] = mapped_column(String(100))
    shading_style: Mapped[str | None] = mapped_column(String(100))
    setting_description: Mapped[str | None] = mapped_column(Text)
    time_period: Mapped[str | None] = mapped_column(String(100))
    mood_keywords: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    narrative_themes: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    global_seed: Mapped[int | None] = mapped_column(Seed())
    version: Mapped[str] = mapped_column(String(50), server_default=text("'1.0.0'"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Episode(Base):
    """One episode of a project."""

    __tablename__ = "episodes"
    __table_args__ = (UniqueConstraint("project_id", "episode_number"),)

    id: Mapped[UuidKey]
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    episode_number: Mapped[int]
    title: Mapped[str | None] = mapped_column(String(255))
    synopsis: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(50), server_default=text("'pre_production'"))
    target_duration_seconds: Mapped[int | None]
    created_at: Mapped[CreatedAt]

    project: Mapped[Project] = relationship(back_populates="episodes")
    scenes: Mapped[list[Scene]] = relationship(
        back_populates="episode",
        order_by="Scene.scene_number",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )


class Scene(Base):
    """One place and time; its cuts must look continuous."""

    __tablename__ = "scenes"
    __table_args__ = (UniqueConstraint("episode_id", "scene_number"),)

    id: Mapped[UuidKey]
    episode_id: Mapped[UUID] = mapped_column(ForeignKey("episodes.id", ondelete="CASCADE"))
    scene_number: Mapped[int]
    name: Mapped[str | None] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    location: Mapped[str | None] = mapped_column(String(255))
    time_of_day: Mapped[str | None] = mapped_column(String(100))
    mood: Mapped[str | None] = mapped_column(String(100))
    duration_frames: Mapped[int | None]
    style_overrides: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    created_at: Mapped[CreatedAt]

    episode: Mapped[Episode] = relationship(back_populates="scenes")
    cuts: Mapped[list[Cut]] = relationship(
        back_populates="scene", order_by="Cut.cut_number", cascade="all, delete-orphan", passive_deletes=True
    )
    characters: Mapped[list[SceneCharacter]] = relationship(cascade="all, delete-orphan", passive_deletes=True)


class Cut(Base):
    """The unit that gets rendered; numbers by tens leave room for the editor."""

    __tablename__ = "cuts"
    __table_args__ = (UniqueConstraint("scene_id", "cut_number"),)

    id: Mapped[UuidKey]
    scene_id: Mapped[UUID] = mapped_column(ForeignKey("scenes.id", ondelete="CASCADE"))
    cut_number: Mapped[int]
    description: Mapped[str | None] = mapped_column(Text)
    camera_angle: Mapped[str | None] = mapped_column(String(100))
    camera_move: Mapped[str | None] = mapped_column(String(100))
    duration_frames: Mapped[int | None]
    character_ids: Mapped[list[UUID]] = mapped_column(server_default=empty("array"))
    #: character slug -> the variations this cut shows
    variations: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    dialogue: Mapped[str | None] = mapped_column(Text)
    action_notes: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(50), server_default=text("'pending'"))
    #: the show does without it: no gate counts it
    omitted: Mapped[bool] = mapped_column(server_default=text("false"))
    #: the folder of the version that `farm deliver` handed over last, of several phases the furthest
    output_path: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]

    scene: Mapped[Scene] = relationship(back_populates="cuts")


class SceneCharacter(Base):
    """Who is in a scene, from which frame to which, and where they stand."""

    __tablename__ = "scene_characters"
    __table_args__ = (
        UniqueConstraint("scene_id", "character_id"),
        Index("ix_scene_characters_character_id", "character_id"),
    )

    id: Mapped[UuidKey]
    scene_id: Mapped[UUID] = mapped_column(ForeignKey("scenes.id", ondelete="CASCADE"))
    character_id: Mapped[UUID] = mapped_column(ForeignKey("characters.id", ondelete="CASCADE"))
    entrance_frame: Mapped[int] = mapped_column(server_default=text("0"))
    exit_frame: Mapped[int | None]
    position_notes: Mapped[str | None] = mapped_column(Text)

    character: Mapped[Character] = relationship()

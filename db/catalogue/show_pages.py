"""Pages of a show's parts; the mark of a page is the name of its last item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from db.catalogue.show_parts import episode_number, scene_numbers
from db.catalogue.shows import parse_cut
from models.rows.characters import Character
from models.rows.shows import Cut, Episode, Project, Scene

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

_MOST = 500


def project_rows(session: Session, after: str | None, limit: int) -> tuple[Sequence[Project], bool]:
    """Projects by slug, and whether there are more."""
    query = select(Project).order_by(Project.slug)
    return _page(session, query if after is None else query.where(Project.slug > after), limit)


def character_rows(
    session: Session, project_id: UUID, after: str | None, limit: int
) -> tuple[Sequence[Character], bool]:
    """A project's characters by slug, and whether there are more."""
    query = (
        select(Character)
        .where(Character.project_id == project_id)
        .options(selectinload(Character.attributes), selectinload(Character.variations))
        .order_by(Character.slug)
    )
    return _page(session, query if after is None else query.where(Character.slug > after), limit)


def episode_rows(
    session: Session, project_id: UUID, after: str | None, limit: int
) -> tuple[Sequence[Episode], bool]:
    """A project's episodes, and whether there are more; raises `BadInput` for another mark than a page's."""
    query = select(Episode).where(Episode.project_id == project_id).order_by(Episode.episode_number)
    if after is not None:
        query = query.where(Episode.episode_number > episode_number(after))
    return _page(session, query, limit)


def scene_rows(
    session: Session, project_id: UUID, episode_id: UUID | None, after: str | None, limit: int
) -> tuple[Sequence[Scene], bool]:
    """The scenes of a project, or of one episode, in story order, and whether there are more."""
    place = (Episode.episode_number, Scene.scene_number)
    query = (
        select(Scene)
        .join(Scene.episode)
        .where(Episode.project_id == project_id)
        .options(contains_eager(Scene.episode), selectinload(Scene.characters))
        .order_by(*place)
    )
    if episode_id is not None:
        query = query.where(Scene.episode_id == episode_id)
    if after is not None:
        query = query.where(tuple_(*place) > scene_numbers(after))
    return _page(session, query, limit)


def cut_rows(
    session: Session, project_id: UUID, scene_id: UUID | None, after: str | None, limit: int
) -> tuple[Sequence[Cut], bool]:
    """The cuts of a project, or of one scene, in story order, and whether there are more."""
    place = (Episode.episode_number, Scene.scene_number, Cut.cut_number)
    query = (
        select(Cut)
        .join(Cut.scene)
        .join(Scene.episode)
        .where(Episode.project_id == project_id)
        .options(joinedload(Cut.scene).joinedload(Scene.episode))
        .order_by(*place)
    )
    if scene_id is not None:
        query = query.where(Cut.scene_id == scene_id)
    if after is not None:
        query = query.where(tuple_(*place) > parse_cut(after))
    return _page(session, query, limit)


def slugs_by_id(session: Session, project_id: UUID) -> dict[UUID, str]:
    """Who is who in a project."""
    rows = session.execute(select(Character.id, Character.slug).where(Character.project_id == project_id))
    return {row.id: row.slug for row in rows}


def _page(session: Session, query: Select[Any], limit: int) -> tuple[Sequence[Any], bool]:
    most = max(1, min(limit, _MOST))
    rows = session.scalars(query.limit(most + 1)).all()
    return rows[:most], len(rows) > most

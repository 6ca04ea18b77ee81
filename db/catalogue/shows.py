"""Finds projects, characters and cuts by the names people use, with the nearest name when there is none."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import joinedload, selectinload

from models.errors import OrderRefused
from models.nearest import unknown_name
from models.rows.characters import Character
from models.rows.jobs import Job
from models.rows.shows import Cut, Episode, Project, Scene
from models.shows import CutView, ProjectView, cut_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

_CUT_PATH = re.compile(r"(?:ep)?(\d{1,6})/(?:sc)?(\d{1,6})/(?:c)?(\d{1,6})", re.IGNORECASE)


def project(session: Session, name: str | UUID) -> Project:
    """The project of that slug or id; raises `UnknownName`."""
    row = session.scalar(
        select(Project).where(Project.id == name if isinstance(name, UUID) else Project.slug == name)
    )
    if row is None and isinstance(name, str) and (as_id := _uuid(name)):
        row = session.get(Project, as_id)
    if row is None:
        known = session.scalars(select(Project.slug)).all()
        raise unknown_name(
            str(name), known, "project", otherwise="" if known else "Load one with `farm show load FILE`."
        )
    return row


def projects(session: Session) -> tuple[ProjectView, ...]:
    """Every project, by slug."""
    return tuple(project_view(row) for row in session.scalars(select(Project).order_by(Project.slug)))


def project_view(row: Project) -> ProjectView:
    return ProjectView(
        id=row.id,
        slug=row.slug,
        name=row.name,
        description=row.description or "",
        defaults=row.defaults,
    )


def characters(session: Session, project_id: UUID) -> dict[str, Character]:
    """Every character of a project by slug, with attributes and variations loaded."""
    rows = session.scalars(
        select(Character)
        .where(Character.project_id == project_id)
        .options(selectinload(Character.attributes), selectinload(Character.variations))
        .order_by(Character.slug)
    )
    return {row.slug: row for row in rows}


def parse_cut(path: str) -> tuple[int, int, int]:
    """Episode, scene and cut number of `ep001/sc010/c0010` or `1/10/10`; raises `OrderRefused`."""
    match = _CUT_PATH.fullmatch(path.strip())
    if match is None:
        raise OrderRefused(
            f"The cut '{path}' cannot be read.", hint="Write ep001/sc010/c0010, or 1/10/10 for short."
        )
    episode, scene, cut = (int(part) for part in match.groups())
    return episode, scene, cut


def cut(session: Session, project: Project, path: str) -> Cut:
    """The cut of a project, with scene, who is in it, and episode loaded; raises `UnknownName`."""
    episode, scene, number = parse_cut(path)
    row = session.scalar(
        _cuts(project.id).where(
            Episode.episode_number == episode, Scene.scene_number == scene, Cut.cut_number == number
        )
    )
    if row is None:
        known = [path_of(each) for each in session.scalars(_cuts(project.id))]
        raise unknown_name(cut_path(episode, scene, number), known, f"cut in {project.slug}")
    return row


def cuts_at(session: Session, project: Project, paths: Iterable[str]) -> dict[str, Cut]:
    """The cuts of a project that these paths name, by path as written, in one look; unknown ones left out.

    Raises `OrderRefused` for a path that cannot be read.
    """
    numbers = {path: parse_cut(path) for path in paths}
    place = tuple_(Episode.episode_number, Scene.scene_number, Cut.cut_number)
    rows = session.scalars(_cuts(project.id).where(place.in_(set(numbers.values()))))
    by_path = {path_of(row): row for row in rows}
    return {path: by_path[cut_path(*key)] for path, key in numbers.items() if cut_path(*key) in by_path}


def cuts(session: Session, project_id: UUID) -> tuple[CutView, ...]:
    """Every cut of a project in story order."""
    slugs = {row.id: row.slug for row in session.scalars(select(Character).filter_by(project_id=project_id))}
    return tuple(_cut_view(row, slugs) for row in session.scalars(_cuts(project_id)))


def path_of(row: Cut) -> str:
    """`ep001/sc010/c0010` of a cut."""
    return cut_path(row.scene.episode.episode_number, row.scene.scene_number, row.cut_number)


def note_delivered(session: Session, job_id: UUID, folder: Path) -> None:
    """Keep with its cut where a job's take was delivered; bytes that are no UTF-8 are escaped for Postgres."""
    cut_id = select(Job.cut_id).where(Job.id == job_id).scalar_subquery()
    place = os.fsencode(folder).decode("utf-8", "backslashreplace")
    session.execute(update(Cut).where(Cut.id == cut_id).values(output_path=place))


def _cuts(project_id: UUID) -> Select[Cut]:
    return (
        select(Cut)
        .join(Cut.scene)
        .join(Scene.episode)
        .where(Episode.project_id == project_id)
        .options(
            joinedload(Cut.scene).joinedload(Scene.episode),
            joinedload(Cut.scene).selectinload(Scene.characters),
        )
        .order_by(Episode.episode_number, Scene.scene_number, Cut.cut_number)
    )


def _cut_view(row: Cut, slugs: dict[UUID, str]) -> CutView:
    return CutView(
        id=row.id,
        scene_id=row.scene_id,
        path=path_of(row),
        description=row.description or "",
        characters=tuple(slugs[who] for who in row.character_ids if who in slugs),
        location=row.scene.location or "",
        time_of_day=row.scene.time_of_day or "",
        dialogue=row.dialogue or "",
        duration_frames=row.duration_frames,
        output_path=row.output_path,
        omitted=row.omitted,
    )


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None

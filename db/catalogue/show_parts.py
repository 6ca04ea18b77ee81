"""Finds one part of a show by id or by name, under the show's lock, and takes it out again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from sqlalchemy import any_, func, literal, select
from sqlalchemy.orm import selectinload

from db.catalogue import shows
from models.errors import BadInput, UnknownName
from models.nearest import unknown_name
from models.rows.characters import Character
from models.rows.jobs import Job, QueueRow
from models.rows.shows import Cut, Episode, Project, Scene
from models.rows.units import GateUnit
from models.shows import episode_path, scene_path
from models.vocabulary import QueueStatus, UnitKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

#: how a part of a show is named: by its id, or as people call it
Name = UUID | str
Part = TypeVar("Part", Character, Episode, Scene, Cut)

_WORDS: dict[type[Any], str] = {Character: "character", Episode: "episode", Scene: "scene", Cut: "cut"}
_NUMBER = r"(\d{1,6})"
_EPISODE = re.compile(rf"(?:ep)?{_NUMBER}", re.IGNORECASE)
_SCENE = re.compile(rf"(?:ep)?{_NUMBER}/(?:sc)?{_NUMBER}", re.IGNORECASE)
_OVER = (QueueStatus.COMPLETED, QueueStatus.FAILED, QueueStatus.CANCELLED)


def show_of(
    session: Session, kind: type[Part], name: Name, project: Name | None, *, lock: bool = False
) -> Project:
    """The project that a part belongs to; with `lock`, nobody else edits or loads it until the commit.

    Orders go on: they only need the row to stay. Raises `UnknownName`, and `BadInput` where a part is named as
    people call it and no project is.
    """
    if project is not None:
        return locked_show(session, project) if lock else shows.project(session, project)
    part_id = as_id(name)
    if part_id is None:
        raise BadInput(
            f"'{name}' may stand in more than one show.", hint="Name its project too, or give its id."
        )
    owner = session.scalar(_owner(kind, part_id))
    if owner is None:
        raise UnknownName(f"There is no {_WORDS[kind]} {part_id}.", hint="Lists give the ids.")
    return locked_show(session, owner) if lock else session.get_one(Project, owner)


def locked_show(session: Session, name: Name) -> Project:
    """The project of that slug or id, locked as `show_of` does; raises `UnknownName`."""
    project_id = shows.project(session, name).id
    return session.scalars(
        select(Project)
        .where(Project.id == project_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def find_character(session: Session, project: Project, name: Name) -> Character:
    """Somebody in a project, with attributes and variations; raises `UnknownName`."""
    cast = select(Character).where(Character.project_id == project.id)
    loaded = cast.options(selectinload(Character.attributes), selectinload(Character.variations))
    row = _first(session, loaded, Character.slug == str(name), Character.id, name)
    if row is None:
        known = session.scalars(select(Character.slug).where(Character.project_id == project.id))
        raise unknown_name(str(name), known, f"character in {project.slug}")
    return row


def find_episode(session: Session, project: Project, name: Name) -> Episode:
    """An episode as `ep001`, `1` or by id; raises `UnknownName`, `BadInput`."""
    mine = select(Episode).where(Episode.project_id == project.id)
    by_number = Episode.episode_number == episode_number(name) if as_id(name) is None else None
    row = _first(session, mine, by_number, Episode.id, name)
    if row is None:
        known = [episode_path(each.episode_number) for each in session.scalars(mine)]
        raise unknown_name(str(name), known, f"episode in {project.slug}")
    return row


def find_scene(session: Session, project: Project, name: Name) -> Scene:
    """A scene as `ep001/sc010`, `1/10` or by id; raises `UnknownName`, `BadInput`."""
    mine = select(Scene).join(Scene.episode).where(Episode.project_id == project.id)
    by_number = None
    if as_id(name) is None:
        episode, number = scene_numbers(name)
        by_number = (Episode.episode_number == episode) & (Scene.scene_number == number)
    row = _first(session, mine.options(selectinload(Scene.characters)), by_number, Scene.id, name)
    if row is None:
        numbers = session.execute(mine.with_only_columns(Episode.episode_number, Scene.scene_number))
        raise unknown_name(str(name), [scene_path(*each) for each in numbers], f"scene in {project.slug}")
    return row


def find_cut(session: Session, project: Project, name: Name) -> Cut:
    """A cut as `ep001/sc010/c0010`, `1/10/10` or by id; raises `UnknownName`, `OrderRefused`."""
    cut_id = as_id(name)
    if cut_id is None:
        return shows.cut(session, project, str(name))
    row = session.scalar(
        select(Cut)
        .join(Cut.scene)
        .join(Scene.episode)
        .where(Cut.id == cut_id, Episode.project_id == project.id)
    )
    if row is None:
        raise UnknownName(f"There is no cut {cut_id} in {project.slug}.", hint="`Farm.cuts` lists them.")
    return row


def has_number(session: Session, kind: type[Any], **key: Any) -> bool:
    """Whether there is a part of that kind with that key already."""
    return session.scalar(select(func.count()).select_from(kind).filter_by(**key)) != 0


def jobs_of(session: Session, part: Project | Character | Episode | Scene | Cut) -> int:
    """How many jobs hang on a part of a show.

    Its cuts are locked first: whoever orders one of them at this moment is waited for, and counted.
    """
    match part:
        case Project():
            return _count(session, Job.project_id == part.id)
        case Character():
            return session.scalar(_sheets_of(part)) or 0
    cut_ids = session.scalars(_cut_ids(part).order_by(Cut.id).with_for_update(of=Cut)).all()
    return _count(session, Job.cut_id.in_(cut_ids)) if cut_ids else 0


def jobs_in_work(session: Session, project: Project) -> int:
    """How many of a project's jobs are not over."""
    waits = select(func.count()).select_from(QueueRow).where(QueueRow.status.not_in(_OVER))
    return session.scalar(waits.where(QueueRow.project_id == project.id)) or 0


def remove_part(session: Session, part: Project | Character | Episode | Scene | Cut) -> None:
    """Delete it with all that belongs to it."""
    session.delete(part)
    session.flush()


def as_id(name: Name) -> UUID | None:
    """The id that a name is; None where it is one that people give."""
    if isinstance(name, UUID):
        return name
    try:
        return UUID(name)
    except ValueError:
        return None


def episode_number(name: Name) -> int:
    """The number in `ep001` or `1`; raises `BadInput`."""
    return _numbers(_EPISODE, name, "episode", "Write ep001, or 1 for short.")[0]


def scene_numbers(name: Name) -> tuple[int, int]:
    """Episode and scene number of `ep001/sc010` or `1/10`; raises `BadInput`."""
    episode, scene = _numbers(_SCENE, name, "scene", "Write ep001/sc010, or 1/10 for short.")
    return episode, scene


def _numbers(form: re.Pattern[str], name: Name, word: str, hint: str) -> list[int]:
    match = form.fullmatch(str(name).strip())
    if match is None:
        raise BadInput(f"The {word} '{name}' cannot be read.", hint=hint)
    return [int(part) for part in match.groups()]


def _first(
    session: Session, query: Select[Part], by_name: ColumnElement[bool] | None, key: Any, name: Name
) -> Part | None:
    """The row of that name, else that of that id."""
    row = None if by_name is None else session.scalar(query.where(by_name))
    if row is None and (part_id := as_id(name)) is not None:
        row = session.scalar(query.where(key == part_id))
    return row


def _owner(kind: type[Any], part_id: UUID) -> Select[UUID]:
    if kind is Character:
        return select(Character.project_id).where(Character.id == part_id)
    owner = select(Episode.project_id)
    if kind is not Episode:
        owner = owner.join(Episode.scenes)
    if kind is Cut:
        owner = owner.join(Scene.cuts)
    return owner.where(kind.id == part_id)


def _cut_ids(part: Episode | Scene | Cut) -> Select[UUID]:
    ids = select(Cut.id)
    if isinstance(part, Cut):
        return ids.where(Cut.id == part.id)
    if isinstance(part, Scene):
        return ids.where(Cut.scene_id == part.id)
    return ids.join(Cut.scene).where(Scene.episode_id == part.id)


def _sheets_of(character: Character) -> Select[int]:
    """Orders of sheets that show somebody, alone or among others."""
    shown = literal(character.slug) == any_(func.string_to_array(GateUnit.key, " & "))
    return select(func.coalesce(func.sum(GateUnit.takes), 0)).where(
        GateUnit.project_id == character.project_id, GateUnit.kind == UnitKind.CHARACTER, shown
    )


def _count(session: Session, *where: ColumnElement[bool] | Iterable[Any]) -> int:
    return session.scalar(select(func.count()).select_from(Job).where(*where)) or 0  # type: ignore[arg-type]  # a comparison of columns

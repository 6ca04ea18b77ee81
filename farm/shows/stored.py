"""A show's rows as its forms: the inverse of loading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from db import catalogue
from farm.orders.prompt import phrase
from farm.shows.checking import form_faults
from farm.shows.form import (
    CharacterHead,
    CutPart,
    EpisodeHead,
    ProjectPart,
    SceneHead,
    Show,
    StoryBibleHead,
    TypedAttribute,
    VariationPart,
)
from farm.shows.parts import (
    Stored,
    StoredBible,
    StoredCut,
    attribute_field,
    etag_of,
    fields_of,
    snapshot_of,
    subject_of,
    subject_of_project,
    variation_field,
)
from models.errors import Conflict
from models.nearest import listed
from models.shows import episode_path, scene_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from db.catalogue import ShowRows
    from db.engine import Session
    from farm.shows.parts import Fields, Snapshot
    from models.rows.characters import Character
    from models.rows.shows import Cut, Episode, Project, Scene, StoryBible

Part = TypeVar("Part", bound=BaseModel)


def show_of_rows(rows: ShowRows) -> Show:
    """These rows as a show's file would say them, without its reference pictures."""
    return _read(Show, content_of_rows(rows), rows.project.slug)


def content_of_rows(rows: ShowRows) -> dict[str, Any]:
    """The same before it is read by its form."""
    content = rows.content()
    for character in content["characters"]:
        _leave_out_derived_tokens(character)
    return content


def whole_snapshot(session: Session, project: Project) -> Snapshot:
    """Every part of a show by its subject."""
    rows = catalogue.whole_show(session, project)
    return snapshot_of(show_of_rows(rows), has_bible=rows.bible is not None)


def stored_project(row: Project) -> Stored[ProjectPart]:
    """A project with what its file says of it."""
    content = _read(ProjectPart, catalogue.project_content(row), row.slug)
    etag = etag_of({subject_of_project(row.slug): fields_of(content)})
    return Stored(id=row.id, parent_id=None, known_as=row.slug, project=row.slug, content=content, etag=etag)


def stored_bible(project: Project, row: StoryBible) -> StoredBible:
    """A project's art direction."""
    content = _read(StoryBibleHead, catalogue.bible_content(row), project.slug)
    return StoredBible(
        **_common(project, "story bible", "", content),
        id=row.id,
        parent_id=project.id,
        version=row.version,
        updated_at=row.updated_at,
    )


def stored_character(project: Project, row: Character) -> Stored[CharacterHead]:
    """Somebody with all attributes and variations."""
    content = _character(row)
    return Stored(**_common(project, "character", row.slug, content), id=row.id, parent_id=project.id)


def stored_attributes(project: Project, row: Character) -> dict[str, Stored[TypedAttribute]]:
    """Each attribute of somebody by its type, in the order of a prompt."""
    fields = fields_of(_character(row))
    return {
        each.attribute_type: Stored(
            id=each.id,
            parent_id=row.id,
            known_as=each.attribute_type,
            project=project.slug,
            content=TypedAttribute.model_validate(
                {"type": each.attribute_type, **fields[attribute_field(each.attribute_type)]}
            ),
            etag=_tag_of_field(project, row, attribute_field(each.attribute_type), fields),
        )
        for each in row.attributes
    }


def stored_variations(project: Project, row: Character) -> dict[str, Stored[VariationPart]]:
    """Each variation of somebody by its name."""
    character = _character(row)
    fields, parts = fields_of(character), {each.name: each for each in character.variations}
    return {
        each.variation_name: Stored(
            id=each.id,
            parent_id=row.id,
            known_as=each.variation_name,
            project=project.slug,
            content=parts[each.variation_name],
            etag=_tag_of_field(project, row, variation_field(each.variation_name), fields),
        )
        for each in row.variations
    }


def stored_episode(project: Project, row: Episode) -> Stored[EpisodeHead]:
    """An episode without its scenes."""
    path = episode_path(row.episode_number)
    content = _read(EpisodeHead, catalogue.episode_content(row), path)
    return Stored(**_common(project, "episode", path, content), id=row.id, parent_id=project.id)


def stored_scene(project: Project, row: Scene, slugs: Mapping[UUID, str]) -> Stored[SceneHead]:
    """A scene without its cuts; `slugs` is who is who in the project."""
    path = scene_path(row.episode.episode_number, row.scene_number)
    content = _read(SceneHead, catalogue.scene_content(row, slugs), path)
    return Stored(**_common(project, "scene", path, content), id=row.id, parent_id=row.episode_id)


def stored_cut(project: Project, row: Cut, slugs: Mapping[UUID, str]) -> StoredCut:
    """A cut; `slugs` is who is who in the project."""
    content = _read(CutPart, catalogue.cut_content(row, slugs), catalogue.path_of(row))
    return StoredCut(
        **_common(project, "cut", catalogue.path_of(row), content),
        id=row.id,
        parent_id=row.scene_id,
        output_path=row.output_path,
    )


def _read(form: type[Part], content: dict[str, Any], name: str) -> Part:
    """What is stored as its form reads it; raises `Conflict` for what this version would not have stored."""
    try:
        return form.model_validate(content)
    except ValidationError as error:
        sentence = listed((each.sentence.rstrip(".") for each in form_faults(error, form)), 3)
        raise Conflict(
            f"What is stored of {name} is not as this version of the farm keeps it: {sentence}.",
            hint="Correct its show's file and load it again.",
        ) from error


def _common(project: Project, word: str, known_as: str, content: BaseModel) -> dict[str, Any]:
    etag = etag_of({subject_of(word, known_as, project.slug): fields_of(content)})
    return {"known_as": known_as or project.slug, "project": project.slug, "content": content, "etag": etag}


def _character(row: Character) -> CharacterHead:
    content = catalogue.character_content(row)
    _leave_out_derived_tokens(content)
    return _read(CharacterHead, content, row.slug)


def _leave_out_derived_tokens(content: dict[str, Any]) -> None:
    """Tokens that only repeat the value are left out: with another value they would be others."""
    for kind, attribute in content["attributes"].items():
        if attribute["tokens"] == [phrase(kind, attribute["value"])]:
            attribute["tokens"] = []


def _tag_of_field(project: Project, row: Character, field: str, fields: Fields) -> str:
    return etag_of({subject_of("character", row.slug, project.slug): {field: fields[field]}})

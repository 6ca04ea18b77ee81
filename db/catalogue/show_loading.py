"""Writes a whole show so that a second time changes only what changed; found again by slug and number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import select

from models.errors import Conflict
from models.rows.characters import Character, CharacterAttribute, CharacterVariation
from models.rows.shows import Cut, Episode, Project, Scene, SceneCharacter, StoryBible
from models.shows import Defaults, StoredShow, cut_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.orm import Session

    from models.rows.base import Base

Row = TypeVar("Row", bound="Base")


def store_show(session: Session, show: Mapping[str, Any], *, rename: bool = False) -> StoredShow:
    """Write a show given as plain values in the shape of `farm.shows.form.Show`, and say what came of it.

    Profiles that were calibrated here, and the choice of one, stay where the file says nothing about them.
    Raises `Conflict` where the slug is another show's; `rename` says that it is the same one under a new name.
    """
    project = store_project(session, show["project"], rename=rename)
    version = store_bible(session, project.id, show["story_bible"]).version
    cast = {each["slug"]: store_character(session, project.id, each) for each in show["characters"]}
    paths: dict[str, UUID] = {}
    for episode in show["episodes"]:
        _store_all_of(session, project.id, episode, cast, paths)
    session.flush()
    return StoredShow(
        project_id=project.id,
        project=project.slug,
        story_bible_version=version,
        characters={slug: row.id for slug, row in cast.items()},
        cuts=paths,
        left_behind=_left_behind(session, project.id, set(cast), set(paths)),
        character_references={each["slug"]: tuple(each["references"]) for each in show["characters"]},
        style_references=tuple(show["story_bible"].get("references", ())),
    )


def store_project(session: Session, content: Mapping[str, Any], *, rename: bool = False) -> Project:
    """Write what is said of the show itself, under its lock. Raises `Conflict` as `store_show` does."""
    fields = {"description": None, **content}
    slug = fields.pop("slug")
    known = select(Project.name, Project.defaults).where(Project.slug == slug).with_for_update()
    before = session.execute(known).one_or_none()
    if before is not None and before.name != fields["name"] and not rename:
        raise Conflict(
            f"The slug '{slug}' is taken by '{before.name}', and this show is called '{fields['name']}'.",
            hint="Give it a slug of its own, or say --rename if it is the same show.",
        )
    of_file = Defaults.from_json(fields.get("defaults", {}))
    fields["defaults"] = of_file.with_decisions(before.defaults) if before else of_file
    return _upsert(session, Project, {"slug": slug}, fields)


def store_bible(session: Session, project_id: UUID, content: Mapping[str, Any]) -> StoryBible:
    """Write the art direction; what differs raises the version's minor number."""
    # What the file leaves out becomes empty; it is not kept from before.
    values = {name: content.get(name) for name in ("art_style", "line_weight", "shading_style", "global_seed")}
    values |= {name: content.get(name) for name in ("setting_description", "time_period")}
    values |= {name: content.get(name, {}) for name in ("color_palette",)}
    values |= {name: list(content.get(name, ())) for name in ("mood_keywords", "narrative_themes")}
    bible = session.scalar(select(StoryBible).filter_by(project_id=project_id))
    if bible is None:
        bible = StoryBible(project_id=project_id, version="1.0.0", **values)
        session.add(bible)
        session.flush()
    elif _set(bible, values):
        bible.version = raised_minor(bible.version)
    return bible


def raised_minor(version: str) -> str:
    """`1.4.2` becomes `1.5.0`."""
    major, minor, *_ = [*version.split("."), "0", "0"]
    return f"{major}.{int(minor) + 1}.0"


def store_character(session: Session, project_id: UUID, content: Mapping[str, Any]) -> Character:
    """Write somebody with all attributes, as `{type, value, tokens, priority}`, and all variations."""
    fields = {name: value for name, value in content.items() if name != "references"}
    attributes, variations = fields.pop("attributes"), fields.pop("variations")
    optional = dict.fromkeys(("description", "base_prompt", "lora_model_path"))
    row = _upsert(
        session, Character, {"project_id": project_id, "slug": fields.pop("slug")}, {**optional, **fields}
    )
    own = {"character_id": row.id}
    for each in attributes:
        _upsert(
            session,
            CharacterAttribute,
            {**own, "attribute_type": each["type"]},
            {
                "attribute_value": each["value"],
                "prompt_tokens": list(each["tokens"]),
                "priority": each["priority"],
            },
        )
    for each in variations:
        modifiers = {name: each[name] for name in ("attributes", "prepend", "append", "replace") if each[name]}
        _upsert(
            session,
            CharacterVariation,
            {**own, "variation_name": each["name"]},
            {
                "variation_type": each["type"],
                "prompt_modifiers": modifiers,
                "reference_image_path": each.get("reference_image"),
            },
        )
    session.refresh(row, ["attributes", "variations"])
    types, names = {each["type"] for each in attributes}, {each["name"] for each in variations}
    row.attributes[:] = [each for each in row.attributes if each.attribute_type in types]
    row.variations[:] = [each for each in row.variations if each.variation_name in names]
    return row


def _store_all_of(
    session: Session,
    project_id: UUID,
    content: Mapping[str, Any],
    cast: Mapping[str, Character],
    paths: dict[str, UUID],
) -> None:
    """Write an episode with its scenes and their cuts."""
    episode = store_episode(session, project_id, content)
    for of_scene in content["scenes"]:
        scene = store_scene(session, episode, of_scene, cast)
        for of_cut in of_scene["cuts"]:
            cut = store_cut(session, scene, of_cut, cast)
            paths[cut_path(episode.episode_number, scene.scene_number, cut.cut_number)] = cut.id


def store_episode(session: Session, project_id: UUID, content: Mapping[str, Any]) -> Episode:
    """Write an episode without its scenes."""
    fields = {name: value for name, value in content.items() if name != "scenes"}
    number = fields.pop("number")
    optional = dict.fromkeys(("title", "synopsis", "target_duration_seconds"))
    return _upsert(
        session, Episode, {"project_id": project_id, "episode_number": number}, {**optional, **fields}
    )


def store_scene(
    session: Session, episode: Episode, content: Mapping[str, Any], cast: Mapping[str, Character]
) -> Scene:
    """Write a scene with those who are in it, without its cuts."""
    fields = {name: value for name, value in content.items() if name != "cuts"}
    present, number = fields.pop("characters"), fields.pop("number")
    optional = dict.fromkeys(("name", "description", "location", "time_of_day", "mood", "duration_frames"))
    scene = _upsert(session, Scene, {"episode_id": episode.id, "scene_number": number}, {**optional, **fields})
    for each in present:
        _upsert(
            session,
            SceneCharacter,
            {"scene_id": scene.id, "character_id": cast[each["character"]].id},
            {
                "entrance_frame": each["entrance_frame"],
                "exit_frame": each.get("exit_frame"),
                "position_notes": each.get("position"),
            },
        )
    session.refresh(scene, ["characters"])
    ids = {cast[each["character"]].id for each in present}
    scene.characters[:] = [each for each in scene.characters if each.character_id in ids]
    return scene


def store_cut(session: Session, scene: Scene, content: Mapping[str, Any], cast: Mapping[str, Character]) -> Cut:
    """Write a cut."""
    fields = dict(content)
    number, slugs, omitted = fields.pop("number"), fields.pop("characters"), fields.pop("omit")
    optional = dict.fromkeys(
        ("description", "camera_angle", "camera_move", "duration_frames", "dialogue", "action_notes")
    )
    values = {**optional, **fields, "character_ids": [cast[slug].id for slug in slugs], "omitted": omitted}
    return _upsert(session, Cut, {"scene_id": scene.id, "cut_number": number}, values)


def _left_behind(session: Session, project_id: UUID, slugs: set[str], paths: set[str]) -> tuple[str, ...]:
    """Characters and cuts the database has and the file has not."""
    characters = session.scalars(select(Character.slug).where(Character.project_id == project_id))
    cuts = session.execute(
        select(Episode.episode_number, Scene.scene_number, Cut.cut_number)
        .join(Scene, Scene.episode_id == Episode.id)
        .join(Cut, Cut.scene_id == Scene.id)
        .where(Episode.project_id == project_id)
    )
    known = [f"character {slug}" for slug in characters if slug not in slugs]
    known += [f"cut {path}" for path in (cut_path(*numbers) for numbers in cuts) if path not in paths]
    return tuple(sorted(known))


def _upsert(session: Session, kind: type[Row], key: dict[str, Any], values: dict[str, Any]) -> Row:
    """The row of that key, added or changed so that it holds `values`."""
    row = session.scalar(select(kind).filter_by(**key))
    if row is None:
        row = kind(**key, **values)
        session.add(row)
        session.flush()
    else:
        _set(row, values)
    return row


def _set(row: Base, values: Mapping[str, Any]) -> bool:
    """Write only what differs, so that an unchanged row is not touched; whether anything did."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)

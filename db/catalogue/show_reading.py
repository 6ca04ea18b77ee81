"""Reads a show back as its file would say it: the rows, and their plain values in the shape of the form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select
from sqlalchemy.orm import selectinload

from db.catalogue.shows import characters
from models.rows.characters import Character
from models.rows.shows import Cut, Episode, Project, Scene, SceneCharacter, StoryBible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

Content = dict[str, Any]
#: so many that rely on somebody are enough to keep them
_A_FEW = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRows:
    """A show's rows, or those of them that matter; scenes and cuts in story order."""

    project: Project
    bible: StoryBible | None
    #: by slug; always everybody
    cast: Mapping[str, Character]
    episodes: Sequence[Episode] = ()
    scenes: Sequence[Scene] = ()
    cuts: Sequence[Cut] = ()

    @property
    def slugs(self) -> dict[UUID, str]:
        """Who is who, by id."""
        return {who.id: slug for slug, who in self.cast.items()}

    def content(self) -> Content:
        """All of it in the shape of `farm.shows.form.Show`, without reference pictures."""
        slugs = self.slugs
        cuts = _grouped((cut.scene_id, cut_content(cut, slugs)) for cut in self.cuts)
        scenes = _grouped(
            (scene.episode_id, {**scene_content(scene, slugs), "cuts": cuts.get(scene.id, [])})
            for scene in self.scenes
        )
        return {
            "project": project_content(self.project),
            "story_bible": bible_content(self.bible) if self.bible else {},
            "characters": [character_content(who) for who in self.cast.values()],
            "episodes": [
                {**episode_content(each), "scenes": scenes.get(each.id, [])} for each in self.episodes
            ],
        }


def whole_show(session: Session, project: Project) -> ShowRows:
    """Every row of a show, in as many statements whatever its size."""
    return _rows(
        session,
        project,
        episodes=session.scalars(
            select(Episode).where(Episode.project_id == project.id).order_by(Episode.episode_number)
        ).all(),
        scenes=session.scalars(
            select(Scene)
            .join(Scene.episode)
            .where(Episode.project_id == project.id)
            .options(selectinload(Scene.characters))
            .order_by(Episode.episode_number, Scene.scene_number)
        ).all(),
        cuts=session.scalars(
            select(Cut)
            .join(Cut.scene)
            .join(Scene.episode)
            .where(Episode.project_id == project.id)
            .order_by(Episode.episode_number, Scene.scene_number, Cut.cut_number)
        ).all(),
    )


def show_without_episodes(session: Session, project: Project) -> ShowRows:
    """The show itself, its art direction and its cast."""
    return _rows(session, project)


def show_around_character(
    session: Session, project: Project, character: Character, *, leaving: bool
) -> ShowRows:
    """The same with the cuts that show somebody in one of their variations.

    When they are `leaving`, with a few of the scenes and cuts that show them at all: each keeps them there.
    """
    dressed = Cut.variations.op("?")(character.slug)
    shown = Cut.character_ids.contains([character.id])
    stands_in = select(SceneCharacter.scene_id).where(SceneCharacter.character_id == character.id)
    cuts = session.scalars(
        select(Cut)
        .join(Cut.scene)
        .join(Scene.episode)
        .where(Episode.project_id == project.id, or_(dressed, shown) if leaving else dressed)
        .order_by(Episode.episode_number, Scene.scene_number, Cut.cut_number)
        .limit(_A_FEW if leaving else None)
    ).all()
    with_cuts = Scene.id.in_({cut.scene_id for cut in cuts})
    scenes = session.scalars(
        select(Scene)
        .join(Scene.episode)
        .where(
            Episode.project_id == project.id,
            or_(with_cuts, Scene.id.in_(stands_in.limit(_A_FEW))) if leaving else with_cuts,
        )
        .options(selectinload(Scene.characters))
        .order_by(Episode.episode_number, Scene.scene_number)
    ).all()
    episodes = session.scalars(
        select(Episode)
        .where(Episode.id.in_({scene.episode_id for scene in scenes}))
        .order_by(Episode.episode_number)
    ).all()
    return _rows(session, project, episodes=episodes, scenes=scenes, cuts=cuts)


def project_content(row: Project) -> Content:
    """A project as its show's file says it: without what was calibrated and chosen here."""
    return {
        "slug": row.slug,
        "name": row.name,
        "description": row.description,
        "defaults": row.defaults.without_decisions().to_json(),
    }


def bible_content(row: StoryBible) -> Content:
    names = ("art_style", "color_palette", "line_weight", "shading_style", "setting_description", "time_period")
    return _fields(row, *names, "mood_keywords", "narrative_themes", "global_seed")


def character_content(row: Character) -> Content:
    """Somebody as the file says them; every attribute with the prompt tokens that are stored."""
    fields = _fields(row, "slug", "name", "description", "base_prompt", "negative_tokens", "color_palette")
    attributes = {
        each.attribute_type: {
            "value": each.attribute_value,
            "tokens": each.prompt_tokens,
            "priority": each.priority,
        }
        for each in row.attributes
    }
    variations = [
        {
            **each.prompt_modifiers,
            "name": each.variation_name,
            "type": each.variation_type,
            "reference_image": each.reference_image_path,
        }
        for each in row.variations
    ]
    more = {"lora_model_path": row.lora_model_path, "attributes": attributes, "variations": variations}
    return fields | more


def episode_content(row: Episode) -> Content:
    return {
        "number": row.episode_number,
        **_fields(row, "title", "synopsis", "target_duration_seconds"),
    }


def scene_content(row: Scene, slugs: Mapping[UUID, str]) -> Content:
    """A scene without its cuts; who is in it, by slug."""
    present = [
        {
            "character": slugs[each.character_id],
            "entrance_frame": each.entrance_frame,
            "exit_frame": each.exit_frame,
            "position": each.position_notes,
        }
        for each in row.characters
    ]
    names = ("name", "description", "location", "time_of_day", "mood", "duration_frames", "style_overrides")
    return {
        "number": row.scene_number,
        **_fields(row, *names),
        "characters": sorted(present, key=lambda each: str(each["character"])),
    }


def cut_content(row: Cut, slugs: Mapping[UUID, str]) -> Content:
    names = ("description", "camera_angle", "camera_move", "duration_frames", "variations", "dialogue")
    return {
        "number": row.cut_number,
        **_fields(row, *names, "action_notes"),
        "characters": [slugs[who] for who in row.character_ids if who in slugs],
        "omit": row.omitted,
    }


def _rows(
    session: Session,
    project: Project,
    *,
    episodes: Sequence[Episode] = (),
    scenes: Sequence[Scene] = (),
    cuts: Sequence[Cut] = (),
) -> ShowRows:
    return ShowRows(
        project=project,
        bible=session.scalar(select(StoryBible).filter_by(project_id=project.id)),
        cast=characters(session, project.id),
        episodes=episodes,
        scenes=scenes,
        cuts=cuts,
    )


def _fields(row: object, *names: str) -> Content:
    return {name: getattr(row, name) for name in names}


def _grouped(pairs: Iterable[tuple[UUID, Content]]) -> dict[UUID, list[Content]]:
    groups: dict[UUID, list[Content]] = {}
    for key, content in pairs:
        groups.setdefault(key, []).append(content)
    return groups

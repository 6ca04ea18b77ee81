"""Tasks that change a show: a scene is composed into cuts, the story bible is updated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.client.characters import Characters
from farm.client.projects import Projects
from farm.client.story import Story

if TYPE_CHECKING:
    from farm.dispatch.form import Composition, Task
    from farm.shows.form import CutPart
    from farm.shows.parts import Stored

_PAGE = 500


class Composing(Projects, Characters, Story):
    """What those tasks come to, by the verbs that edit a show."""

    def _composed(self, task: Task, project: str) -> dict[str, Any]:
        """A cut as the composition says, new or changed, with the words of its scene."""
        from farm.dispatch import form, scenes

        wanted = form.read(form.Composition, task.payload, "scene composition")
        named = dict.fromkeys((*(wanted.character_ids or ()), *wanted.positions))
        cast = {name: self.character(name, project=project).content.slug for name in named}
        scene = self._scene_for(wanted, project)
        before = self.scene(scene, project=project).content.model_dump(mode="json", exclude_none=True)
        edited = self.edit_scene(
            scene, scenes.scene_fields(wanted, before, cast), project=project, lenient=wanted.lenient
        )
        cut = self._stored_cut(wanted, scene, scenes.cut_fields(wanted, cast), project)
        not_drawn = [*edited.not_drawn, *cut.not_drawn]
        return {"project": cut.project, "scene": scene, "cut": cut.known_as, "not_drawn": not_drawn}

    def _scene_for(self, wanted: Composition, project: str) -> str:
        """The path of the scene that is named, or of a new one at the end of its episode."""
        from farm.dispatch.scenes import next_number

        if wanted.cut is not None:
            return self.cut(wanted.cut, project=project).known_as.rpartition("/")[0]
        if wanted.scene is not None:
            return self.scene(wanted.scene, project=project).known_as
        episode = wanted.episode or self._last_episode(project)
        there = self.scene_page(project, episode=episode, limit=_PAGE).items
        number = next_number([each.content.number for each in there])
        return self.create_scene(episode, {"number": number}, project=project).known_as

    def _last_episode(self, project: str) -> str:
        """The last episode of a project, which gets a first one where there is none."""
        episodes = self.episode_page(project, limit=_PAGE).items
        if episodes:
            return episodes[-1].known_as
        return self.create_episode(project, {"number": 1}).known_as

    def _stored_cut(
        self, wanted: Composition, scene: str, fields: dict[str, Any], project: str
    ) -> Stored[CutPart]:
        from farm.dispatch.scenes import next_number

        if wanted.cut is not None:
            return self.edit_cut(wanted.cut, fields, project=project, lenient=wanted.lenient)
        there = self.cut_page(project, scene=scene, limit=_PAGE).items
        number = next_number([each.content.number for each in there])
        return self.create_cut(scene, fields | {"number": number}, project=project, lenient=wanted.lenient)

    def _updated_story(self, task: Task, project: str) -> dict[str, Any]:
        from farm.dispatch import form

        update = form.read(form.StoryUpdate, task.payload, "story update")
        bible = self.edit_story_bible(project, update.content, lenient=update.lenient, why=update.update_type)
        return {
            "project": bible.project,
            "version": bible.version,
            "content": bible.content.model_dump(mode="json"),
            "not_drawn": list(bible.not_drawn),
        }

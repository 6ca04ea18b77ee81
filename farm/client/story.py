"""Verbs that edit the story of a show: episodes, scenes and cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from farm.client.editing import Editing, terms_of

if TYPE_CHECKING:
    from db.engine import Session
    from farm.client.editing import Name
    from farm.shows.editing import Edited, Given
    from farm.shows.form import CutPart, EpisodeHead, SceneCharacterPart, SceneHead
    from farm.shows.parts import PartPage, Stored, StoredCut


class Story(Editing):
    """Episodes (`ep001`, `1`), scenes (`ep001/sc010`, `1/10`), cuts (`ep001/sc010/c0010`, `1/10/10`), or by id.

    Without an id, `project` says of which show. What is `given` is a part in full, or a mapping of the fields
    that are to be others; None empties one. Jobs that were ordered keep what they were ordered with.
    """

    def episode(self, episode: Name, *, project: Name | None = None) -> Stored[EpisodeHead]:
        """One episode without its scenes; raises `UnknownName`."""
        from farm.shows.nouns import EPISODES

        return self._part(EPISODES, episode, project)

    def episode_page(
        self, project: Name, *, after: str | None = None, limit: int = 50
    ) -> PartPage[Stored[EpisodeHead]]:
        """A page of a project's episodes; `after` is the `next` of the page before."""
        from db import catalogue
        from farm.shows import parts, stored

        with self.database.transaction() as session:
            show = catalogue.project(session, project)
            rows, has_more = catalogue.episode_rows(session, show.id, after, limit)
            return parts.page_of((stored.stored_episode(show, row) for row in rows), has_more=has_more)

    def create_episode(
        self, project: Name, given: Given, *, if_match: str | None = None, lenient: bool = False, why: str = ""
    ) -> Stored[EpisodeHead]:
        """A new episode; raises `UnknownName`, `BadInput`, and `Conflict` where its number is taken."""
        from db import catalogue
        from farm.shows.editing import Editor
        from farm.shows.nouns import EPISODES, Spot

        def change(session: Session) -> Edited[Stored[EpisodeHead]]:
            spot = Spot(project=catalogue.locked_show(session, project))
            return Editor(
                session=session, noun=EPISODES, spot=spot, terms=terms_of(if_match, why, lenient=lenient)
            ).create(given)

        return self._changed(change)

    def edit_episode(
        self,
        episode: Name,
        given: Given,
        *,
        project: Name | None = None,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> Stored[EpisodeHead]:
        """Change an episode; its number stays. Raises `UnknownName`, `Stale` and `BadInput`."""
        from farm.shows.nouns import EPISODES

        return self._edit_part(EPISODES, episode, given, project, terms_of(if_match, why, lenient=lenient))

    def remove_episode(
        self,
        episode: Name,
        *,
        project: Name | None = None,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> Stored[EpisodeHead]:
        """Take an episode away with its scenes and cuts; the value is what it was.

        Raises `UnknownName`, `Stale`, and `Conflict` where takes hang on a cut of it.
        """
        from farm.shows.nouns import EPISODES

        return self._remove_part(EPISODES, episode, project, terms_of(if_match, why, lenient=lenient))

    def scene(self, scene: Name, *, project: Name | None = None) -> Stored[SceneHead]:
        """One scene with those who are in it, without its cuts; raises `UnknownName`."""
        from farm.shows.nouns import SCENES

        return self._part(SCENES, scene, project)

    def scene_characters(self, scene: Name, *, project: Name | None = None) -> tuple[SceneCharacterPart, ...]:
        """Who is in a scene, from which frame to which, and where they stand; `edit_scene` changes it."""
        return self.scene(scene, project=project).content.characters

    def scene_page(
        self, project: Name, *, episode: Name | None = None, after: str | None = None, limit: int = 50
    ) -> PartPage[Stored[SceneHead]]:
        """A page of the scenes of a project, or of one episode; `after` is the `next` of the page before."""
        from db import catalogue
        from farm.shows import parts, stored

        with self.database.transaction() as session:
            show = catalogue.project(session, project)
            of = None if episode is None else catalogue.find_episode(session, show, episode).id
            rows, has_more = catalogue.scene_rows(session, show.id, of, after, limit)
            slugs = catalogue.slugs_by_id(session, show.id)
            return parts.page_of((stored.stored_scene(show, row, slugs) for row in rows), has_more=has_more)

    def create_scene(
        self,
        episode: Name,
        given: Given,
        *,
        project: Name | None = None,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> Stored[SceneHead]:
        """A new scene in an episode; raises `UnknownName`, `BadInput`, and `Conflict` for a taken number."""
        from db import catalogue
        from farm.shows.editing import Editor
        from farm.shows.nouns import EPISODES, SCENES, Spot

        def change(session: Session) -> Edited[Stored[SceneHead]]:
            show = catalogue.show_of(session, EPISODES.kind, episode, project, lock=True)
            spot = Spot(project=show, episode=EPISODES.find(session, show, episode))
            return Editor(
                session=session, noun=SCENES, spot=spot, terms=terms_of(if_match, why, lenient=lenient)
            ).create(given)

        return self._changed(change)

    def edit_scene(
        self,
        scene: Name,
        given: Given,
        *,
        project: Name | None = None,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> Stored[SceneHead]:
        """Change a scene, and who is in it; its number stays. Raises `UnknownName`, `Stale` and `BadInput`."""
        from farm.shows.nouns import SCENES

        return self._edit_part(SCENES, scene, given, project, terms_of(if_match, why, lenient=lenient))

    def remove_scene(
        self,
        scene: Name,
        *,
        project: Name | None = None,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> Stored[SceneHead]:
        """Take a scene away with its cuts; the value is what it was.

        Raises `UnknownName`, `Stale`, and `Conflict` where takes hang on a cut of it.
        """
        from farm.shows.nouns import SCENES

        return self._remove_part(SCENES, scene, project, terms_of(if_match, why, lenient=lenient))

    def cut(self, cut: Name, *, project: Name | None = None) -> StoredCut:
        """One cut; raises `UnknownName`."""
        from farm.shows.nouns import CUTS

        return cast("StoredCut", self._part(CUTS, cut, project))

    def cut_page(
        self, project: Name, *, scene: Name | None = None, after: str | None = None, limit: int = 50
    ) -> PartPage[StoredCut]:
        """A page of the cuts of a project, or of one scene; `after` is the `next` of the page before."""
        from db import catalogue
        from farm.shows import parts, stored

        with self.database.transaction() as session:
            show = catalogue.project(session, project)
            of = None if scene is None else catalogue.find_scene(session, show, scene).id
            rows, has_more = catalogue.cut_rows(session, show.id, of, after, limit)
            slugs = catalogue.slugs_by_id(session, show.id)
            return parts.page_of((stored.stored_cut(show, row, slugs) for row in rows), has_more=has_more)

    def create_cut(
        self,
        scene: Name,
        given: Given,
        *,
        project: Name | None = None,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> Stored[CutPart]:
        """A new cut in a scene; raises `UnknownName`, `BadInput`, and `Conflict` for a taken number."""
        from db import catalogue
        from farm.shows.editing import Editor
        from farm.shows.nouns import CUTS, SCENES, Spot

        def change(session: Session) -> Edited[Stored[CutPart]]:
            show = catalogue.show_of(session, SCENES.kind, scene, project, lock=True)
            row = SCENES.find(session, show, scene)
            spot = Spot(project=show, episode=row.episode, scene=row)
            return Editor(
                session=session, noun=CUTS, spot=spot, terms=terms_of(if_match, why, lenient=lenient)
            ).create(given)

        return self._changed(change)

    def edit_cut(
        self,
        cut: Name,
        given: Given,
        *,
        project: Name | None = None,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> Stored[CutPart]:
        """Change a cut; its number stays. One that is omitted leaves the count of its gates.

        Raises:
            UnknownName: there is no such cut.
            Stale: it is not what was read; the sentence names what changed, and who did that.
            BadInput: something in it is unknown, out of range, or would not be drawn.
        """
        from farm.shows.nouns import CUTS

        return self._edit_part(CUTS, cut, given, project, terms_of(if_match, why, lenient=lenient))

    def remove_cut(
        self,
        cut: Name,
        *,
        project: Name | None = None,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> Stored[CutPart]:
        """Take a cut away; the value is what it was.

        Raises `UnknownName`, `Stale`, and `Conflict` where takes hang on it: omit it instead.
        """
        from farm.shows.nouns import CUTS

        return self._remove_part(CUTS, cut, project, terms_of(if_match, why, lenient=lenient))

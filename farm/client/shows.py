"""Verbs about whole shows: load one, read it back, list what there is, choose who judges it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from farm.client.editing import Editing
from models.access import Change
from models.actors import Actor

if TYPE_CHECKING:
    from uuid import UUID

    from farm.judging.profiles import ProjectProfiles
    from farm.shows.form import Show
    from farm.shows.parts import WholeShow
    from models.metrics import Profile
    from models.shows import CutView, ProjectView, StoredShow

#: the project of orders that belong to none
_SCRATCH = "scratch"


class Shows(Editing):
    """Shows, their cuts, and the profiles that judge them."""

    def load_show(
        self,
        show: Show | Path | str,
        *,
        lenient: bool = False,
        rename: bool = False,
        if_match: str | None = None,
    ) -> StoredShow:
        """Store a show, from its YAML file or as a value; loading it again updates what changed.

        `lenient` accepts a file with words that its renderer will not draw; the answer lists them. With
        `if_match`, the `etag` of what `show` read, nothing that somebody else changed since is written over.

        Raises:
            BadInput: the file cannot be read, or something in it is unknown, doubled, out of range or
                would not be drawn.
            UnknownName: it is to be judged by a profile that nobody knows, or is not there for `if_match`.
            Conflict: its slug is another show's; `rename` says that it is the same one under a new name.
            Stale: it is not what was read; the sentence names what changed, and who did that.
        """
        from farm.shows import loading, reloading

        story = loading.load(show, lenient=lenient) if isinstance(show, str | Path) else show
        with self.database.transaction() as session:
            stored, change = reloading.store(session, story, rename=rename, if_match=if_match)
            self._note(session, change)
        self._open_what_is_earned(stored.project_id)
        return stored

    def show(self, project: UUID | str) -> WholeShow:
        """A show as its file would say it, with the tag of all of it; raises `UnknownName`."""
        from db import catalogue
        from farm.shows import exporting

        def picture_at(path: str) -> str:
            kept = self.store.path(path)
            here = (kept.relative_to(root) for root in self.settings.roots if kept.is_relative_to(root))
            return str(next(here, kept))

        with self.database.transaction() as session:
            return exporting.whole_show(session, catalogue.project(session, project), picture_at)

    def projects(self) -> tuple[ProjectView, ...]:
        from db import catalogue

        with self.database.transaction() as session:
            return catalogue.projects(session)

    def default_project(self) -> str:
        """The slug of the project of orders that name none: the setting's, the only one there is, or `scratch`.

        `scratch` is made when it is first asked for.
        """
        from farm.shows.form import Show

        if self.settings.default_project is not None:
            return self.settings.default_project
        known = [project.slug for project in self.projects()]
        if len(known) == 1:
            return known[0]
        if _SCRATCH not in known:
            self.load_show(Show.model_validate({"project": {"slug": _SCRATCH, "name": "Scratch"}}))
        return _SCRATCH

    def cuts(self, project: str) -> tuple[CutView, ...]:
        """Every cut of a project in story order; raises `UnknownName`."""
        from db import catalogue

        with self.database.transaction() as session:
            return catalogue.cuts(session, catalogue.project(session, project).id)

    def profiles(self, project: str) -> ProjectProfiles:
        """The profile that judges a project's next orders, and its own ones; raises `UnknownName`."""
        from farm.judging import profiles

        with self.database.transaction() as session:
            return profiles.of_project(session, project, self.settings.default_profile)

    def choose_profile(self, project: str, name: str, *, by: Actor | str) -> Profile:
        """Judge the project's next orders by this profile; raises `UnknownName`, `BadInput`, `Forbidden`."""
        from farm.judging import calibration

        by = self._acting_as(by)
        with self.database.transaction() as session:
            chosen = calibration.choose(session, project, name, by=by)
            self._note(
                session,
                Change(
                    action="profile.choose",
                    subject=f"profile of {project}",
                    by=Actor.named(by),
                    after={"profile": name},
                    project=project,
                ),
            )
            return chosen

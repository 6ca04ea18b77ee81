"""Verbs about shows: load one, list what there is, choose who judges it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from farm.client.connection import Connection
from models.access import Change
from models.actors import Actor
from models.vocabulary import Phase

if TYPE_CHECKING:
    from farm.judging.profiles import ProjectProfiles
    from farm.shows.form import Show
    from models.metrics import Profile
    from models.shows import CutView, ProjectView, StoredShow

#: the project of orders that belong to none
_SCRATCH = "scratch"


class Shows(Connection):
    """Shows, their cuts, and the profiles that judge them."""

    def load_show(self, show: Show | Path | str, *, lenient: bool = False, rename: bool = False) -> StoredShow:
        """Store a show, from its YAML file or as a value; loading it again updates what changed.

        `lenient` accepts a file with words that its renderer will not draw; the answer lists them.

        Raises:
            BadInput: the file cannot be read, or something in it is unknown, doubled, out of range or
                would not be drawn.
            UnknownName: it is to be judged by a profile that nobody knows.
            Conflict: its slug is another show's; `rename` says that it is the same one under a new name.
        """
        from farm.judging import gate as gates
        from farm.shows import loading

        story = loading.load(show, lenient=lenient) if isinstance(show, str | Path) else show
        with self.database.transaction() as session:
            stored = loading.store(session, story, rename=rename)
            self._note(session, _loaded(stored))

        def open_what_is_earned() -> None:
            with self.database.transaction() as session:
                for phase in Phase:
                    gates.open_if_earned(session, stored.project_id, phase)

        # After the commit, because no gate may wait for the project's row: without a cut that is omitted from
        # now on, a phase may have passed.
        self._once_kept(open_what_is_earned)
        return stored

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


def _loaded(stored: StoredShow) -> Change:
    return Change(
        action="show.load",
        subject=f"show {stored.project}",
        after={"story_bible_version": stored.story_bible_version, "cuts": len(stored.cuts)},
        project=stored.project,
    )

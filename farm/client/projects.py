"""Verbs that edit what there is one of in a show: the project itself and its story bible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.client.editing import Editing, terms_of

if TYPE_CHECKING:
    from farm.client.editing import Name
    from farm.shows.editing import Given, Terms
    from farm.shows.form import ProjectPart
    from farm.shows.parts import PartPage, Stored, StoredBible


class Projects(Editing):
    """Projects and their art direction.

    What is `given` is a part in full, or a mapping of the fields that are to be others; None empties one.
    """

    def project(self, project: Name) -> Stored[ProjectPart]:
        """One project, by slug or id; raises `UnknownName`."""
        from db import catalogue
        from farm.shows import stored

        with self.database.transaction() as session:
            return stored.stored_project(catalogue.project(session, project))

    def project_page(self, *, after: str | None = None, limit: int = 50) -> PartPage[Stored[ProjectPart]]:
        """A page of projects by slug; `after` is the `next` of the page before."""
        from db import catalogue
        from farm.shows import parts, stored

        with self.database.transaction() as session:
            rows, has_more = catalogue.project_rows(session, after, limit)
            return parts.page_of((stored.stored_project(row) for row in rows), has_more=has_more)

    def create_project(
        self, given: Given, *, if_match: str | None = None, lenient: bool = False, why: str = ""
    ) -> Stored[ProjectPart]:
        """A show without a story bible, characters and episodes yet.

        Raises:
            BadInput: something in it is unknown or out of range.
            Conflict: the slug is another show's.
            UnknownName: it is to be judged by a profile that nobody knows.
        """
        from farm.shows import editing_shows

        return self._changed(
            lambda session: editing_shows.create_project(
                session, given, terms_of(if_match, why, lenient=lenient)
            )
        )

    def edit_project(
        self, project: Name, given: Given, *, if_match: str | None = None, lenient: bool = False, why: str = ""
    ) -> Stored[ProjectPart]:
        """Change name, description or defaults; the slug stays.

        Raises:
            UnknownName: there is no such project, or no such profile to judge it by.
            Stale: it is not what was read.
            BadInput: something in it is unknown or out of range.
            Conflict: parts of the show say what a new renderer would not draw.
        """
        from db import catalogue
        from farm.shows import editing_shows

        return self._changed(
            lambda session: editing_shows.edit_project(
                session,
                catalogue.locked_show(session, project),
                given,
                terms_of(if_match, why, lenient=lenient),
            )
        )

    def remove_project(
        self,
        project: Name,
        *,
        with_jobs: bool = False,
        if_match: str | None = None,
        lenient: bool = False,
        why: str = "",
    ) -> Stored[ProjectPart]:
        """Take a show away with all that is in it; the value is what it was.

        Its jobs go too where `with_jobs` says so; the files of their takes are then tidied away.

        Raises:
            UnknownName: there is no such project.
            Stale: it is not what was read.
            Conflict: it has jobs, or, with `with_jobs`, some that are not over.
        """
        from db import catalogue
        from farm.shows import editing_shows

        return self._changed(
            lambda session: editing_shows.remove_project(
                session,
                catalogue.locked_show(session, project),
                terms_of(if_match, why, lenient=lenient),
                with_jobs=with_jobs,
            )
        )

    def story_bible(self, project: Name) -> StoredBible:
        """The art direction of a show; raises `UnknownName` where there is no such show, or none of it yet."""
        from db import catalogue
        from farm.shows import editing_shows

        with self.database.transaction() as session:
            return editing_shows.story_bible(session, catalogue.project(session, project))

    def create_story_bible(
        self, project: Name, given: Given, *, if_match: str | None = None, lenient: bool = False, why: str = ""
    ) -> StoredBible:
        """Give a show its art direction; raises `UnknownName`, `BadInput`, and `Conflict` where it has one."""
        return self._edit_bible(project, given, terms_of(if_match, why, lenient=lenient), must_be_new=True)

    def edit_story_bible(
        self, project: Name, given: Given, *, if_match: str | None = None, lenient: bool = False, why: str = ""
    ) -> StoredBible:
        """Change a show's art direction, or give it one; an edit raises the version's minor number.

        Raises:
            UnknownName: there is no such project.
            Stale: it is not what was read.
            BadInput: something in it is unknown, out of range or would not be drawn.
        """
        return self._edit_bible(project, given, terms_of(if_match, why, lenient=lenient), must_be_new=False)

    def _edit_bible(self, project: Name, given: Given, terms: Terms, *, must_be_new: bool) -> StoredBible:
        from db import catalogue
        from farm.shows import editing_shows

        return self._changed(
            lambda session: editing_shows.edit_bible(
                session,
                catalogue.locked_show(session, project),
                given,
                terms,
                must_be_new=must_be_new,
            )
        )

"""Edits what there is one of in a show: the project itself and its story bible."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from db import catalogue
from farm.shows import loading, stored
from farm.shows.editing import Edited, Given, Terms, entries_of, merged, plain_of, refuse_another_key
from farm.shows.form import ProjectPart, Show, StoryBibleHead, StoryBiblePart
from farm.shows.hands import change_of, refuse_stale
from farm.shows.parts import StoredBible, fields_of, subject_of, subject_of_project
from farm.shows.weighing import Edit, filled_in, weigh
from models.errors import Conflict, UnknownName
from models.rows.shows import Project

if TYPE_CHECKING:
    from db.engine import Session
    from farm.shows.parts import Fields, Stored
    from models.access import Change

_PROJECT, _BIBLE = ("project",), ("story_bible",)


def create_project(session: Session, given: Given, terms: Terms) -> Edited[Stored[ProjectPart]]:
    """A show without a story bible, characters and episodes yet.

    Raises:
        BadInput: something in it is unknown or out of range.
        Conflict: the slug is another show's.
        UnknownName: it is to be judged by a profile that nobody knows.
    """
    part = filled_in(ProjectPart, plain_of(given), "new project")
    subject = subject_of_project(part.slug)
    if catalogue.has_number(session, Project, slug=part.slug):
        raise Conflict(f"There is a {subject} already.", hint="Edit that one, or choose another slug.")
    weigh(Edit(what=subject, before=None, after=Show(project=part), where=_PROJECT), lenient=terms.lenient)
    now = _stored_project(session, part)
    change = change_of(
        "project.create", subject, None, fields_of(now.content), project=part.slug, why=terms.why
    )
    return Edited(project_id=now.id, stored=now, changes=_listed(change))


def edit_project(session: Session, project: Project, given: Given, terms: Terms) -> Edited[Stored[ProjectPart]]:
    """Change a locked show's name, description or defaults.

    Raises:
        Stale: it is not what was read.
        BadInput: something in it is unknown or out of range.
        Conflict: parts of the show say what a new renderer would not draw.
        UnknownName: it is to be judged by a profile that nobody knows.
    """
    show = stored.show_of_rows(catalogue.whole_show(session, project))
    subject, before = subject_of_project(project.slug), fields_of(show.project)
    refuse_stale(subject, {subject: before}, terms.if_match, entries_of(session, project))
    part = filled_in(ProjectPart, merged(show.project, given), subject)
    refuse_another_key(subject, "slug", show.project, part)
    after = show.model_copy(update={"project": part})
    not_drawn = weigh(Edit(what=subject, before=show, after=after, where=_PROJECT), lenient=terms.lenient)
    now = _stored_project(session, part)
    change = change_of(
        "project.edit", subject, before, fields_of(now.content), project=project.slug, why=terms.why
    )
    return Edited(project_id=now.id, stored=replace(now, not_drawn=not_drawn), changes=_listed(change))


def remove_project(
    session: Session, project: Project, terms: Terms, *, with_jobs: bool
) -> Edited[Stored[ProjectPart]]:
    """Take a locked show away with all that is in it; the value is what it was.

    Raises:
        Stale: it is not what was read.
        Conflict: it has jobs, and `with_jobs` does not say that they go too; or some of them are not over.
    """
    before = stored.stored_project(project)
    subject, fields = subject_of_project(project.slug), fields_of(before.content)
    refuse_stale(subject, {subject: fields}, terms.if_match, entries_of(session, project))
    if waiting := catalogue.jobs_in_work(session, project):
        raise Conflict(f"The {subject} has {waiting} jobs that are not over.", hint="Cancel them first.")
    if (jobs := catalogue.jobs_of(session, project)) and not with_jobs:
        raise Conflict(
            f"The {subject} has {jobs} jobs with their takes.", hint="Say `with_jobs` to remove them too."
        )
    catalogue.remove_part(session, project)
    change = change_of("project.remove", subject, fields, None, project=project.slug, why=terms.why)
    return Edited(project_id=before.id, stored=before, changes=_listed(change))


def story_bible(session: Session, project: Project) -> StoredBible:
    """The art direction of a show; raises `UnknownName` where it has none yet."""
    rows = catalogue.show_without_episodes(session, project)
    if rows.bible is None:
        raise UnknownName(f"{project.slug} has no story bible yet.", hint="Create one.")
    return stored.stored_bible(project, rows.bible)


def edit_bible(
    session: Session, project: Project, given: Given, terms: Terms, *, must_be_new: bool = False
) -> Edited[StoredBible]:
    """Change a locked show's art direction, or give it one; an edit raises the version's minor number.

    Raises:
        Stale: it is not what was read.
        BadInput: something in it is unknown, out of range or would not be drawn.
        Conflict: it has one, and `must_be_new`.
    """
    rows = catalogue.show_without_episodes(session, project)
    subject = subject_of("story bible", "", project.slug)
    show = stored.show_of_rows(rows)
    before: Fields | None = None
    if rows.bible is not None:
        before = fields_of(show.story_bible)
        if must_be_new:
            raise Conflict(f"There is a {subject} already.", hint="Edit that one.")
    refuse_stale(subject, {subject: before} if before else {}, terms.if_match, entries_of(session, project))
    head = StoryBibleHead.model_validate(fields_of(show.story_bible))
    part = filled_in(StoryBibleHead, merged(head, given), subject)
    after = show.model_copy(update={"story_bible": StoryBiblePart.model_validate(loading.plain_part(part))})
    not_drawn = weigh(Edit(what=subject, before=show, after=after, where=_BIBLE), lenient=terms.lenient)
    row = catalogue.store_bible(session, project.id, loading.plain_part(part))
    session.flush()
    now = stored.stored_bible(project, row)
    action = "story_bible.create" if before is None else "story_bible.edit"
    change = change_of(action, subject, before, fields_of(now.content), project=project.slug, why=terms.why)
    return Edited(project_id=project.id, stored=replace(now, not_drawn=not_drawn), changes=_listed(change))


def _stored_project(session: Session, part: ProjectPart) -> Stored[ProjectPart]:
    row = catalogue.store_project(session, loading.plain_part(part), rename=True)
    session.flush()
    loading.refuse_an_unknown_choice(session, row.id)
    return stored.stored_project(row)


def _listed(change: Change | None) -> tuple[Change, ...]:
    return () if change is None else (change,)

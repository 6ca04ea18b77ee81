"""Loads a show over what is stored of it, but not over another hand's changes, and notes its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db import catalogue
from farm.shows import loading, stored
from farm.shows.editing import entries_of
from farm.shows.hands import parts_changed, refuse_stale
from models.access import Change
from models.errors import UnknownName

if TYPE_CHECKING:
    from db.engine import Session
    from farm.shows.form import Show
    from farm.shows.parts import Snapshot
    from models.shows import StoredShow


def store(
    session: Session, show: Show, *, rename: bool = False, if_match: str | None = None
) -> tuple[StoredShow, Change]:
    """Write the show as `loading.store` does; with it comes what the audit keeps.

    Raises:
        Stale: with `if_match`, the stored show is not the one that has this tag.
        UnknownName: with `if_match`, there is no such show; or nobody knows its profile.
        Conflict: its slug is another show's.
    """
    slug = show.project.slug
    before = _locked(session, slug, must_be_there=if_match is not None)
    if before is not None:
        project = catalogue.project(session, slug)
        refuse_stale(f"show {slug}", before, if_match, entries_of(session, project), is_whole=True)
    loaded = loading.store(session, show, rename=rename)
    after: dict[str, Any] = {
        "story_bible_version": loaded.story_bible_version,
        "cuts": len(loaded.cuts),
    }
    kept: dict[str, Any] | None = None
    if before is not None:
        now = stored.whole_snapshot(session, catalogue.project(session, slug))
        kept, parts = parts_changed(before, now)
        after |= parts
    change = Change(action="show.load", subject=f"show {slug}", before=kept, after=after, project=slug)
    return loaded, change


def _locked(session: Session, slug: str, *, must_be_there: bool) -> Snapshot | None:
    """Every part of a show that nobody else edits or loads now; None where there is none of that slug."""
    try:
        project = catalogue.locked_show(session, slug)
    except UnknownName:
        if must_be_there:
            raise
        return None
    # Not one whose id happens to be called so.
    return stored.whole_snapshot(session, project) if project.slug == slug else None

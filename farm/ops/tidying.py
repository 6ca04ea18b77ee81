"""Removes what lost attempts left in the store, and moves aside what the database does not know."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from db import queue
from db.files.store_walk import StoreWalk, folder_of
from db.queue import Standing
from farm.scheduling import strays
from models import disk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from db.engine import Database
    from db.files.artifacts import ArtifactStore
    from db.files.store_walk import AttemptFolder, Walk

_log = logging.getLogger(__name__)

#: attempts whose files are removed in one turn
_REMOVED_AT_MOST = 1000
#: names that are looked at in one turn: a million takes in a day of turns every five minutes
_LOOKED_AT_MOST = 4000


def remove_left_behind(database: Database, store: ArtifactStore, *, over_for: timedelta) -> int:
    """Remove the files of attempts that the database remembers as over without a take; how many those were.

    Raises:
        Unavailable: the database does not answer; what was removed is then removed once more.
    """
    with database.transaction() as session:
        attempts = queue.left_behind(session, over_for=over_for, at_most=_REMOVED_AT_MOST)
    if not attempts:
        return 0
    for job_id, epoch in attempts:
        store.discard(job_id, epoch)
    with database.transaction() as session:
        queue.note_removed(session, attempts)
    return len(attempts)


def walk_on(database: Database, store: ArtifactStore, *, at_most: int = _LOOKED_AT_MOST) -> Walk:
    """Go on with the daily walk over the store by so many names, or begin one; where it stands then.

    What a lost attempt left after all is removed. What the database does not know is noted, and moved aside
    when the walk is over, unless it is too much.

    Raises:
        StepFailed: the store cannot be read or written.
        Unavailable: the database does not answer.
    """
    with disk.step_errors(f"the artifact store {store.root} cannot be written"):
        walks = StoreWalk(store.root)
        walk = walks.load()
        if walk is None or (walk.is_over and datetime.now(UTC) - walk.began_at >= strays.LOOK_EVERY):
            walk = walks.begin()
        elif walk.is_over:
            return walk
        walk = _looked_on(database, store, walks, walk, at_most)
        if strays.is_too_much(len(walk.unknown), walk.names):
            walk = replace(walk, is_over=True, is_stopped=True)
        elif walk.is_over:
            walk = _ended(database, walks, walk)
        walks.save(walk)
    _tell(walk, store)
    return walk


def set_aside(database: Database, store: ArtifactStore) -> Walk:
    """Walk over the whole store at once and move aside all that the database does not know, however much.

    Raises:
        StepFailed: the store cannot be read or written.
        Unavailable: the database does not answer.
    """
    with disk.step_errors(f"the artifact store {store.root} cannot be written"):
        walks = StoreWalk(store.root)
        walk = walks.begin()
        while not walk.is_over:
            walk = _looked_on(database, store, walks, walk, _LOOKED_AT_MOST)
        walk = _ended(database, walks, walk, young_too=True)
        walks.save(walk)
    return walk


def _looked_on(database: Database, store: ArtifactStore, walks: StoreWalk, walk: Walk, at_most: int) -> Walk:
    """The walk after so many more names, with what was unknown among them."""
    walk, folders = walks.go_on(walk, at_most)
    return replace(walk, unknown=(*walk.unknown, *_looked_at(database, store, folders)))


def _looked_at(database: Database, store: ArtifactStore, folders: Sequence[AttemptFolder]) -> list[str]:
    """Remove what is over, tell what is unknown."""
    standings = _standings(database, [folder.attempt for folder in folders])
    unknown = []
    for folder in folders:
        standing = standings[folder.attempt]
        if standing is Standing.OVER:
            store.discard(*folder.attempt)
        elif standing is Standing.SETTLED and folder.is_scratch:
            store.discard_scratch(*folder.attempt)
        elif standing is Standing.UNKNOWN:
            unknown.append(folder.relative)
    return unknown


def _ended(database: Database, walks: StoreWalk, walk: Walk, *, young_too: bool = False) -> Walk:
    """Bring back what is known by now, forget what lay aside for long, move aside what is unknown still."""
    aside = list(walks.aside())
    standings = _standings(database, [folder.attempt for _, folder in aside])
    for day, folder in aside:
        if standings[folder.attempt] is Standing.SETTLED:
            walks.bring_back(day, folder)
    walks.forget_aside((datetime.now(UTC) - strays.KEPT_ASIDE).date())
    folders = [folder_of(relative) for relative in walk.unknown]
    standings = _standings(database, [folder.attempt for folder in folders])
    moved = sum(
        walks.set_aside(folder.relative)
        for folder in folders
        if standings[folder.attempt] is Standing.UNKNOWN
        and (young_too or not walks.is_younger(folder.relative, strays.OLD_ENOUGH))
    )
    return replace(walk, set_aside=moved)


def _standings(database: Database, attempts: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], Standing]:
    with database.transaction() as session:
        return queue.standings(session, attempts)


def _tell(walk: Walk, store: ArtifactStore) -> None:
    if walk.is_stopped:
        _log.error(
            "Nothing was moved in %s: %d folders of %d are unknown to the database. See `farm doctor`.",
            store.root,
            len(walk.unknown),
            walk.names,
        )
    elif walk.set_aside:
        _log.warning("%d folders unknown to the database were moved to %s/unknown.", walk.set_aside, store.root)

"""Whose the artifact store is: no farm writes into, or tidies, another's."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from db import queue
from db.files import ownership, store_walk
from db.fleet.identity import farm_id
from db.queue import Standing
from farm.scheduling.strays import may_adopt
from models import disk
from models.errors import StepFailed
from models.vocabulary import ErrorKind

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from db.engine import Database

#: so many folders of a store that nobody signed are asked after
_LOOKED_AT = 100
_ADOPT = "Correct FARM_DATABASE_URL or FARM_ARTIFACTS; if they are this farm's after all: `farm store adopt`."


def id_of(database: Database) -> UUID:
    """The farm's id."""
    with database.transaction() as session:
        return farm_id(session)


def refuse_anothers(root: Path, farm: UUID) -> bool:
    """Whether the store is signed by this farm; False: by nobody yet.

    Raises:
        StepFailed: it is another farm's, or cannot be read (STORE_UNAVAILABLE).
    """
    owner = ownership.owner(root)
    if owner in (None, farm):
        return owner is not None
    raise _refused(f"The artifact store {root} belongs to another farm ({owner}; this is {farm}).")


def require_ours(root: Path, farm: UUID, database: Database) -> None:
    """Let the store be this farm's, signing one that nobody signed yet: one with its takes, or the first.

    Raises:
        StepFailed: it is another farm's, or may be (see `refuse_strange`), or cannot be written
            (STORE_UNAVAILABLE).
    """
    if refuse_anothers(root, farm):
        return
    refuse_strange(root, database)
    ownership.sign(root, farm)
    # Two farms may have done so at this moment.
    refuse_anothers(root, farm)


def refuse_strange(root: Path, database: Database) -> None:
    """Refuse a store that nobody signed, unless it may be taken for this farm's.

    Raises:
        StepFailed: it holds only takes that this database does not know, is empty while this farm has takes, or
            cannot be read (STORE_UNAVAILABLE).
    """
    with disk.step_errors(f"the artifact store {root} cannot be read"):
        attempts = [folder.attempt for folder in islice(store_walk.some_attempts(root), _LOOKED_AT)]
    with database.transaction() as session:
        standings = queue.standings(session, attempts)
        farm_has_takes = queue.has_takes(session)
    known = sum(standing is not Standing.UNKNOWN for standing in standings.values())
    if not may_adopt(len(attempts), known, farm_has_takes=farm_has_takes):
        raise _refused(
            f"The artifact store {root} holds takes of which this farm's database knows none."
            if attempts
            else f"The artifact store {root} is empty, although this farm has takes: is it mounted?"
        )


def adopt(root: Path, database: Database) -> UUID | None:
    """Make the store this farm's, whoever's it was; that farm's id, if it was another's."""
    farm = id_of(database)
    try:
        before = ownership.owner(root)
    except StepFailed:
        before = None
    ownership.sign(root, farm, anew=True)
    return before if before != farm else None


def _refused(message: str) -> StepFailed:
    return StepFailed(message, error_kind=ErrorKind.STORE_UNAVAILABLE, hint=_ADOPT)

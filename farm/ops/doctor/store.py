"""The doctor's look at the artifact store: whose it is, and what in it nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.files.store_walk import StoreWalk
from farm.ops.doctor.findings import Finding, fail, ok, warn
from farm.ops.store import id_of, refuse_anothers, refuse_strange
from farm.scheduling.strays import KEPT_ASIDE
from models.errors import FarmError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from db.engine import Database


def store(root: Path, database: Database) -> Iterator[Finding]:
    """Whether the store is this farm's, and what the last walk over it came to."""
    try:
        is_signed = refuse_anothers(root, id_of(database))
        if not is_signed:
            refuse_strange(root, database)
    except FarmError as error:
        yield fail("store", error.message, error.hint)
        return
    yield ok(
        "store", "belongs to this farm" if is_signed else "is nobody's yet; the first render makes it ours"
    )
    walk = StoreWalk(root).load()
    if walk is not None and walk.is_stopped:
        yield warn(
            "unknown takes",
            f"of {walk.names} the database does not know {len(walk.unknown)} or more; nothing was moved",
            "Is it an older backup? Then restore a newer one. If they may go: `farm store set-aside`.",
        )
    days = [day for day, _ in StoreWalk(root).aside()]
    if days:
        yield warn(
            "unknown takes",
            f"{len(days)} folders that the database does not know lie in {root / 'unknown'} since {min(days)}",
            f"They are removed {KEPT_ASIDE.days} days after they were moved; they come back by themselves once "
            "a restored database knows them.",
        )

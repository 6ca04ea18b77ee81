"""What may become of files in the store that the database does not know, after a restore or a crash.

Whoever deletes what he does not know deletes a farm's takes when the database is the wrong one, or an old one.
Hence nothing unknown is deleted at once, and nothing is even moved when much is unknown.
"""

from __future__ import annotations

from datetime import timedelta

LOOK_EVERY = timedelta(days=1)
"""How often the whole store is looked over."""

OLD_ENOUGH = timedelta(days=1)
"""What was written to since then may be of an attempt whose row is only just on its way, or of a restore."""

KEPT_ASIDE = timedelta(days=14)
"""How long a person has to miss something that was moved aside."""

_A_FEW = 10
_SHARE = 0.05


def is_too_much(unknown: int, names: int) -> bool:
    """Whether so much of a store with this many folders is unknown that something else must be wrong."""
    return unknown > max(_A_FEW, _SHARE * names)


def may_adopt(looked_at: int, known: int, *, farm_has_takes: bool) -> bool:
    """Whether an unsigned store is this database's: one of its takes is known here, or neither has any.

    Ids are random: two farms never share one, so a single one is proof, and none among many is proof as well.
    An empty folder, where the farm has takes, is where its store would be mounted.
    """
    return known > 0 or (looked_at == 0 and not farm_has_takes)

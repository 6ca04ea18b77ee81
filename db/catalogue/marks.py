"""Page marks that are numbers of rows."""

from __future__ import annotations

from models.errors import BadInput


def read_mark(mark: str) -> int:
    """The number after which a page begins; raises `BadInput`."""
    # A bigint and no more: the database would refuse a longer one with an error of its own.
    if not mark.isascii() or not mark.isdigit() or len(mark) > 18:
        raise BadInput(
            f"The page mark '{mark[:40]}' cannot be read.", hint="Use `next` of the page before, unchanged."
        )
    return int(mark)

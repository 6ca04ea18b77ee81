"""Where a page begins, and how many rows it has."""

from __future__ import annotations

from models.errors import BadInput

#: rows of a page at most
MOST_ROWS = 500


def read_mark(mark: str) -> int:
    """The number after which a page begins; raises `BadInput`."""
    # A bigint and no more: the database would refuse a longer one with an error of its own.
    if not mark.isascii() or not mark.isdigit() or len(mark) > 18:
        raise BadInput(
            f"The page mark '{mark[:40]}' cannot be read.", hint="Use `next` of the page before, unchanged."
        )
    return int(mark)


def rows_of(limit: int, most: int = MOST_ROWS) -> int:
    """How many rows are read for somebody who wants `limit` of them: 1 to `most`."""
    return max(1, min(limit, most))

"""A reader of the farm's own goes on where it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import catalogue
from db.events import marks

if TYPE_CHECKING:
    from db.engine import Database


def test_a_new_reader_begins_with_what_comes_next_and_no_mark_goes_back(database: Database) -> None:
    with database.transaction() as session:
        first = marks.mark_of(session, "somebody")
        assert first == catalogue.newest_event_id(session)

        marks.set_mark(session, "somebody", first + 5)
        marks.set_mark(session, "somebody", first + 3)

        assert marks.mark_of(session, "somebody") == first + 5

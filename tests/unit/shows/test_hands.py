"""What two hands come to, from the audit alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from farm.shows import nouns
from farm.shows.hands import NOUNS, change_of, parts_changed, refuse_stale
from farm.shows.parts import etag_of
from models.access import AuditEntry, Door
from models.actors import Actor
from models.errors import Stale

if TYPE_CHECKING:
    from collections.abc import Sequence

CUT, OTHER = "cut ep001/sc010/c0010 of moon", "cut ep001/sc010/c0020 of moon"


def entry(by: str, action: str, before: Any, after: Any, subject: str = CUT) -> AuditEntry:
    return AuditEntry(
        id=1,
        at=datetime(2026, 11, 30, 19, 5, tzinfo=UTC),
        by=Actor.read(by),
        action=action,
        subject=subject,
        why="",
        before=before,
        after=after,
        project="moon",
        door=Door.HTTP,
        address="",
        key_prefix=None,
    )


def refusal(read: dict[str, Any], now: dict[str, Any], entries: Sequence[AuditEntry], **more: Any) -> Stale:
    with pytest.raises(Stale) as refused:
        refuse_stale("cut", now, etag_of(read), lambda: entries, **more)
    return refused.value


def test_an_edit_is_noted_by_the_fields_that_differ_and_nothing_is_where_none_does() -> None:
    before, after = {"mood": "calm", "dialogue": "Hm."}, {"mood": "tense", "action_notes": "nods"}

    change = change_of("cut.edit", CUT, before, after, project="moon")

    assert change is not None
    assert (change.before, change.after) == (before, after)
    assert change_of("cut.edit", CUT, before, dict(before), project="moon") is None


def test_only_what_came_after_the_reading_is_said_and_whoever_did_it() -> None:
    now = {CUT: {"mood": "tense", "dialogue": "Hm.", "omit": True}}
    entries = [
        entry("Ada", "cut.edit", {"omit": False}, {"omit": True}),
        entry("Bo", "cut.edit", {"mood": "calm"}, {"mood": "tense"}, OTHER),
        entry("Cy", "cut.edit", {"mood": "calm"}, {"mood": "tense"}),
        entry("Di", "cut.edit", {}, {"dialogue": "Hm."}),
    ]

    stale = refusal({CUT: {"mood": "calm", "dialogue": "Hm.", "omit": False}}, now, entries)

    assert stale.changed == ("mood", "omit")
    assert stale.message.endswith(
        ": mood, omit, by Ada at 2026-11-30 19:05:00 UTC, Cy at 2026-11-30 19:05:00 UTC."
    )


def test_of_a_whole_show_parts_that_came_and_went_are_named() -> None:
    read, now = {CUT: {"number": 10}}, {OTHER: {"number": 20}}
    entries = [
        entry("Ada", "cut.create", None, {"number": 20}, OTHER),
        entry("Ada", "job.submit", None, {"count": 1}, "job 1"),
        entry("Bo", "cut.remove", {"number": 10}, None),
    ]

    assert refusal(read, now, entries, is_whole=True).changed == (f"{CUT} (removed)", f"{OTHER} (added)")


def test_beyond_a_load_of_which_the_parts_were_not_kept_nothing_is_guessed() -> None:
    entries = [
        entry("Ada", "show.load", {}, {"parts_changed": 900}, "show moon"),
        entry("Bo", "cut.edit", {"mood": "calm"}, {"mood": "tense"}),
    ]

    stale = refusal({CUT: {"mood": "calm"}}, {CUT: {"mood": "tense"}}, entries)

    assert (stale.changed, stale.message) == ((), "The cut was changed since it was read.")


def test_what_a_file_changes_is_kept_by_part_while_it_is_not_a_whole_show() -> None:
    before = {CUT: {"mood": "calm", "number": 10}, OTHER: {"number": 20}}
    after = {CUT: {"mood": "tense", "number": 10}}

    kept, new = parts_changed(before, after)

    assert kept == {"parts": {CUT: {"mood": "calm"}, OTHER: {"number": 20}}}
    assert new == {"parts": {CUT: {"mood": "tense"}, OTHER: None}}
    many = {str(number): {"number": number} for number in range(501)}
    assert parts_changed({}, many) == ({}, {"parts_changed": 501})


def test_whatever_is_edited_is_known_to_who_looks_back() -> None:
    assert {each.word for each in (nouns.CHARACTERS, nouns.EPISODES, nouns.SCENES, nouns.CUTS)} < NOUNS

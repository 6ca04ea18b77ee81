"""Two hands at one show: what a change comes to, and what somebody else changed since it was read.

The audit keeps of every change what was there before. Undoing the changes one by one, from the newest, leads to
what somebody read, which its tag tells; what differs from it, and who did that, is what the refusal says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.shows.parts import etag_of
from models.access import Change
from models.errors import Stale
from models.nearest import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from farm.shows.parts import Fields, Snapshot
    from models.access import AuditEntry

#: what is edited, as the first word of an action
NOUNS = frozenset({"project", "story_bible", "character", "attribute", "variation", "episode", "scene", "cut"})
#: so many changes of a project are looked back upon
FAR_BACK = 200
#: so many parts stand in the audit with what was there before, when a file changes more of them at once
_PARTS_KEPT = 500
#: where the audit keeps the parts that a whole file changed
_PARTS = "parts"
_HINT = "Read it again, and send the change with the tag it has now."


def change_of(
    action: str, subject: str, before: Fields | None, after: Fields | None, *, project: str, why: str = ""
) -> Change | None:
    """What to note of a change: of an edit the fields that differ; None where nothing does."""
    if before is not None and after is not None:
        before, after = _differing(before, after), _differing(after, before)
    if not before and not after:
        return None
    return Change(action=action, subject=subject, why=why, before=before, after=after, project=project)


def parts_changed(before: Snapshot, after: Snapshot) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same of all that a file changes, for both sides of one row of the audit.

    Where it changes more than is sensible to keep, only how many parts that were.
    """
    touched = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if len(touched) > _PARTS_KEPT:
        return {}, {"parts_changed": len(touched)}
    sides: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for name in touched:
        old, new = before.get(name), after.get(name)
        sides[0][name] = old if old is None or new is None else _differing(old, new)
        sides[1][name] = new if old is None or new is None else _differing(new, old)
    return {_PARTS: sides[0]}, {_PARTS: sides[1]}


def refuse_stale(
    what: str,
    now: Snapshot,
    if_match: str | None,
    entries: Callable[[], Iterable[AuditEntry]],
    *,
    field: str | None = None,
    is_whole: bool = False,
) -> None:
    """Raises `Stale` unless what is there has the tag `if_match`; None asks for nothing.

    `what` is how a person calls it, `entries` the project's changes, newest first, asked for only where they
    matter. `now` is one part, of which with `field` only that field counts, or all parts of a show.
    """
    if if_match is None or if_match == etag_of(_seen(now, field)):
        return
    then, hands = dict(now), dict[str, None]()
    for entry in entries():
        sides = _sides(entry)
        if sides is None:
            break
        for subject in sides if is_whole else sides.keys() & now.keys():
            before, after = sides[subject]
            _undo(then, subject, before, after)
            if field is None or field in {*(before or ()), *(after or ())}:
                hands[_by(entry)] = None
        if etag_of(_seen(then, field)) == if_match:
            changed = _names(_seen(now, field), _seen(then, field), is_whole=is_whole)
            raise _sentence(what, changed, [*hands])
    raise _sentence(what, (), [])


def _sentence(what: str, changed: tuple[str, ...], hands: list[str]) -> Stale:
    details = f": {listed(changed, 6)}, by {listed(hands, 4)}" if changed else ""
    refusal = Stale(f"The {what} was changed since it was read{details}.", hint=_HINT)
    refusal.changed = changed
    return refusal


def _by(entry: AuditEntry) -> str:
    return f"{entry.by} at {entry.at:%Y-%m-%d %H:%M:%S} UTC"


def _names(now: Snapshot, then: Snapshot, *, is_whole: bool) -> tuple[str, ...]:
    """The fields that differ; of a whole show with the part they are of."""
    names = []
    for subject in sorted({*now, *then}):
        old, new = then.get(subject), now.get(subject)
        if old == new:
            continue
        fields = sorted({*_differing(old or {}, new or {}), *_differing(new or {}, old or {})})
        if not is_whole:
            names += fields
        elif old is None or new is None:
            names.append(f"{subject} ({'added' if old is None else 'removed'})")
        else:
            names.append(f"{subject} ({listed(fields, 4)})")
    return tuple(names)


def _sides(entry: AuditEntry) -> dict[str, tuple[Fields | None, Fields | None]] | None:
    """What a change did to each part of the show; None: that was not kept."""
    if entry.action == "show.load":
        if _PARTS not in (entry.after or {}):
            return None
        before, after = (entry.before or {}).get(_PARTS, {}), (entry.after or {})[_PARTS]
        return {name: (before.get(name), after.get(name)) for name in after}
    is_edit = entry.action.partition(".")[0] in NOUNS
    return {entry.subject: (entry.before, entry.after)} if is_edit else {}


def _undo(then: Snapshot, subject: str, before: Fields | None, after: Fields | None) -> None:
    if before is None:
        then.pop(subject, None)
    elif after is None:
        then[subject] = before
    else:
        kept = {name: value for name, value in then.get(subject, {}).items() if name not in after}
        then[subject] = kept | before


def _seen(snapshot: Snapshot, field: str | None) -> Snapshot:
    """What counts of it."""
    if field is None:
        return snapshot
    return {name: {field: fields[field]} for name, fields in snapshot.items() if field in fields}


def _differing(these: Fields, those: Fields) -> Fields:
    """The fields of `these` that `those` have otherwise or not at all."""
    missing = object()
    return {name: value for name, value in these.items() if those.get(name, missing) != value}

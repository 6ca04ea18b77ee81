"""Keys, people and changes as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.text import Text

from farm.cli.console import columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from models.access import AuditEntry, Caps, KeyView, PersonView


def keys_table(keys: Iterable[KeyView]) -> Table:
    """Two lines each: what the key is for, and what is capped; what opens nothing any more is dim."""
    table = columns("key", "acts as", "opens", "until", "last used", whole=("key", "until", "last used"))
    now = datetime.now(UTC)
    for key in keys:
        opens = Text(", ".join(sorted(key.scopes)))
        limits = filter(None, (_caps(key.caps), f"from {key.bound_address}" if key.bound_address else ""))
        table.add_row(
            Text.assemble(key.prefix, "\n", (key.name, "dim")),
            Text(str(key.actor)),
            opens.append("".join(f"\n{limit}" for limit in limits), "dim"),
            _until(key, now),
            _day(key.last_used_at),
            style="dim" if _is_over(key, now) else None,
        )
    return table


def people_table(people: Iterable[PersonView]) -> Table:
    """One line each; who is let in no more is dim."""
    table = columns("name", "may", "since", "added by", "until", whole=("name",))
    for person in people:
        table.add_row(
            Text(person.name),
            ", ".join(sorted(person.scopes)),
            _day(person.created_at),
            Text(str(person.created_by)),
            _day(person.disabled_at),
            style="dim" if person.disabled_at else None,
        )
    return table


def audit_table(entries: Iterable[AuditEntry]) -> Table:
    """A line for each change, with what it changed and why below it."""
    table = columns("when", "who", "what", "from", whole=("when",))
    for entry in entries:
        origin = f"{entry.address} by {entry.door}"
        what = Text(f"{entry.action}  {entry.subject}")
        for more in filter(None, (entry.why, _change(entry))):
            what.append(f"\n{more}", "dim")
        table.add_row(
            _moment(entry.at),
            Text(str(entry.by)),
            what,
            Text(f"{origin}, {entry.key_prefix}" if entry.key_prefix else origin, "dim"),
        )
    return table


def _change(entry: AuditEntry) -> str:
    """`is_open: False -> True` of each field that differs; the whole of it only in `--json`."""
    before, after = entry.before or {}, entry.after or {}
    both = sorted(name for name in before.keys() & after.keys() if before[name] != after[name])
    return ", ".join(f"{name}: {before[name]} -> {after[name]}" for name in both)


def _caps(caps: Caps) -> str:
    limits = {"jobs": caps.jobs_per_day, "GPU s": caps.gpu_seconds_per_day}
    capped = ", ".join(f"{limit} {what}" for what, limit in limits.items() if limit is not None)
    return f"{capped} a day" if capped else ""


def _is_over(key: KeyView, now: datetime) -> bool:
    return key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now)


def _until(key: KeyView, now: datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {_day(key.revoked_at)}"
    return ("expired " if _is_over(key, now) else "") + _day(key.expires_at)


def _day(moment: datetime | None) -> str:
    return f"{moment.astimezone():%Y-%m-%d}" if moment else ""


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"

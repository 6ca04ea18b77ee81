"""The doctor's look at events: whether anybody numbers and delivers them, and who does not take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import catalogue
from db.events import outbox
from farm.events.addresses import AllowedHost, without_query
from farm.ops.doctor.findings import Finding, fail, ok, warn
from models.errors import BadInput
from models.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.engine import Database
    from farm.settings import Settings
    from models.events import EndpointView

_LATE_S = 60


def events(settings: Settings, database: Database) -> Iterator[Finding]:
    """How events stand, and each endpoint that is paused or failing."""
    try:
        for entry in settings.callback_hosts:
            AllowedHost.read(entry)
    except BadInput as error:
        yield fail("callbacks", error.message, error.hint)
    with database.transaction() as session:
        late, unwell = outbox.waiting_for(session), catalogue.unwell_endpoints(session)
    if late > _LATE_S:
        hint = "Run `farm up`, or let a control worker listen to the queue `events` too."
        yield warn("events", f"what happened {late:.0f} s ago was sent to nobody yet", hint)
    else:
        yield ok("events", "are numbered and sent as they happen")
    yield from map(_unwell, unwell)


def _unwell(endpoint: EndpointView) -> Finding:
    where, details = f"{without_query(endpoint.url)} ({endpoint.id})", {"waiting": endpoint.waiting}
    if endpoint.paused_at:
        since = f"{where} is paused since {endpoint.paused_at:%Y-%m-%d %H:%M} UTC: {endpoint.paused_reason}"
        hint = f"{endpoint.waiting} events wait for it. Mend it, then `farm endpoints resume {endpoint.id}`."
        return warn("endpoint", since, hint, **plain(details))
    since = f"{where} takes nothing since {endpoint.failing_since:%Y-%m-%d %H:%M} UTC: {endpoint.last_error}"
    return warn("endpoint", since, "It is tried again by itself, for three days.", **plain(details))

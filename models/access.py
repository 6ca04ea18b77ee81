"""Who may do what, on whose behalf something is asked for, and what the audit keeps of it."""

from __future__ import annotations

import getpass
import socket
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from models.actors import Actor, ActorKind

if TYPE_CHECKING:
    from datetime import datetime


class Scope(StrEnum):
    """What a key or a person may do; `farm.access.rights` says which of them holds others."""

    READ = "read"
    SUBMIT = "submit"
    REVIEW = "review"
    ADMIN = "admin"
    ECHO = "echo"


class Door(StrEnum):
    """By which door a call came in."""

    SQL = "sql"  #: a script or command with the database's own password
    HTTP = "http"
    MCP = "mcp"
    ECHO = "echo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """What a key may spend between one midnight (UTC) and the next; None: as much as it likes."""

    #: jobs ordered with it, retakes and reproductions among them
    jobs_per_day: int | None = None
    #: seconds that workers spend on its jobs, the retakes that their gates order among them
    gpu_seconds_per_day: int | None = None

    @property
    def is_none(self) -> bool:
        """Whether nothing is capped."""
        return self.jobs_per_day is None and self.gpu_seconds_per_day is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What was spent with a key since midnight (UTC)."""

    jobs: int
    gpu_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody on whose behalf the farm does something, and from where."""

    actor: Actor
    door: Door
    scopes: frozenset[Scope] = frozenset()
    #: the network address of a call, the machine's name for a command
    address: str = ""
    #: how the key is recognised; None: without one
    key_prefix: str | None = None
    #: the key's
    caps: Caps = Caps()

    @property
    def identity(self) -> str:
        """Whose requests these are: a key's, a logged-in person's, or those of this machine.

        Two keys of one actor are two callers: neither is answered with what the other asked for.
        """
        if self.key_prefix is not None:
            return f"key:{self.key_prefix}"
        return "local" if self.door is Door.SQL else f"actor:{self.actor}"

    @classmethod
    def here(cls) -> Self:
        """Whoever runs this process: they hold the database's password, and may do anything."""
        try:
            name = getpass.getuser()
        except (KeyError, OSError):  # a container's user without a name
            name = "unknown"
        actor = Actor(ActorKind.SCRIPT, name)
        return cls(actor=actor, door=Door.SQL, scopes=frozenset(Scope), address=socket.gethostname())


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that was changed: `action` is a noun and a verb, `subject` what a person calls it."""

    action: str
    subject: str
    #: who decided; None: the caller
    by: Actor | None = None
    why: str = ""
    #: as JSON; None: there was nothing, or there is nothing any more
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    #: a project's slug
    project: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One row of the audit: a change, by whom, when and from where."""

    id: int
    at: datetime
    by: Actor
    action: str
    subject: str
    why: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    project: str | None
    door: Door
    address: str
    key_prefix: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """One page of the audit, the newest first; `next` asks for the page after it and is None at the end."""

    items: tuple[AuditEntry, ...] = field(default=())
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """One key as it is listed: everything about it but the key."""

    name: str
    #: `farm_` and eight letters, by which people recognise it
    prefix: str
    actor: Actor
    scopes: frozenset[Scope]
    caps: Caps
    #: whoever calls from here is this key's actor without showing it
    bound_address: str | None
    created_at: datetime
    created_by: Actor
    expires_at: datetime | None
    revoked_at: datetime | None
    #: to the minute
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was just made: the one moment at which it can be read."""

    text: str = field(repr=False)
    view: KeyView


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """Somebody who logs in with a password."""

    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    created_by: Actor
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """A session that was just begun: the token for the cookie, and what changes must bring along with it."""

    token: str = field(repr=False)
    csrf: str = field(repr=False)
    expires_at: datetime
    person: PersonView


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What a request with an idempotency key was answered, to be said again."""

    status: int
    headers: dict[str, str]
    body: bytes

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
    """What a key allows; `admin` allows all of it."""

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
class Caller:
    """Somebody on whose behalf the farm does something, and from where."""

    actor: Actor
    door: Door
    scopes: frozenset[Scope] = frozenset()
    #: the network address of a call, the machine's name for a command
    address: str = ""
    #: how the key is recognised; None: without one
    key_prefix: str | None = None

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

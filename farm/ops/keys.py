"""Makes keys: those that an administrator asks for, and this machine's own."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from db import catalogue
from db.catalogue import NewApiKey
from farm.access import keys
from farm.servers.state import ServersState, folder_errors_told, write_private
from models.access import Caller, Caps, Change, KeyView, NewKey, Scope
from models.actors import Actor, ActorKind
from models.errors import BadInput, Conflict, NotHere, Unauthenticated
from models.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta
    from pathlib import Path

    from db.catalogue import StoredKey
    from db.engine import Database, Session


def create(
    session: Session,
    name: str,
    *,
    scopes: Iterable[Scope],
    caller: Caller,
    actor: Actor | str | None = None,
    caps: Caps | None = None,
    expires_in: timedelta | None = None,
    bound_address: str | None = None,
) -> NewKey:
    """Make a key, keep its hash, and note who made it; `actor` is `script:NAME` unless said otherwise.

    Raises:
        BadInput: it cannot be kept, opens nothing, or would open more to an address than Echo needs.
        Conflict: the address is another key's.
    """
    wanted, caps = frozenset(scopes), caps or Caps()
    keys.refuse_unfit(name, wanted, caps, expires_in, bound_address)
    address = None if bound_address is None else keys.address_of(bound_address)
    minted = keys.mint()
    new = NewApiKey(
        name=name,
        prefix=minted.prefix,
        key_sha256=minted.sha256,
        actor=_whose(actor, name),
        scopes=wanted,
        caps=caps,
        expires_in=expires_in,
        bound_address=address,
        created_by=caller.actor,
    )
    view = catalogue.insert_key(session, new)
    if view is None:
        raise _taken(session, address)
    catalogue.note_change(
        session, Change(action="key.create", subject=subject(view), after=facts(view)), caller
    )
    return NewKey(text=minted.text, view=view)


def subject(view: KeyView) -> str:
    """What the audit calls a key."""
    return f"key {view.prefix} ({view.name})"


def facts(view: KeyView) -> dict[str, object]:
    """What the audit keeps of a key: all that it opens, and nothing that opens it."""
    return {
        "actor": str(view.actor),
        "scopes": sorted(view.scopes),
        **plain(view.caps),
        "bound_address": view.bound_address,
        "expires_at": plain(view.expires_at),
    }


def own_key_file(state_dir: Path) -> Path:
    """Where this machine keeps its own key."""
    return state_dir / "api_key"


def own_key(database: Database, state_dir: Path) -> str:
    """This machine's own key, with which whoever may read its state folder does everything.

    Made once and kept, readable for this user alone; made anew where the database does not know it (any more).

    Raises:
        NotHere: the state folder cannot be read or written.
    """
    file = own_key_file(state_dir)
    known = _read(file)
    with database.transaction() as session:
        if known is not None and _opens(session, known):
            return known
        caller = Caller.here()
        made_here = create(
            session,
            f"farm up at {socket.gethostname()}"[:100],
            scopes=[Scope.ADMIN],
            actor=caller.actor,
            caller=caller,
        )
        # Before the commit: a key that nobody can read is never kept.
        ServersState(state_dir).prepare()
        with folder_errors_told(state_dir):
            write_private(file, made_here.text)
    return made_here.text


def _opens(session: Session, text: str) -> bool:
    try:
        stored = known_key(session, text)
    except Unauthenticated:
        return False
    return Scope.ADMIN in stored.view.scopes


def known_key(session: Session, text: str) -> StoredKey:
    """The key of this text; raises `Unauthenticated` where it is none, was revoked or has expired."""
    prefix = keys.prefix_of(text)
    stored = catalogue.key_by_prefix(session, prefix) if prefix else None
    if stored is None or not keys.is_of(text, stored.sha256):
        raise keys.unknown_key()
    keys.refuse_spent(stored.view, stored.now)
    return stored


def _read(file: Path) -> str | None:
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise NotHere(f"{file} cannot be read.", hint="Remove it: `farm up` makes a new key.") from error


def _whose(actor: Actor | str | None, name: str) -> Actor:
    who = Actor(ActorKind.SCRIPT, name.strip()) if actor is None else Actor.named(actor)
    if who.kind is ActorKind.GATE:
        raise BadInput("Nobody decides in the name of the gate.", hint="Name a person, or agent:NAME.")
    return who


def _taken(session: Session, address: str | None) -> Conflict:
    holder = catalogue.key_bound_to(session, address) if address else None
    if holder is None:
        return Conflict("The key could not be kept.", hint="Make it again.")
    return Conflict(
        f"The address {address} is bound to the key {holder.view.prefix} already.",
        hint=f"Revoke that one first: `farm keys revoke {holder.view.prefix}`.",
    )

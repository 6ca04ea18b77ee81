"""Verbs about keys: make, list and revoke them, and say who calls with one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from farm.client.connection import Connection
from models.access import Caller, Change, Door, Scope, Spent
from models.errors import Conflict
from models.nearest import unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.catalogue import StoredKey
    from db.engine import Session
    from models.access import Caps, KeyView, NewKey
    from models.actors import Actor
    from models.errors import Refused

#: a key's use is written down no more often
_USED_EVERY = timedelta(minutes=1)


class Keys(Connection):
    """Keys, and whom they open the farm to."""

    def create_key(
        self,
        name: str,
        *,
        scopes: Iterable[Scope],
        actor: Actor | str | None = None,
        caps: Caps | None = None,
        expires_in: timedelta | None = None,
        bound_address: str | None = None,
    ) -> NewKey:
        """Make a key; its text can be read in this answer and never again.

        What is done with it is done by `actor`, `script:NAME` by default. With a `bound_address` whoever calls
        from there needs not show it: for an Echo that sends no keys, and so for the scope `echo` alone.

        Raises:
            Forbidden: the caller is no administrator.
            BadInput: it cannot be kept, opens nothing, or would open more to an address than Echo needs.
            Conflict: the address is another key's.
        """
        from farm.access import rights
        from farm.ops import keys

        rights.require(self.caller, Scope.ADMIN)
        with self.database.transaction() as session:
            return keys.create(
                session,
                name,
                scopes=scopes,
                caller=self.caller,
                actor=actor,
                caps=caps,
                expires_in=expires_in,
                bound_address=bound_address,
            )

    def keys(self) -> tuple[KeyView, ...]:
        """Every key ever made, the newest first; raises `Forbidden` unless the caller is an administrator."""
        from db import catalogue
        from farm.access import rights

        rights.require(self.caller, Scope.ADMIN)
        with self.database.transaction() as session:
            return catalogue.list_keys(session)

    def revoke_key(self, prefix: str) -> KeyView:
        """Let a key open nothing from now on; jobs that were ordered with it go on.

        Raises:
            Forbidden: the caller is no administrator.
            UnknownName: there is no key of this prefix.
            Conflict: it was revoked before.
        """
        from db import catalogue
        from farm.access import rights
        from farm.ops.keys import facts, subject

        rights.require(self.caller, Scope.ADMIN)
        with self.database.transaction() as session:
            view = catalogue.revoke_key(session, prefix)
            if view is None:
                raise _not_revoked(session, prefix)
            self._note(session, Change(action="key.revoke", subject=subject(view), before=facts(view)))
            return view

    def spent_today(self, prefix: str) -> Spent:
        """What was spent with a key since midnight (UTC): what its caps are held against.

        Raises:
            Forbidden: it is not the caller's own, and the caller is no administrator.
            UnknownName: there is no key of this prefix.
        """
        from db import catalogue
        from farm.access import rights

        if prefix != self.caller.key_prefix:
            rights.require(self.caller, Scope.ADMIN)
        with self.database.transaction() as session:
            if catalogue.key_by_prefix(session, prefix) is None:
                raise _unknown(session, prefix)
            return Spent(
                jobs=catalogue.jobs_today(session, prefix),
                gpu_seconds=catalogue.gpu_seconds_today(session, prefix),
            )

    def authenticate(self, text: str | None, *, address: str, door: Door = Door.HTTP) -> Caller:
        """Who calls with this key, or without one (None) from this network address.

        Raises:
            Unauthenticated: no key and no address that is bound to one; no key of this farm; revoked; expired.
                The text is never repeated.
        """
        from db import catalogue

        with self.database.transaction() as session:
            stored = _stored(session, text, address)
            key = stored.view
            if key.last_used_at is None or stored.now - key.last_used_at > _USED_EVERY:
                catalogue.note_key_used(session, key.prefix)
        return Caller(
            actor=key.actor,
            door=door,
            scopes=key.scopes,
            address=address,
            key_prefix=key.prefix,
            caps=key.caps,
        )

    def whoami(self) -> Caller:
        """On whose behalf this farm is asked, what they may do, and by which door they came."""
        return self.caller

    def own_key(self) -> str:
        """This machine's own key, made where there is none yet; raises `NotHere`."""
        from farm.ops.keys import own_key

        return own_key(self.database, self.settings.state_dir)


def _stored(session: Session, text: str | None, address: str) -> StoredKey:
    """The key that somebody shows, or needs not show."""
    from db import catalogue
    from farm.access import keys
    from farm.ops.keys import known_key

    if text is not None:
        return known_key(session, text)
    bound = keys.known_address(address)
    stored = catalogue.key_bound_to(session, bound) if bound else None
    if stored is None:
        raise keys.no_key()
    keys.refuse_spent(stored.view, stored.now)
    return stored


def _not_revoked(session: Session, prefix: str) -> Refused:
    """Why there is nothing to revoke."""
    from db import catalogue

    if catalogue.key_by_prefix(session, prefix) is not None:
        return Conflict(f"The key {prefix} was revoked before.", hint="`farm keys list` says when.")
    return _unknown(session, prefix)


def _unknown(session: Session, prefix: str) -> Refused:
    from db import catalogue

    return unknown_name(prefix, [key.prefix for key in catalogue.list_keys(session)], "key")

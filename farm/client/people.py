"""Verbs about people who log in: add and disable them, begin and end their sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from farm.client.connection import Connection
from models.access import Caller, Change, Door, LoggedIn, Scope
from models.actors import Actor, ActorKind
from models.errors import BadInput, Conflict, Forbidden, Unauthenticated
from models.nearest import unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.engine import Session
    from models.access import PersonView
    from models.errors import Refused

#: a working day and a little more
_SESSION = timedelta(hours=12)


class People(Connection):
    """People, their passwords and sessions."""

    def add_person(self, name: str, password: str, *, scopes: Iterable[Scope]) -> PersonView:
        """Let somebody log in under this name.

        Raises:
            Forbidden: the caller is no administrator, or nobody is named.
            BadInput: the name is no person's, the password too short, or no scope is given.
            Conflict: somebody bears the name.
        """
        from db import catalogue
        from farm.access import passwords, rights

        rights.require(self.caller, Scope.ADMIN)
        wanted, person = frozenset(scopes), _a_person(name)
        if not wanted:
            raise BadInput("A person without a scope may do nothing.", hint=f"Choose from: {', '.join(Scope)}.")
        # Outside the transaction: it is slow on purpose.
        kept = passwords.hashed(password)
        with self.database.transaction() as session:
            view = None
            if catalogue.find_person(session, person) is None:
                view = catalogue.insert_person(
                    session, person, password_hash=kept, scopes=wanted, by=self.caller.actor
                )
            if view is None:
                raise Conflict(f"There is a {person} already.", hint="`farm people list` shows them all.")
            self._note(session, _changed("person.add", view))
            return view

    def people(self) -> tuple[PersonView, ...]:
        """Everybody who may log in or might once; raises `Forbidden` unless the caller is an administrator."""
        from db import catalogue
        from farm.access import rights

        rights.require(self.caller, Scope.ADMIN)
        with self.database.transaction() as session:
            return catalogue.list_people(session)

    def disable_person(self, name: str) -> PersonView:
        """Let somebody in no more, and end their sessions; what they decided stands.

        Raises:
            Forbidden: the caller is no administrator.
            UnknownName: nobody bears the name.
            Conflict: they are let in no more already.
        """
        from db import catalogue
        from farm.access import rights

        rights.require(self.caller, Scope.ADMIN)
        with self.database.transaction() as session:
            view = catalogue.disable_person(session, name)
            if view is None:
                raise _not_disabled(session, name)
            self._note(session, _changed("person.disable", view))
            return view

    def log_in(self, name: str, password: str) -> LoggedIn:
        """Begin a session of 12 hours; raises `Unauthenticated`, in the same words and time for any reason."""
        from db import catalogue
        from farm.access import keys, passwords

        with self.database.transaction() as session:
            person = catalogue.find_person(session, name)
        if person is not None and person.view.disabled_at is not None:
            person = None
        if not passwords.is_right(password, person.password_hash if person else None) or person is None:
            raise Unauthenticated(
                "This name and password do not go together.",
                hint="An administrator adds people: `farm people add`.",
            )
        token, csrf = keys.random_text(), keys.random_text()
        with self.database.transaction() as session:
            expires_at = catalogue.begin_session(
                session,
                person.view.name,
                token_sha256=keys.digest(token),
                csrf_sha256=keys.digest(csrf),
                lasts=_SESSION,
            )
        return LoggedIn(token=token, csrf=csrf, expires_at=expires_at, person=person.view)

    def session_caller(
        self, token: str, *, address: str, csrf: str | None = None, is_change: bool = True
    ) -> Caller:
        """Who calls with this session's token; a change also brings the session's CSRF token along.

        Raises:
            Unauthenticated: the session was ended, has expired, or never was.
            Forbidden: it is a change, and the other token is missing or wrong.
        """
        from db import catalogue
        from farm.access import keys

        with self.database.transaction() as session:
            opened = catalogue.open_session(session, keys.digest(token))
        if opened is None:
            raise Unauthenticated("This session is over.", hint="Log in again.")
        if is_change and not keys.is_of(csrf or "", opened.csrf_sha256):
            raise Forbidden("This change does not come from a page of the farm.", hint="Load the page again.")
        actor = Actor(ActorKind.PERSON, opened.person.name)
        return Caller(actor=actor, door=Door.HTTP, scopes=opened.person.scopes, address=address)

    def log_out(self, token: str) -> None:
        """End a session, if there is one."""
        from db import catalogue
        from farm.access import keys

        with self.database.transaction() as session:
            catalogue.end_session(session, keys.digest(token))


def _a_person(name: str) -> str:
    """The name as it is kept; raises `Forbidden`, `BadInput`."""
    who = Actor.named(name)
    if str(who) != who.name or who.kind is not ActorKind.PERSON:
        raise BadInput(f"'{name}' is no person's name.", hint="Use a plain name, such as Ada.")
    return who.name


def _changed(action: str, person: PersonView) -> Change:
    return Change(action=action, subject=f"person {person.name}", after={"scopes": sorted(person.scopes)})


def _not_disabled(session: Session, name: str) -> Refused:
    from db import catalogue

    names = [person.name for person in catalogue.list_people(session)]
    if name in names:
        return Conflict(f"{name} is let in no more already.", hint="`farm people list` says since when.")
    return unknown_name(name, names, "person")

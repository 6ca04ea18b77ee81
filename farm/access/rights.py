"""What a caller may do, and in whose name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.access import Door, Scope
from models.actors import Actor
from models.errors import Forbidden

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.access import Caller

#: Echo orders, looks after what it ordered, and decides about takes: by its own routes and by the common ones
_WITHIN = {
    Scope.ADMIN: frozenset(Scope),
    Scope.ECHO: frozenset({Scope.ECHO, Scope.READ, Scope.SUBMIT, Scope.REVIEW}),
}
#: what stands in an order that names nobody
_NOBODY = Actor.read("unknown")


def held(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """These scopes and those within them.

    >>> sorted(held([Scope.ECHO]))
    [<Scope.ECHO: 'echo'>, <Scope.READ: 'read'>, <Scope.REVIEW: 'review'>, <Scope.SUBMIT: 'submit'>]
    """
    return frozenset().union(*(_WITHIN.get(scope, {scope}) for scope in scopes))


def require(caller: Caller, scope: Scope) -> None:
    """Raises `Forbidden` unless the caller holds the scope; the hint names it."""
    if scope not in held(caller.scopes):
        raise Forbidden(
            f"{_called(caller)} may not do this: it needs the scope '{scope}'.",
            hint=f"An administrator makes a key that has it: `farm keys create NAME --scope {scope}`.",
        )


def acting_as(caller: Caller, named: Actor | str | None) -> Actor:
    """In whose name the caller does something: its own, and for an administrator whoever is named.

    Whether somebody must be named is for what is done to say. Raises `Forbidden` where a caller without the
    scope `admin` names somebody else.
    """
    if named is None:
        return caller.actor
    who = named if isinstance(named, Actor) else Actor.read(named)
    if who == _NOBODY and caller.door is not Door.SQL:
        return caller.actor
    if who.name and who != caller.actor and Scope.ADMIN not in caller.scopes:
        raise Forbidden(
            f"{_called(caller)} acts as {caller.actor}, and may not act as {who}.",
            hint="Leave out who does it, or use a key with the scope 'admin'.",
        )
    return who


def _called(caller: Caller) -> str:
    return f"The key {caller.key_prefix}" if caller.key_prefix else str(caller.actor)

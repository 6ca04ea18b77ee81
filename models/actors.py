"""Who does something: orders a take, approves a picture, decides about a phase."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.errors import BadInput, Forbidden

_LONGEST = 255


class ActorKind(StrEnum):
    """What sort of somebody it is; only a person opens and closes a phase."""

    PERSON = "person"
    SCRIPT = "script"
    ECHO = "echo"
    AGENT = "agent"
    GATE = "gate"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody with a name; `read` makes an equal actor of its text.

    >>> Actor.read("Ada"), str(Actor.read("agent:nightly"))
    (Actor(kind=<ActorKind.PERSON: 'person'>, name='Ada'), 'agent:nightly')
    >>> str(Actor(ActorKind.PERSON, "gate"))
    'person:gate'
    """

    kind: ActorKind
    name: str

    @classmethod
    def read(cls, text: str) -> Actor:
        """The actor of a stored or typed text: `Ada`, `gate`, `echo`, `script:bench`; refuses nothing."""
        text = text.strip()
        if text in _KNOWN:
            return cls(_KNOWN[text], text)
        kind, _, name = text.partition(":")
        if name.strip() and kind in _KINDS:
            return cls(ActorKind(kind), name.strip())
        return cls(ActorKind.PERSON, text)

    @classmethod
    def named(cls, who: Actor | str, refusal: str = "Nobody is named.") -> Actor:
        """`who` as an actor; raises `Forbidden` with the sentence `refusal` when it is empty."""
        actor = who if isinstance(who, Actor) else cls.read(who)
        if not actor.name.strip():
            raise Forbidden(refusal, hint="Say who: --by NAME.")
        if len(str(actor)) > _LONGEST or not actor.name.isprintable():
            raise BadInput(
                f"The name {actor.name[:40]!r} cannot be kept.", hint=f"Use up to {_LONGEST} printable letters."
            )
        return actor

    def to_json(self) -> str:
        return str(self)

    def __str__(self) -> str:
        is_bare = self.kind is ActorKind.PERSON or self.name in _KNOWN
        return self.name if is_bare and Actor.read(self.name) == self else f"{self.kind}:{self.name}"


_KINDS = frozenset(ActorKind)
#: words that have always stood for no person
_KNOWN = {
    "gate": ActorKind.GATE,
    "echo": ActorKind.ECHO,
    "demo": ActorKind.SCRIPT,  #: drew and approved what the show did not name
    "show": ActorKind.SCRIPT,  #: a show's file, whose pictures it names
    "unknown": ActorKind.SCRIPT,  #: an order that names nobody
}
GATE, DEMO, SHOW = (Actor.read(word) for word in ("gate", "demo", "show"))

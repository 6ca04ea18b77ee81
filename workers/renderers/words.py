"""What a renderer says it will not draw of an order, a cut or a show; light, because admission asks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.vocabulary import JobType

#: word -> other words for it
Table = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDrawn:
    """Something that was asked for and has no effect on the picture."""

    field: str
    #: the words of the field that are not drawn; empty: all of it
    word: str = ""
    sentence: str
    hint: str

    @property
    def label(self) -> str:
        """How an answer lists it: `prompt`, or `location: moon base`."""
        return f"{self.field}: {self.word}" if self.word else self.field


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What decides, beside a word itself, whether it can be seen in a take."""

    kind: JobType
    #: whoever is in the take, by the names that a text may call them
    cast: tuple[str, ...] = ()
    #: what they do, in words
    action: str = ""


class Words(Protocol):
    """The words that a renderer draws from."""

    def tables(self) -> Mapping[str, Table]:
        """Field or attribute -> every word that is drawn, with other words for it."""
        ...

    def chapters(self) -> Mapping[str, tuple[str, ...]]:
        """Where people say them -> the tables' names, in the order of a list for people."""
        ...

    def unknown(self, field: str, text: str, cast: tuple[str, ...] = ()) -> tuple[NotDrawn, ...]:
        """What of a field's text is drawn in no take at all."""
        ...

    def unseen(self, field: str, text: str, shown: Shown) -> tuple[NotDrawn, ...]:
        """What of a field's text would have no effect on this take; the unknown comes first."""
        ...

    def unseen_attributes(self, attributes: Mapping[str, str], shown: Shown) -> tuple[NotDrawn, ...]:
        """Which attributes of one character would have no effect on this take."""
        ...

"""A value of a document with its line and its parts; what no row and no JSON can carry is no value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from models.plain import MAX_DEPTH, is_keepable

if TYPE_CHECKING:
    from collections.abc import Mapping

#: a name in a mapping, or a position in a list
Part = str | int


class Unreadable(Exception):
    """A place at which a document cannot be read."""

    def __init__(self, line: int, sentence: str, hint: str = "") -> None:
        self.line, self.sentence, self.hint = line, sentence, hint
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Node:
    """A plain value, the line it stands on, and the nodes of its parts by name or position."""

    value: Any
    line: int
    parts: Mapping[Part, Node] = field(default_factory=dict)
    #: the line of each name of a mapping
    lines: Mapping[Part, int] = field(default_factory=dict)
    #: values in it, an alias counted as all that it stands for
    size: int = 1
    depth: int = 0


def leaf(value: Any, line: int) -> Node:
    """A text, a number, true, false or nothing; raises `Unreadable` for one that cannot be kept."""
    if not is_keepable(value):
        raise Unreadable(
            line,
            f"{_shown(value)} cannot be kept.",
            "Texts hold no zero byte and no half character, numbers are finite and below 2^64.",
        )
    return Node(value, line)


def sequence(items: list[Node], line: int) -> Node:
    """A list."""
    return _joined([each.value for each in items], line, dict(enumerate(items)), {})


def mapping(parts: dict[Part, Node], line: int, lines: dict[Part, int]) -> Node:
    """A mapping; `lines` says where each name stands."""
    for name in parts:
        leaf(name, lines.get(name, line))
    value = {name: each.value for name, each in parts.items()}
    return _joined(value, line, parts, lines)


def _joined(value: Any, line: int, parts: Mapping[Part, Node], lines: Mapping[Part, int]) -> Node:
    depth = 1 + max((each.depth for each in parts.values()), default=0)
    if depth > MAX_DEPTH:
        raise too_deep(line)
    return Node(value, line, parts, lines, 1 + sum(each.size for each in parts.values()), depth)


def too_deep(line: int) -> Unreadable:
    """What is said about lists in lists without end."""
    return Unreadable(line, "this is nested too deeply.", f"At most {MAX_DEPTH} levels are read.")


def twice(name: str, line: int, before: int) -> Unreadable:
    """What is said about a name that stands twice in one mapping."""
    return Unreadable(line, f"'{name}' stands here twice, first in line {before}.", "Leave one of them out.")


def _shown(value: Any) -> str:
    if isinstance(value, int):
        return f"A number of {len(str(abs(value)))} digits"
    given = repr(value)
    return given if len(given) <= 60 else f"{given[:57]}..."

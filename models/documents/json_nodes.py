"""Reads JSON strictly, with the line of every value: no name stands twice, and no NaN."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from json import JSONDecodeError, decoder

from models.documents.node import Node, Part, Unreadable, leaf, mapping, sequence, too_deep, twice
from models.plain import MAX_DEPTH

#: the standard library's own, which its types leave out
_scanstring: Callable[[str, int, bool], tuple[str, int]] = getattr(decoder, "scanstring")  # noqa: B009
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}
_NO_NUMBERS = ("NaN", "Infinity", "-Infinity")
#: more digits than any number that can be kept; Python refuses to read thousands
MOST_DIGITS = 1000


class NotJson(Unreadable):
    """The text is no JSON; it may be YAML."""


def read(text: str) -> Node:
    """The one value of a JSON text; raises `NotJson`, or `Unreadable` for what is JSON and cannot be kept."""
    return _Scanner(text).whole()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._breaks = [each.start() for each in re.finditer("\n", text)]

    def whole(self) -> Node:
        node = self._value(0)
        if self._next():
            raise self._wrong("something stands behind the end")
        return node

    def _value(self, depth: int) -> Node:
        here, line = self._next(), self._line()
        if depth > MAX_DEPTH:
            raise too_deep(line)
        if here == "{":
            return self._mapping(depth, line)
        if here == "[":
            items: list[Node] = []
            self._each("]", lambda: items.append(self._value(depth + 1)))
            return sequence(items, line)
        if here == '"':
            return leaf(self._string(), line)
        return self._word(line)

    def _mapping(self, depth: int, line: int) -> Node:
        parts: dict[Part, Node] = {}
        lines: dict[Part, int] = {}

        def member() -> None:
            if self._next() != '"':
                raise self._wrong("a name in double quotes is expected")
            here, name = self._line(), self._string()
            if name in lines:
                raise twice(name, here, lines[name])
            lines[name] = here
            if self._next() != ":":
                raise self._wrong("a colon is expected")
            self._at += 1
            parts[name] = self._value(depth + 1)

        self._each("}", member)
        return mapping(parts, line, lines)

    def _each(self, end: str, one: Callable[[], None]) -> None:
        """Reads members, with commas between them, up to the bracket that ends them."""
        self._at += 1
        if self._next() == end:
            self._at += 1
            return
        while True:
            one()
            sign = self._next()
            if sign not in (",", end):
                raise self._wrong(f"a comma or {end} is expected")
            self._at += 1
            if sign == end:
                return

    def _string(self) -> str:
        try:
            text, self._at = _scanstring(self._text, self._at + 1, True)
        except JSONDecodeError as error:
            self._at = error.pos
            raise self._wrong(error.msg[0].lower() + error.msg[1:]) from error
        return text

    def _word(self, line: int) -> Node:
        for word, value in _WORDS.items():
            if self._text.startswith(word, self._at):
                self._at += len(word)
                return Node(value, line)
        for word in _NO_NUMBERS:
            if self._text.startswith(word, self._at):
                raise Unreadable(line, f"{word} is no number.", "Write a finite one, or null.")
        match = _NUMBER.match(self._text, self._at)
        if match is None:
            raise self._wrong("a value is expected")
        self._at = match.end()
        return number(match[0], line, base=10 if match[1] is None and match[2] is None else None)

    def _next(self) -> str:
        """The next character that is no space; empty at the end."""
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._text[self._at : self._at + 1]

    def _line(self) -> int:
        return bisect_right(self._breaks, self._at - 1) + 1

    def _wrong(self, sentence: str) -> NotJson:
        return NotJson(self._line(), f"this is not JSON: {sentence}.")


def number(text: str, line: int, *, base: int | None) -> Node:
    """The whole number that is spelt to a base, or the float; raises `Unreadable` beyond what can be kept."""
    if len(text) > MOST_DIGITS:
        raise Unreadable(line, f"A number of {len(text)} digits cannot be kept.", "Write a shorter one.")
    return leaf(float(text) if base is None else int(text, base), line)

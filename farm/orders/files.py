"""Reads orders from YAML or JSON: one mapping, a list, or a list under `orders` beside shared fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.paths import typed
from models import documents
from models.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from models.documents import Document

_HINT = "Write one order as `field: value` lines, or a list of such orders."


class WrittenOrder(dict[str, Any]):
    """An order's fields, and where in a file they stand."""

    def __init__(self, fields: Mapping[str, Any], document: Document, where: Sequence[str | int]) -> None:
        super().__init__(fields)
        self._document, self._where = document, where

    def __or__(self, fields: Mapping[str, Any]) -> WrittenOrder:  # type: ignore[override]  # only texts are fields
        """The same order with other values for some fields."""
        return WrittenOrder({**self, **fields}, self._document, self._where)

    def place(self, field: Sequence[str | int] = ()) -> str:
        """The file and line of a field: the order's own, or the one it shares with others."""
        where = field if self.shares(field) else (*self._where, *field)
        return f"{self._document.name}, line {self._document.line_of(where)}"

    def shares(self, field: Sequence[str | int]) -> bool:
        """Whether the file says a field beside the orders, for all of them."""
        if not self._where or not field or self._document.has((*self._where, field[0])):
            return False
        return self._document.has((field[0],))


def read_orders(file: str | Path) -> list[WrittenOrder]:
    """The orders of a file, at least one; their fields are checked when they are submitted.

    Raises:
        BadInput: the file cannot be read, is neither YAML nor JSON, or holds no order; with the
            line.
    """
    path = typed(str(file))
    document = documents.read(path, str(file))
    parsed: Any = document.content
    shared: dict[str, Any] = {}
    where: tuple[str, ...] = ()
    if isinstance(parsed, dict) and isinstance(parsed.get("orders"), list):
        shared = {name: value for name, value in parsed.items() if name != "orders"}
        parsed, where = parsed["orders"], ("orders",)
    if isinstance(parsed, dict):
        return [WrittenOrder(parsed, document, ())]
    if not isinstance(parsed, list) or not parsed:
        raise BadInput(f"{document.name} holds no order.", hint=_HINT)
    wrong = [
        document.mistake((*where, place), f"order {place + 1} is no set of fields.", _HINT)
        for place, order in enumerate(parsed)
        if not isinstance(order, dict)
    ]
    if wrong:
        raise document.refusal(wrong)
    return [WrittenOrder({**shared, **order}, document, (*where, place)) for place, order in enumerate(parsed)]

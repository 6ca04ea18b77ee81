"""Fields of an order as words on a command line: the form says what they mean, not their look."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from farm.orders.form import Order
from models import documents


def value_of(field: str, word: str) -> Any:
    """What `--set field=word` means: the word for a text, a number or a choice, YAML for lists and mappings.

    A single word for a list is a list of that one. Raises `BadInput` for YAML that cannot be read.
    """
    info = Order.model_fields.get(field)
    shapes = _shapes(info.annotation) if info else set()
    if dict in shapes:
        return documents.read_text(word, f"--set {field}").content
    if tuple in shapes:
        read = (
            documents.read_text(word, f"--set {field}").content
            if word.lstrip()[:1] in ("[", "{", "-")
            else word
        )
        return read if isinstance(read, list) else [read]
    return word


def _shapes(annotation: Any) -> set[Any]:
    """Whether a field holds a list or a mapping, or may be one."""
    own = {get_origin(annotation)} & {dict, tuple}
    inner = () if own else get_args(annotation)
    return own.union(*(_shapes(each) for each in inner))

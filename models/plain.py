"""Values as plain JSON types, for files, rows and scripts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from models.errors import BadInput
from models.rates import plain_rate

#: so deep are lists and mappings at most; Python could not copy what JSON still reads
MAX_DEPTH = 50
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(value: Any) -> Any:
    """Text, or plain JSON with text in it, as Postgres can keep it: no zero byte, no half of a surrogate pair.

    >>> storable({"why": ["a\\x00b", "c\\udce9"], "frames": 3})
    {'why': ['a?b', 'c?'], 'frames': 3}
    """
    if isinstance(value, str):
        return _UNSTORABLE.sub("?", value)
    if isinstance(value, dict):
        return {storable(key): storable(each) for key, each in value.items()}
    return [storable(each) for each in value] if isinstance(value, list) else value


def is_keepable(value: Any) -> bool:
    """Whether a single value can be recorded; see `refuse_unkeepable`."""
    if isinstance(value, str):
        return "\0" not in value and _is_text(value)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or (isinstance(value, int) and -(2**63) <= value < 2**64)


def refuse_unkeepable(value: Any, where: str, depth: int = 0) -> None:
    """Raises `BadInput` where a free value holds what JSON or Postgres cannot carry; `where` is its name.

    That is a zero byte, half a character, a number that is none or is beyond 64 bits, a value of another type,
    or lists within lists over `MAX_DEPTH` deep.
    """
    if depth > MAX_DEPTH:
        raise BadInput(f"{where} holds lists within lists, over {MAX_DEPTH} deep.", hint="Write it flatter.")
    if isinstance(value, Mapping):
        for key, each in value.items():
            refuse_unkeepable(key, where, depth)
            refuse_unkeepable(each, where, depth + 1)
    elif isinstance(value, list | tuple):
        for each in value:
            refuse_unkeepable(each, where, depth + 1)
    elif not is_keepable(value):
        raise BadInput(f"{where} holds {_shown(value)}, which cannot be recorded.", hint="Correct that value.")


def _shown(value: Any) -> str:
    """The value as a sentence shows it; Python refuses to write out numbers of thousands of digits."""
    if isinstance(value, int) and not is_keepable(value):
        return f"a number of {value.bit_length()} bits"
    return repr(value)[:60]


def _is_text(value: str) -> bool:
    """Whether there is no half character in it; a studio lists its thousands of files once a minute."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain(value: Any) -> Any:
    """A value of ours as plain JSON types, field by field, or by its own `to_json` where it has one."""
    if hasattr(value, "to_json"):
        return value.to_json()
    if is_dataclass(value) and not isinstance(value, type):
        return plain_fields(value)
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (set, frozenset)):
        # A set has no order of its own, and what is written twice shall be the same twice.
        return sorted(plain(each) for each in value)
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return _worded(value)


def _worded(value: Any) -> Any:
    """A single value: as it is, or as the text or number that JSON has for it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Fraction):
        return plain_rate(value)
    return str(value) if isinstance(value, UUID) else value


def plain_fields(value: Any) -> dict[str, Any]:
    """The fields of a frozen value as plain JSON types, for its own `to_json` to begin with."""
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)}

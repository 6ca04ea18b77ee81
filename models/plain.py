"""Values as plain JSON types, for files, rows and scripts."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

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


def plain(value: Any) -> Any:
    """A value of ours as plain JSON types, field by field, or by its own `to_json` where it has one."""
    if hasattr(value, "to_json"):
        return value.to_json()
    if is_dataclass(value) and not isinstance(value, type):
        return plain_fields(value)
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    if isinstance(value, (UUID, datetime)):
        return str(value) if isinstance(value, UUID) else value.isoformat()
    return value


def plain_fields(value: Any) -> dict[str, Any]:
    """The fields of a frozen value as plain JSON types, for its own `to_json` to begin with."""
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)}

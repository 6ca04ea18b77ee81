"""The environment's fingerprint: one word for where a take was made, to sort takes and machines by."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def environment_sha256(environment: Mapping[str, str]) -> str:
    """SHA-256 of the recorded facts (renderer, libraries, device, driver), in whatever order they are told.

    >>> environment_sha256({"a": "1", "b": "2"}) == environment_sha256({"b": "2", "a": "1"})
    True
    """
    told = json.dumps(dict(environment), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()

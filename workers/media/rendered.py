"""A finished take as its renderer hands it over: files that were read back, and what really ran."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from models.takes import TakeContent

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered(TakeContent):
    """A finished, read-back master and its proxy, still in the attempt's own folder."""

    master: Path
    proxy: Path | None
    size_bytes: int
    #: what really ran: library versions, device, graph, checkpoint hashes
    environment: dict[str, str] = field(default_factory=dict)
    resolved: dict[str, Any] = field(default_factory=dict)

"""A finished take as its renderer hands it over: files that were read back, and what really ran."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A finished, read-back master and its proxy, still in the attempt's own folder."""

    master: Path
    proxy: Path | None
    frames: int
    width: int
    height: int
    fps: int
    #: SHA-256 over the decoded pixels (`workers.media.pixels`), equal when the pictures are equal
    pixel_sha256: str
    file_sha256: str
    size_bytes: int
    #: what really ran: library versions, device, graph, checkpoint hashes
    environment: dict[str, str] = field(default_factory=dict)
    resolved: dict[str, Any] = field(default_factory=dict)

"""What workers' ComfyUIs have, nodes and files of weights: kept once by content, read as who has what now."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from models.fleet import KnownServer
from models.pools import COMFYUI, renderer_of, served_by

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from sqlalchemy import Row
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class _Kept:
    """An inventory as it was read."""

    content: dict[str, Any]
    words: tuple[str, ...]


# Nearly always it is there already, and then its megabytes are not sent again.
_TOUCH = text("UPDATE inventories SET seen_at = now(), has = CAST(:has AS varchar[]) WHERE sha256 = :sha256")

_STORE = text("""
INSERT INTO inventories (sha256, content, has)
VALUES (:sha256, CAST(:content AS jsonb), CAST(:has AS varchar[]))
ON CONFLICT (sha256) DO UPDATE SET seen_at = now(), has = EXCLUDED.has
""").bindparams(bindparam("content", type_=JSONB))

# Workers that reported a ComfyUI, those first that can render there now, then the latest heard of.
_KNOWN = text("""
SELECT * FROM (
    SELECT id, host, pools, capabilities, extract(epoch FROM now() - last_seen_at) AS silent,
           is_live(workers, CAST(:silent_after AS interval)) AND comfyui_error IS NULL AS is_live
    FROM workers WHERE has_comfyui
) known
ORDER BY is_live DESC, silent, id
""")

_CONTENT = text("SELECT sha256, content, has FROM inventories WHERE sha256 = ANY(:wanted)")

# A worker's row names what it had last, however long ago; only what no row names may go.
_PRUNE = text("""
DELETE FROM inventories i
WHERE i.seen_at < now() - interval '1 day'
  AND NOT EXISTS (SELECT 1 FROM workers w WHERE w.comfyui_inventory = i.sha256)
""")

_NOTHING = _Kept({"nodes": {}, "models": {}}, ())
#: what this process has read, by hash, which makes it immutable; several MB each
_read: dict[str, _Kept] = {}
_READ_AT_MOST = 16


def name_of(content: dict[str, Any]) -> str:
    """The SHA-256 of an inventory's canonical JSON, under which it is kept."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def store(session: Session, content: dict[str, Any], *, has: Iterable[str] = ()) -> str:
    """Keep an inventory, or say that it is still seen; its name, the SHA-256 of its canonical JSON.

    `has` are the words of `render_queue.needs` that it can meet, as `preflight.has_of` finds them.
    """
    sha256 = name_of(content)
    values = {"sha256": sha256, "has": list(has)}
    touched: Any = session.execute(_TOUCH, values)
    if touched.rowcount == 0:
        session.execute(_STORE, {**values, "content": content})
    return sha256


def words(session: Session, sha256: str) -> tuple[str, ...]:
    """What the inventory of this name can meet; nothing where there is none."""
    return _kept(session, {sha256}).get(sha256, _NOTHING).words


def known(session: Session, *, silent_after: timedelta) -> tuple[KnownServer, ...]:
    """Every ComfyUI that a worker reported, live ones first; lost ones as last known.

    A worker silent for longer than `silent_after` is lost. One whose ComfyUI never answered has no content.
    """
    rows = session.execute(_KNOWN, {"silent_after": silent_after}).all()
    reports = [row.capabilities[COMFYUI] for row in rows]
    kept = _kept(session, {report.get("inventory") or "" for report in reports} - {""})
    return tuple(_known_server(row, report, kept) for row, report in zip(rows, reports, strict=True))


def prune(session: Session) -> int:
    """Forget inventories that no worker has named for a day; how many."""
    gone: Any = session.execute(_PRUNE)
    return int(gone.rowcount)


def _kept(session: Session, wanted: set[str]) -> dict[str, _Kept]:
    kept = {sha256: _read[sha256] for sha256 in wanted if sha256 in _read}
    missing = [sha256 for sha256 in wanted if sha256 not in kept]
    if missing:
        rows = session.execute(_CONTENT, {"wanted": missing})
        kept |= {row.sha256: _Kept(row.content, tuple(row.has)) for row in rows}
        if len(_read) + len(missing) > _READ_AT_MOST:
            _read.clear()
        _read.update(kept)
    return kept


def _known_server(row: Row[Any], report: dict[str, Any], kept: dict[str, _Kept]) -> KnownServer:
    vram_mib = int(report.get("vram_mib") or 0)
    has = kept.get(report.get("inventory") or "", _NOTHING)
    served = tuple(pool for pool in row.pools if renderer_of(pool) == COMFYUI)
    return KnownServer(
        worker_id=row.id,
        host=row.host,
        pools=served or served_by(COMFYUI, vram_mib),
        version=report.get("version") or "",
        device=report.get("device") or "",
        vram_mib=vram_mib,
        is_live=row.is_live,
        seconds_silent=float(row.silent),
        content=has.content,
        has=has.words,
        url=report.get("url") or "",
        error=report.get("error"),
        error_since=report.get("error_since"),
        models_dir=report.get("models_dir"),
        custom_packages=tuple(report.get("custom_packages") or ()),
        inventory=report.get("inventory") or "",
    )

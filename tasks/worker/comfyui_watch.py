"""Looks at the ComfyUI a render worker renders at, in a thread of its own, and tells what it has and can take.

A ComfyUI that does not answer delays nobody: the worker lives and beats, serves no ComfyUI pool meanwhile, and
serves them again as soon as it answers.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from farm.settings import settings
from models.errors import StepFailed, Unavailable
from models.pools import COMFYUI, served_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from workers.renderers.comfyui.client import ComfyUIClient, Stats
    from workers.renderers.comfyui.preflight import Inventory

_log = logging.getLogger(__name__)

#: seconds to connect and to answer whether it is there, also while it renders
_IS_THERE = (5.0, 10.0)
#: the same for its lists: a studio's server writes several MB of them
_LISTS = (5.0, 60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one look at a ComfyUI came to, as the worker's row tells it."""

    #: the pools it can serve now; none while it does not answer
    pools: tuple[str, ...]
    #: `capabilities["comfyui"]`
    report: dict[str, Any] = field(default_factory=dict)
    #: what `db.fleet.inventories` keeps, where it was asked for at this look
    content: dict[str, Any] | None = None
    #: the words of `render_queue.needs` that `content` meets
    has: tuple[str, ...] = ()


def pools_for(listed: Iterable[str], vram_mib: int) -> tuple[str, ...]:
    """Of the pools a worker was started for, those its card fits; the bare renderer stands for all of them.

    >>> pools_for(["toon", "comfyui"], 12_282), pools_for(["comfyui-24g", "comfyui-8g"], 12_282)
    (('comfyui', 'comfyui-8g', 'comfyui-12g'), ('comfyui-8g',))
    """
    wanted = set(listed)
    fitting = served_by(COMFYUI, vram_mib)
    return fitting if COMFYUI in wanted else tuple(pool for pool in fitting if pool in wanted)


class Watch:
    """Looks again and again; every sighting goes to `tell`, the first one after leftovers were swept away."""

    def __init__(
        self,
        listed: tuple[str, ...],
        *,
        client_ids: Callable[[], Iterable[str]],
        tell: Callable[[Sighting], None],
        is_doubted: Callable[[], bool] = lambda: False,
    ) -> None:
        """`listed` are the pools the worker was started for; `client_ids` the names it renders under.

        `is_doubted` asks whether a render found something missing that was told of.
        """
        self._listed = listed
        self._client_ids = client_ids
        self._tell = tell
        self._is_doubted = is_doubted
        self._server, self._lists = _server(_IS_THERE), _server(_LISTS)
        self._report: dict[str, Any] = {
            "url": settings().comfyui_url,
            "models_dir": _models_dir(),
            "error": None,
        }
        self._swept = False
        self._inventory: Inventory | None = None
        self._taken_at = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="inventory", daemon=True)

    def start(self) -> None:
        """Begin to look; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a look that waits for an answer is left behind."""
        self._over.set()

    def _watch(self) -> None:
        while not self._over.is_set():
            try:
                if self._is_doubted():
                    self._taken_at = 0.0
                self._tell(self.look())
            except Unavailable as error:
                # What was not written down is asked for again.
                self._taken_at = 0.0
                _log.warning("What ComfyUI has could not be told. %s", error.message)
            except Exception:  # noqa: BLE001 - see below
                # The thread must outlive a bug in one round: without it the worker would never serve again.
                _log.exception("The look at ComfyUI failed.")
            self._over.wait(settings().heartbeat.total_seconds())

    def look(self) -> Sighting:
        """Ask once: version and card always, nodes and files when the last inventory is old or may be wrong."""
        if self._server is None or self._lists is None:
            return self._silent(
                "This worker listens for ComfyUI's work, but FARM_COMFYUI_URL is not set for it."
            )
        try:
            self._sweep_once(self._server)
            stats = self._server.stats()
            taken = self._take(self._lists) if self._is_due(stats) else None
        except (Unavailable, StepFailed) as error:
            return self._silent(error.message)
        if self._report.get("error"):
            _log.warning("ComfyUI at %s answers again.", self._server.url)
        self._report |= {"error": None, "error_since": None, "seen_at": _now()}
        content, has = taken or (None, ())
        pools = pools_for(self._listed, self._report["vram_mib"])
        return Sighting(pools=pools, report=dict(self._report), content=content, has=has)

    def _silent(self, sentence: str) -> Sighting:
        """What was known of it stays known, so that people are told what is missing."""
        if not self._report.get("error"):
            _log.warning("%s No work for it is taken until it does.", sentence)
            self._report["error_since"] = _now()
        self._report["error"] = sentence
        self._taken_at = 0.0
        return Sighting(pools=(), report=dict(self._report))

    def _sweep_once(self, server: ComfyUIClient) -> None:
        """Cancel what a predecessor under this name left there, before anything of ours is handed in."""
        from workers.renderers.comfyui.queued_prompt import sweep

        if not self._swept:
            count = sum(sweep(server, client_id) for client_id in self._client_ids())
            self._swept = True
            if count:
                _log.warning("%d prompts that an earlier process left at ComfyUI were cancelled.", count)

    def _is_due(self, stats: Stats) -> bool:
        known = self._inventory
        age = time.monotonic() - self._taken_at
        return (
            known is None
            or self._taken_at == 0.0
            or age >= settings().comfyui_inventory_every.total_seconds()
            or (known.version, known.device) != (stats.version, stats.device)
            or known.vram_mib != stats.vram_total // 2**20
        )

    def _take(self, server: ComfyUIClient) -> tuple[dict[str, Any], tuple[str, ...]]:
        """(the inventory as it is kept, the words it meets)."""
        from db.fleet import inventories
        from workers.renderers.comfyui import preflight

        inventory = preflight.take_inventory(server)
        listed = inventory.to_json()
        content = {"nodes": listed["nodes"], "models": listed["models"]}
        self._inventory, self._taken_at = inventory, time.monotonic()
        self._report |= {
            "models_dir": _models_dir(),
            "version": inventory.version,
            "device": inventory.device,
            "vram_mib": inventory.vram_mib,
            "inventory": inventories.name_of(content),
            "custom_packages": list(inventory.custom_packages),
            "models": {folder: len(names) for folder, names in inventory.models.items()},
        }
        return content, preflight.has_of(inventory)


def _models_dir() -> str | None:
    """Where weights are read for their hashes; None where that folder is not there, which gives none either."""
    models_dir = settings().comfyui_models_dir
    return str(models_dir) if models_dir and models_dir.is_dir() else None


def _server(timeout: tuple[float, float]) -> ComfyUIClient | None:
    from workers.renderers.comfyui.client import ComfyUIClient

    url = settings().comfyui_url
    return ComfyUIClient(url, timeout) if url else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

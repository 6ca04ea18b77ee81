"""ComfyUIs as workers report them, without any running: what admission holds orders against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from db.fleet import inventories, workers
from db.fleet.workers import WorkerIdentity
from models.pools import served_by
from tests.comfyui_server import NODES
from tests.support.queue_jobs import execute
from workers.renderers.comfyui.client import Stats
from workers.renderers.comfyui.preflight import has_of, take_inventory

if TYPE_CHECKING:
    from db.engine import Database


class Reported:
    """A ComfyUI that answers from the stand-in's tables."""

    def __init__(self, vram_mib: int = 24_564, without: tuple[str, ...] = (), **nodes: Any) -> None:
        """`without` leaves files or node types out, `nodes` adds types."""
        self._vram_mib, self._without, self._nodes = vram_mib, without, nodes

    def stats(self) -> Stats:
        total = self._vram_mib * 2**20
        return Stats(
            version="0.3.64", pytorch="2.7", python="3.12", device="RTX 4090", vram_total=total, vram_free=total
        )

    def object_info(self) -> dict[str, Any]:
        nodes = {**NODES, **self._nodes}
        return {name: self._thinned(told) for name, told in nodes.items() if name not in self._without}

    def models(self, folder: str) -> list[str]:
        return []

    def _thinned(self, told: dict[str, Any]) -> dict[str, Any]:
        inputs = {
            part: {
                name: [[each for each in config[0] if each not in self._without], *config[1:]]
                if isinstance(config[0], list)
                else config
                for name, config in told["input"][part].items()
            }
            for part in ("required", "optional")
        }
        return {**told, "input": inputs}


def report(
    database: Database, server: Reported | None = None, *, host: str = "atelier", silent_s: int = 0
) -> str:
    """Enter a worker that renders at such a ComfyUI and was last heard of `silent_s` seconds ago; its id."""
    inventory = take_inventory(server or Reported())  # type: ignore[arg-type]  # answers as a ComfyUIClient does
    told = inventory.to_json()
    content = {"nodes": told["nodes"], "models": told["models"]}
    with database.transaction() as session:
        sha256 = inventories.store(session, content, has=has_of(inventory))
        worker_id = workers.register(
            session,
            WorkerIdentity(
                host=host,
                role="render",
                pid=1,
                incarnation=uuid4(),
                queues=(),
                pools=served_by("comfyui", inventory.vram_mib),
                capabilities={
                    "comfyui": {
                        "url": f"http://{host}:8188",
                        "version": inventory.version,
                        "device": inventory.device,
                        "vram_mib": inventory.vram_mib,
                        "inventory": sha256,
                        "error": None,
                    }
                },
                slot=0,
            ),
            slot=0,
        )
    execute(
        database,
        "UPDATE workers SET last_seen_at = now() - make_interval(secs => :silent) WHERE id = :id",
        silent=silent_s,
        id=worker_id,
    )
    return worker_id

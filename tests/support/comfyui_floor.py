"""A floor whose workers render at stand-in ComfyUIs, shared by a module because starting it takes seconds."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.comfyui_fixture import StandInProcess
from tests.support.floor import CONTROL, SCORE, Floor
from tests.support.queue_jobs import add_jobs, add_project, execute, one

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from db.engine import Database
    from tests.support.floor import Hand

QUEUE = "render_queue.comfyui"

#: an inventory every half second, and little patience with a prompt
TIMES = {"FARM_COMFYUI_INVENTORY_EVERY": "0.5", "FARM_COMFYUI_POLL": "0.2", "FARM_COMFYUI_SILENT": "6"}


@dataclass
class Studio:
    """The floor, its ComfyUIs and the workers that render at them."""

    floor: Floor
    folder: Path
    comfyuis: dict[str, StandInProcess] = field(default_factory=dict)
    renderers: dict[str, Hand] = field(default_factory=dict)

    def comfyui(self, name: str, **traps: Any) -> StandInProcess:
        """Start a stand-in of its own folder and port."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        folder = self.folder / name
        folder.mkdir()
        server = self.comfyuis[name] = StandInProcess(folder, port)
        server.start()
        if traps:
            server.trap(**traps)
        return server

    def hire(self, name: str, slot: int = 0, **more: str) -> Hand:
        """Start a worker, under the name of this slot, that renders at the ComfyUI `name`; `more` is set."""
        url = self.comfyuis[name].url
        hand = self.floor.worker(QUEUE, ready=False, FARM_COMFYUI_URL=url, FARM_SLOT=str(slot), **more)
        self.renderers[name] = hand
        return hand

    def wait_serving(self, count: int = 1) -> None:
        """Wait until so many workers serve ComfyUI's pools."""
        serving = "SELECT count(*) FROM workers WHERE 'comfyui' = ANY(pools) AND status IN ('ready', 'busy')"
        self.floor.wait(lambda: self.floor.scalar(serving) == count, f"{count} workers to serve ComfyUI")

    def order(self, count: int = 1, **more: Any) -> list[UUID]:
        """Stills of this studio's tiny checkpoint, unless told otherwise."""
        order = {"renderer": "comfyui", "model_name": "tiny.safetensors", **more}
        return add_jobs(self.floor.database, add_project(self.floor.database), count, **order)

    def row(self, job: UUID) -> Any:
        """Where the job stands, and how often it was tried."""
        return one(
            self.floor.database,
            "SELECT q.*, j.current_step, j.total_steps, (SELECT count(*) FROM attempts a "
            "WHERE a.job_id = q.job_id AND a.step = 'render') AS tries "
            "FROM render_queue q JOIN jobs j ON j.id = q.job_id WHERE q.job_id = :job",
            job=job,
        )

    def kinds(self, job: UUID) -> list[str]:
        """How each try at its render ended: an error's kind, or the outcome."""
        return list(
            one(
                self.floor.database,
                "SELECT array_agg(COALESCE(error_kind, outcome) ORDER BY epoch) AS kinds "
                "FROM attempts WHERE job_id = :job AND step = 'render'",
                job=job,
            ).kinds
        )

    def finish(self, *jobs: UUID) -> None:
        """Wait until the jobs are over, then check that nothing was lost and nothing came twice."""
        self.floor.wait_until_over(jobs)
        self.floor.settled()


@contextmanager
def open_studio(database: Database, folder: Path, database_url: str, redis_url: str) -> Iterator[Studio]:
    """A floor with a score worker, a control worker and a beat; ends what was started in it."""
    execute(database, "DELETE FROM workers")
    studio = Studio(Floor(database, folder, database_url, redis_url, extra=dict(TIMES)), folder)
    floor = studio.floor
    try:
        floor.worker(SCORE, ready=False)
        floor.worker(CONTROL, pool="threads", concurrency=2, ready=False)
        floor.beat()
        yield studio
    finally:
        floor.clear()
        for comfyui in studio.comfyuis.values():
            comfyui.kill()

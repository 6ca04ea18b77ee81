"""A farm with one show whose takes are made by hand, for tests of what is handed over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from db import catalogue
from farm.client import Farm
from farm.judging.gate import gate_job
from models.recipe import Recipe
from models.rows.jobs import QueueRow
from models.rows.takes import GenerationParams, Take
from models.vocabulary import Phase, QueueStatus, Step
from tests.support.factories import ordered, whole
from workers.media.takes import TakeWriter
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from uuid import UUID

    from models.shows import StoredShow

WIDTH, HEIGHT, LOOP = 64, 48, 16


@dataclass
class Studio:
    """A farm with one show, whose takes are made by hand: small noise, but real files."""

    farm: Farm
    show: StoredShow
    folder: Path

    def take(
        self, phase: Phase = Phase.STILL, cut: str = "1/10/10", *, good: bool = True, **fields: Any
    ) -> UUID:
        """A judged take of a cut with pixels of its own; `good` says whether its scores pass."""
        with self.farm.database.transaction() as session:
            if phase is not Phase.STILL and not catalogue.is_open(session, self.show.project_id, phase):
                catalogue.set_door(session, self.show.project_id, phase, is_open=True, evidence={}, by="test")
            (job_id,) = ordered(
                session, self.show, **{"cut": cut, "job_type": phase.usual_kind, "max_retakes": 0, **fields}
            )
            self.finish(session, job_id)
            values = {} if good else {"identity": 0.0}
            catalogue.store_measurements(session, job_id, whole(EMBEDDED, phase, **values))
            gate_job(session, job_id)
            return job_id

    def finish(self, session: Any, job_id: UUID) -> None:
        """What the engine does to a job that rendered: a master in the store, and its row."""
        params = session.query(GenerationParams).filter_by(job_id=job_id).one()
        recipe = Recipe.from_json({**params.recipe, "width": WIDTH, "height": HEIGHT})
        random = np.random.default_rng(job_id.int)
        store = self.farm.store
        with store.scratch(job_id, 1) as folder:
            with TakeWriter(folder, recipe) as writer:
                for _ in range(recipe.frame_count):
                    writer.add(random.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8))
                made = writer.finish()
            stored = store.publish(job_id, 1, made.master, made.proxy)
        session.add(
            Take(
                job_id=job_id,
                epoch=1,
                master_path=stored.master,
                proxy_path=stored.proxy,
                pixel_sha256=made.pixel_sha256,
                file_sha256=made.file_sha256,
                size_bytes=made.size_bytes,
                frames=made.frames,
                width=made.width,
                height=made.height,
                fps=round(made.fps),
                render_seconds=0.5,
            )
        )
        row = session.query(QueueRow).filter_by(job_id=job_id).one()
        row.step, row.status = Step.GATE, QueueStatus.COMPLETED
        session.flush()

    def pixels(self, job_id: UUID) -> str:
        take = self.farm.job(job_id).take
        assert take is not None
        return take.pixel_sha256

    def deliver(self, **asked: Any) -> Any:
        return self.farm.deliver(self.show.project, to=self.folder, **asked)

    def files(self) -> list[str]:
        return sorted(p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if p.is_file())

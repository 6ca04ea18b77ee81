"""What the acceptance tests ask of the studio, in the specification's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farm.shows import loading
from models.metrics import Metric
from models.vocabulary import Phase
from tasks.references import making
from tests.support import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.client import Farm
    from models.jobs import JobDetail
    from models.metrics import Measurement
    from models.shows import CutView

SHOW = ROOT / "examples/lantern_street/show.yaml"
REQUIRED_RATE = 0.80
PATIENCE = timedelta(minutes=12)


@dataclass(frozen=True)
class Made:
    """What a set of orders came to: every take, retakes with their roots."""

    takes: tuple[JobDetail, ...]

    @property
    def roots(self) -> tuple[JobDetail, ...]:
        return tuple(take for take in self.takes if take.row.parent_job_id is None)

    def family(self, root: JobDetail) -> tuple[JobDetail, ...]:
        """All takes of one order, the first first."""
        family = (take for take in self.takes if take.row.root_job_id == root.row.id)
        return tuple(sorted(family, key=lambda take: take.row.take_number))

    def best(self, root: JobDetail) -> JobDetail:
        """The take of one order that passed, or its last."""
        family = self.family(root)
        return next((take for take in family if take.row.verdict and take.row.verdict.passes), family[-1])

    @property
    def bests(self) -> tuple[JobDetail, ...]:
        return tuple(self.best(root) for root in self.roots)

    @property
    def pass_rate(self) -> float:
        """Share of orders with a take that passed."""
        return _share([bool(best.row.verdict and best.row.verdict.passes) for best in self.bests])

    def rate(self, metric: Metric) -> float:
        """Share of orders whose best take keeps this metric's mark; not measured does not keep it."""
        return _share([keeps(best, metric) for best in self.bests])


@dataclass(frozen=True)
class Studio:
    """The running farm with one show."""

    farm: Farm
    project: str

    @property
    def cuts(self) -> Sequence[CutView]:
        return self.farm.cuts(self.project)

    @property
    def cast(self) -> Sequence[str]:
        return sorted({who for cut in self.cuts for who in cut.characters})

    def make(self, orders: Sequence[dict[str, Any]]) -> Made:
        """Order, wait until every take and retake is over, and look."""
        ids = [job.job_id for job in self.farm.submit_many(orders)]
        self.farm.wait(ids, timeout=PATIENCE)
        return Made(tuple(self.farm.job(row.id) for each in ids for row in self.farm.job(each).family))

    def master(self, take: JobDetail) -> Path:
        """The lossless file of a take."""
        assert take.take is not None
        return self.farm.store.path(take.take.master_path)


def loaded(farm: Farm, show: Path) -> str:
    """The slug of a show's file, stored with references of its own."""
    with farm.database.transaction() as session:
        stored = loading.store(session, loading.load(show))
    made = making.make(farm, stored)
    assert made["made"], f"no references: {made}"
    return stored.project


def measured(take: JobDetail, metric: Metric) -> Measurement:
    """What was measured of a take; fails when the metric is not among its scores."""
    assert take.scores is not None
    return next(each for each in take.scores.measurements if each.metric is metric)


def keeps(take: JobDetail, metric: Metric) -> bool:
    """Whether a take was measured by this metric and keeps its mark."""
    if take.scores is None or metric.value in take.scores.blocking:
        return False
    return any(each.metric is metric and each.value is not None for each in take.scores.measurements)


def next_phase(phase: Phase) -> Phase:
    """The phase this one's gate opens."""
    assert phase.after is not None
    return phase.after


def _share(answers: Sequence[bool]) -> float:
    return sum(answers) / len(answers)

"""What the demo leaves behind: media copied beside a page that opens from disk, and `report.json`."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from farm.dailies.from_jobs import left_out, page_gate, page_take, report_take
from farm.dailies.page import write_page
from farm.dailies.values import Dailies, lineages
from models.metrics import WORST_PICTURE
from models.plain import plain_fields
from models.vocabulary import AttemptOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from db.files.artifacts import ArtifactStore
    from farm.dailies.values import PageTake
    from farm.demo.orders import Drill
    from farm.judging.reports import PhaseReport
    from models.jobs import JobDetail
    from models.metrics import Metric, Profile

    #: writes the first frame of a master as a picture a browser can show
    Poster = Callable[[Path, Path], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillResult:
    """How one fault drawn on purpose fared."""

    drill: Drill
    cut: str
    blocking: tuple[str, ...]
    retaken: bool
    retake_passed: bool

    @property
    def caught(self) -> bool:
        """Whether the metric that should see it named it."""
        return self.drill.expected.value in self.blocking

    @property
    def ok(self) -> bool:
        return self.caught and self.retaken and self.retake_passed

    def to_json(self) -> dict[str, Any]:
        fields = plain_fields(self)
        return {**fields.pop("drill"), **fields, "expected": self.drill.expected, "caught": self.caught}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """Everything the demo found out."""

    show: str
    details: tuple[JobDetail, ...]
    gates: tuple[PhaseReport, ...]
    drills: tuple[DrillResult, ...]
    #: the sentence with which an order for a closed phase was refused; empty when it was not
    refusal: str
    profile: Profile
    spec: Profile
    seconds: float
    peak_rss_mib: float

    @property
    def ok(self) -> bool:
        """Whether everything the demo is there to show did happen."""
        gates_passed = len(self.gates) == 3 and all(gate.can_open for gate in self.gates)
        drills_passed = bool(self.drills) and all(each.ok for each in self.drills)
        return gates_passed and drills_passed and bool(self.refusal)

    @property
    def retries(self) -> int:
        """Attempts that had to be made again."""
        return sum(
            attempt.outcome in (AttemptOutcome.FAILED, AttemptOutcome.LOST)
            for detail in self.details
            for attempt in detail.attempts
        )

    @property
    def retakes(self) -> int:
        return sum(detail.row.take_number > 1 for detail in self.details)


def write(outcome: DemoResult, store: ArtifactStore, out_dir: Path, poster: Poster) -> dict[str, Any]:
    """Copy the media, write `index.html` and `report.json` into `out_dir`; the report as it was written."""
    takes = [_copied(detail, store, out_dir, poster) for detail in outcome.details]
    report = _report(outcome, takes)
    write_page(_page(outcome, takes), out_dir / "index.html")
    (out_dir / "report.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return report


def _copied(detail: JobDetail, store: ArtifactStore, out_dir: Path, poster: Poster) -> PageTake:
    """One take with its files beside the page, named so that a person finds them."""
    if detail.take is None:
        return page_take(detail)
    row = detail.row
    stem = f"{(row.cut or row.job_type.value).replace('/', '_')}_{row.phase.value}_v{row.take_number:03d}"
    folder = out_dir / "media" / f"{stem}_{str(row.id)[-6:]}"
    folder.mkdir(parents=True, exist_ok=True)
    master = shutil.copyfile(
        store.path(detail.take.master_path), folder / f"master{_suffix(detail.take.master_path)}"
    )
    address = folder.relative_to(out_dir).as_posix()
    worst = _pictures(detail, store, folder, address)
    here = f"{address}/{master.name}"
    if not row.job_type.is_motion:
        return page_take(detail, still=here, master=here, pictures=worst)
    poster(master, folder / "poster.png")
    moving = None
    if detail.take.proxy_path:
        shutil.copyfile(store.path(detail.take.proxy_path), folder / "proxy.mp4")
        moving = f"{address}/proxy.mp4"
    return page_take(detail, still=f"{address}/poster.png", moving=moving, master=here, pictures=worst)


def _pictures(detail: JobDetail, store: ArtifactStore, folder: Path, address: str) -> dict[Metric, str]:
    """The pictures of worst frames that scoring left beside the take, copied to the page; by metric."""
    pictures = {}
    for measured in detail.scores.measurements if detail.scores else ():
        kept = measured.detail.get(WORST_PICTURE)
        if isinstance(kept, str) and store.path(kept).is_file():
            name = f"worst_{measured.metric.value}{_suffix(kept)}"
            shutil.copyfile(store.path(kept), folder / name)
            pictures[measured.metric] = f"{address}/{name}"
    return pictures


def _suffix(path: str) -> str:
    return "." + path.rsplit(".", 1)[-1]


def _page(outcome: DemoResult, takes: Sequence[PageTake]) -> Dailies:
    nobody, another = left_out(outcome.profile, outcome.spec)
    caught = sum(each.ok for each in outcome.drills)
    first = [take for take in takes if take.take_number == 1]
    passed_first = sum(bool(take.verdict and take.verdict.passes) for take in first)
    minutes, seconds = divmod(round(outcome.seconds), 60)
    return Dailies(
        show=outcome.show,
        made_at=datetime.now(UTC),
        profile=outcome.profile.name,
        leaves_out=nobody,
        replaces=another,
        gates=tuple(page_gate(gate) for gate in outcome.gates),
        lineages=lineages(list(takes)),
        facts={
            "takes": str(len(takes)),
            "passed at first": f"{passed_first} of {len(first)}",
            "faults caught": f"{caught} of {len(outcome.drills)}",
            "frames": f"{sum(take.frames for take in takes):,}",
            "from start to end": f"{minutes} min {seconds} s",
            "peak memory": f"{outcome.peak_rss_mib / 1024:.1f} GiB",
        },
    )


def _report(outcome: DemoResult, takes: Sequence[PageTake]) -> dict[str, Any]:
    nobody, another = left_out(outcome.profile, outcome.spec)
    return {
        "ok": outcome.ok,
        "seconds": round(outcome.seconds, 1),
        "peak_rss_mib": round(outcome.peak_rss_mib, 1),
        "jobs": len(outcome.details),
        "attempts": sum(len(detail.attempts) for detail in outcome.details),
        "retries": outcome.retries,
        "retakes": outcome.retakes,
        "verdicts": Counter(take.verdict.value if take.verdict else "none" for take in takes),
        "profile": outcome.profile.name,
        "leaves_out": nobody,
        "measured_by_another_network": another,
        "refused_before_the_gate_opened": outcome.refusal,
        "drills": [each.to_json() for each in outcome.drills],
        "gates": {
            gate.phase.value: {
                "open": gate.can_open,
                "pass_rate": gate.pass_rate,
                "judged": gate.judged,
                "passed": gate.passed,
                "blocking_issues": [issue.sentence for issue in gate.blocking_issues],
                "slow_stills": gate.slow_stills,
            }
            for gate in outcome.gates
        },
        "takes": [report_take(take) for take in takes],
    }

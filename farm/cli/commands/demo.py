"""`farm demo`: a short episode from nothing to judged videos, with faults drawn on purpose, in one go.

It runs on a farm of its own in `out/demo`, with servers of its own, and takes everything down at the end,
however it ends.
"""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.live import Live

from farm.cli.console import note, notes
from farm.cli.tables.demo import DemoBoard, print_result
from farm.client import Farm
from farm.demo import orders
from farm.demo import report as demo_report
from farm.ops import stack
from farm.ops.memory import MemoryPeak
from farm.ops.stop_signals import asked_to_stop, interrupted_like_ctrl_c
from farm.servers.state import alone
from farm.settings import settings as machine_settings
from farm.shows import loading
from models.errors import NotHere, PhaseLocked
from models.vocabulary import Phase, Verdict
from workers.scoring.profiles import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from uuid import UUID

    from farm.demo.orders import Drill
    from farm.demo.report import DrillResult, Poster
    from farm.settings import Settings
    from farm.shows.form import Show
    from models.jobs import JobDetail
    from models.metrics import Profile
    from models.shows import StoredShow

    #: makes and stores a show's references
    References = Callable[[Farm, StoredShow], dict[str, Any]]

_GRACE = timedelta(seconds=10)
#: a phase that takes longer than this is stuck, and saying so is better than waiting
_PATIENCE = timedelta(minutes=15)


def run(
    *, show_file: Path, make_references: References, poster: Poster, keep: bool, quiet: bool
) -> dict[str, Any]:
    """Run the demo and write `out/demo`; the report, whose `ok` says whether all of it happened.

    Raises:
        NotHere: something it needs is not installed; the hint says what.
        BadInput: the show cannot be read; nothing was started.
    """
    story = loading.load(show_file)
    out_dir = Path.cwd() / "out" / "demo"
    with own_farm(out_dir, keep=keep) as settings, MemoryPeak(timedelta(seconds=1)) as memory:
        began = time.monotonic()
        with asked_to_stop() as stopped, notes().status("starting") as status:
            stack.up(settings, die_with_me=True, renderers=("toon",), say=status.update, stopped=stopped)
        with Farm(settings) as farm:
            project = load_show(farm, story, make_references)
            outcome = _Demo(farm, project).play(began, memory)
            report = demo_report.write(outcome, farm.store, out_dir, poster)
    if not quiet:
        print_result(outcome, out_dir)
    return report


def example_show(named: str | None) -> Path:
    """The show that was named, or the example that comes with the farm.

    Raises:
        NotHere: there is none.
    """
    if named:
        return Path(named).expanduser()
    for root in (Path.cwd(), Path(__file__).resolve().parents[2]):
        for file in sorted((root / "examples").glob("*/show.yaml")):
            return file
    raise NotHere(
        "The example show is not here.", hint="Start in the farm's checkout, or name one with --show."
    )


def load_show(farm: Farm, story: Show, make_references: References) -> str:
    """Load a show with its references; the project's slug."""
    stored = farm.load_show(story)
    for sentence in make_references(farm, stored)["said"]:
        note(sentence)
    return stored.project


class _Demo:
    """One run over one project."""

    def __init__(self, farm: Farm, project: str) -> None:
        self._farm = farm
        self._project = project
        self._view = next(each for each in farm.projects() if each.slug == project)
        self._cuts = tuple(cut for cut in farm.cuts(project) if not cut.omitted)
        self._cast = sorted({who for cut in self._cuts for who in cut.characters})

    def play(self, began: float, memory: MemoryPeak) -> demo_report.DemoResult:
        """All three phases; stops at the first gate that does not open."""
        refusal = self._refused_too_early()
        note(f"refused, as it should be: {refusal}")
        details: list[JobDetail] = []
        gates, drills = [], []
        for phase in Phase:
            takes, caught = self._phase(phase)
            details += takes
            drills += caught
            gates.append(self._farm.gate(self._project, phase))
            if not gates[-1].can_open:
                break
        return demo_report.DemoResult(
            show=self._view.name,
            details=tuple(details),
            gates=tuple(gates),
            drills=tuple(drills),
            refusal=refusal,
            profile=self._judged_by(),
            spec=BUILT_IN["spec"],
            seconds=time.monotonic() - began,
            peak_rss_mib=memory.mib,
        )

    def _refused_too_early(self) -> str:
        """The sentence with which a loop is refused before the stills have passed; empty when it is taken."""
        (order, *_) = orders.orders(Phase.LOOP, self._project, self._cuts, self._cast)
        try:
            self._farm.submit(order)
        except PhaseLocked as error:
            return str(error)
        return ""

    def _phase(self, phase: Phase) -> tuple[list[JobDetail], list[DrillResult]]:
        wanted = orders.orders(phase, self._project, self._cuts, self._cast)
        submitted = self._farm.submit_many(wanted)
        ids = [job.job_id for job in submitted]
        self._show_until_over(phase, ids)
        details = self._families(ids)
        faults = [
            (drill, job_id)
            for drill in orders.drills(phase)
            for order, job_id in zip(wanted, ids, strict=True)
            if order.get("defect") == drill.defect
        ]
        return details, [_drill_result(drill, job_id, details) for drill, job_id in faults]

    def _show_until_over(self, phase: Phase, ids: Sequence[UUID]) -> None:
        deadline = time.monotonic() + _PATIENCE.total_seconds()
        board = DemoBoard(phase)
        with Live(console=notes(), refresh_per_second=6, transient=True) as live:
            for rows in self._farm.watch(ids):
                live.update(board.look(rows))
                if time.monotonic() > deadline:
                    raise NotHere(
                        f"The {phase.value} phase was not over after {_PATIENCE}.",
                        hint=f"The logs are in {self._farm.settings.state_dir / 'logs'}.",
                    )
        note(board.last_words())

    def _families(self, ids: Sequence[UUID]) -> list[JobDetail]:
        """Every take of these roots, retakes after their root."""
        return [self._farm.job(row.id) for job_id in ids for row in self._farm.job(job_id).family]

    def _judged_by(self) -> Profile:
        return self._farm.profiles(self._project).profile


def _drill_result(drill: Drill, root: UUID, details: Sequence[JobDetail]) -> DrillResult:
    family = sorted(
        (detail for detail in details if detail.row.root_job_id == root), key=lambda each: each.row.take_number
    )
    first, *retakes = family
    return demo_report.DrillResult(
        drill=drill,
        cut=first.row.cut or first.row.project,
        blocking=first.row.blocking,
        retaken=first.row.verdict is Verdict.RETAKE and bool(retakes),
        retake_passed=any(each.row.verdict is Verdict.PASS for each in retakes),
    )


@contextmanager
def own_farm(out_dir: Path, *, keep: bool, **more: Any) -> Iterator[Settings]:
    """The settings of a farm in `out_dir/state`, apart from any other, taken down and removed at the end.

    `more` are settings that it has of its own.
    """
    # Servers and folders that variables name belong to another farm: the demo never touches them.
    state = out_dir / "state"
    own = {"given_database_url": None, "given_redis_url": None, "artifacts_dir": state / "artifacts"}
    settings = machine_settings().model_copy(update={"state_dir": state, "flower_port": 0, **own, **more})
    _make(out_dir)
    # The lock lies beside the folder, which is emptied; it keeps a second demo from taking this one down.
    lock_file = out_dir.with_name(f".{out_dir.name}.lock")
    with (
        alone(lock_file, f"A demo is running in {out_dir} already.", hint="Wait until it is over."),
        interrupted_like_ctrl_c(),
    ):
        _clear(out_dir, settings)
        try:
            yield settings
        finally:
            stack.down(settings, grace=_GRACE, forget=not keep)
            if not keep:
                shutil.rmtree(settings.state_dir, ignore_errors=True)


def _clear(out_dir: Path, settings: Settings) -> None:
    """Nothing of an earlier run may pass for a result of this one."""
    if settings.state_dir.exists():
        stack.down(settings, grace=_GRACE, forget=True)
    shutil.rmtree(out_dir, ignore_errors=True)
    _make(out_dir)


def _make(out_dir: Path) -> None:
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotHere(
            f"{out_dir} cannot be written: {error.strerror}.", hint="Start the demo in a folder of your own."
        ) from error

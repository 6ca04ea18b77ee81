"""What gates count stays what a slow count of all jobs would say, whatever happens to them."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from db import catalogue, queue
from farm.client import Farm
from farm.judging import gate as gates
from farm.judging.best_take import best_take
from farm.orders import submission
from farm.reproduction import ordering
from farm.shows import loading
from farm.shows.form import Show
from models.errors import Conflict
from models.rows.jobs import Job
from models.vocabulary import JobState, LeftOut, Phase, UnitKind
from tests.support.factories import SHOW, a_stored_show, each_cut, finish, judged, ordered, settings_for, whole
from tests.support.queue_jobs import add_jobs, add_project, execute
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from db.engine import Database, Session
    from models.shows import StoredShow

GOOD = whole(EMBEDDED, Phase.STILL)
KEPT = """
SELECT id, orders, takes, is_called_off, best_job_id, best_take_number, verdict, blocking, measured, limits,
       slow_takes, slowest_job_id, slowest_seconds
FROM gate_units WHERE project_id = :project ORDER BY id
"""
# As it was counted before there were units: all jobs of a cut, with everything they have.
FAMILIES = """
SELECT j.unit_id, j.id, j.root_job_id = j.id AS is_root, q.status
FROM jobs j JOIN render_queue q ON q.job_id = j.id WHERE j.project_id = :project ORDER BY j.id
"""


def slow_count(session: Session, project_id: UUID) -> dict[UUID, tuple[Any, ...]]:
    """Unit -> (orders, takes, called off, the best job as the policy has it), from the jobs alone."""
    families: dict[UUID, list[Any]] = {}
    for row in session.execute(text(FAMILIES), {"project": project_id}):
        families.setdefault(row.unit_id, []).append(row)
    counted = {}
    for unit, rows in families.items():
        details = [catalogue.job_detail(session, row.id) for row in rows]
        best = best_take(map(_judged, details))
        called_off = all(row.status == "cancelled" for row in rows)
        counted[unit] = (sum(row.is_root for row in rows), len(rows), called_off, best and best.job_id)
    return counted


@dataclass(frozen=True)
class _Judged:
    job_id: Any
    take_number: int
    verdict: Any
    blocking: tuple[str, ...]
    values: dict[str, float] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)


def _judged(detail: Any) -> _Judged:
    scores = detail.scores
    more = (scores.blocking, scores.values, scores.limits) if scores else ((), {}, {})
    return _Judged(detail.row.id, detail.row.take_number, detail.row.verdict, *more)


class Studio:
    """One of everything that changes how a job stands."""

    def __init__(self, session: Session, show: StoredShow, chance: random.Random) -> None:
        self.session, self.show, self.chance = session, show, chance

    def step(self) -> None:
        events: list[Callable[[], object]] = [self.order, self.order, self.judge, self.judge, self.judge]
        events += [self.fail, self.cancel, self.review, self.retake, self.reproduce, self.hold, self.omit]
        self.chance.choice(events)()

    def order(self) -> None:
        if self.chance.random() < 0.2:
            ordered(self.session, self.show, cut=None, job_type="character_sheet", characters=["mio"])
        elif self.chance.random() < 0.2:
            ordered(self.session, self.show, cut=None, prompt="a try")
        else:
            cut = self.chance.choice(list(self.show.cuts))
            ordered(self.session, self.show, self.chance.randint(1, 3), cut=cut, max_retakes=1)

    def judge(self) -> None:
        for job_id in self._some("ready"):
            scores = whole(EMBEDDED, Phase.STILL, identity=self.chance.choice([0.1, 0.3, 0.999, None]))
            finish(self.session, job_id, *scores)
            self.session.execute(
                text("UPDATE takes SET render_seconds = :s WHERE job_id = :j"),
                {"s": self.chance.uniform(1.0, 40.0), "j": job_id},
            )
            gates.gate_job(self.session, job_id)

    def fail(self) -> None:
        for job_id in self._some("ready"):
            self.session.execute(
                text("UPDATE render_queue SET status = 'failed' WHERE job_id = :j"), {"j": job_id}
            )

    def cancel(self) -> None:
        called_off = queue.cancel(self.session, self._some("ready") + self._some("held"))
        gates.called_off(self.session, catalogue.job_rows(self.session, called_off))

    def review(self) -> None:
        for job_id in self._some("completed"):
            if self.session.get_one(Job, job_id).reproduces_job_id is None:
                gates.review(self.session, job_id, approve=self.chance.random() < 0.5, by="Ada")

    def retake(self) -> None:
        for job_id in self._some("completed") + self._some("cancelled"):
            try:
                submission.retake(self.session, job_id, reason="again", requested_by="Ada")
            except Conflict:
                continue

    def reproduce(self) -> None:
        for job_id in self._some("completed"):
            ordering.reproduce(self.session, job_id, requested_by="Ada", changes={})

    def hold(self) -> None:
        queue.unhold(self.session, self._some("held"))
        queue.hold(self.session, self._some("ready"), reason="waits")

    def omit(self) -> None:
        self.session.execute(
            text("UPDATE cuts SET omitted = NOT omitted WHERE id = :id"),
            {"id": self.chance.choice(list(self.show.cuts.values()))},
        )

    def _some(self, status: str) -> list[UUID]:
        jobs = text(
            "SELECT job_id FROM render_queue WHERE project_id = :p AND status = :status ORDER BY job_id"
        )
        rows = self.session.execute(jobs, {"p": self.show.project_id, "status": status}).scalars().all()
        return self.chance.sample(rows, min(len(rows), self.chance.randint(0, 2)))


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_the_counters_say_what_a_slow_count_would(database: Database, seed: int) -> None:
    with database.transaction() as session:
        show = a_stored_show(session)
        studio = Studio(session, show, random.Random(seed))  # noqa: S311 - chance, no secret

        for _ in range(40):
            studio.step()

        session.flush()
        kept = session.execute(text(KEPT), {"project": show.project_id}).all()
        slow = slow_count(session, show.project_id)
        assert {row.id: (row.orders, row.takes, row.is_called_off, row.best_job_id) for row in kept} == slow
        tally = catalogue.tally(session, show.project_id, Phase.STILL)
        report = gates.project_report(session, show.project_id, Phase.STILL)
        assert (report.ordered, report.passed) == (tally.ordered, tally.passed)

        catalogue.recount(session, show.project_id)
        assert session.execute(text(KEPT), {"project": show.project_id}).all() == kept


def test_one_lucky_cut_ordered_a_hundred_times_opens_no_door_over_eleven_bad_ones(database: Database) -> None:
    with database.transaction() as session:
        show = a_stored_show(session, cuts=12)
        for job_id in each_cut(session, show, 11, after=1, max_retakes=0):
            judged(session, job_id, *whole(EMBEDDED, Phase.STILL, identity=0.1))

        outcomes = [judged(session, job_id, *GOOD) for job_id in ordered(session, show, count=100)]
        report = gates.project_report(session, show.project_id, Phase.STILL)

    assert not any(outcome.door_opened for outcome in outcomes)
    assert (report.ordered, report.passed, report.can_open) == (12, 1, False)
    assert report.blocking_issues[0].failed == 11


def test_scratch_orders_do_not_count_and_each_counts_where_a_show_has_no_cuts(database: Database) -> None:
    with database.transaction() as session:
        show = a_stored_show(session)
        bare = loading.store(
            session, Show.model_validate({"project": {"slug": f"{show.project}-b", "name": "B"}})
        )
        for stored in (show, bare):
            for job_id in ordered(session, stored, count=5, cut=None, renderer="null", prompt="a try"):
                judged(session, job_id, *GOOD)

        reports = [gates.project_report(session, each.project_id, Phase.STILL) for each in (show, bare)]
        units = [catalogue.standings(session, each.project_id, Phase.STILL) for each in (show, bare)]

    assert [(report.ordered, report.scratch, report.can_open) for report in reports] == [
        (0, 5, False),
        (5, 0, True),
    ]
    assert [{unit.kind for unit in each} for each in units] == [{UnitKind.SCRATCH}, {UnitKind.ORDER}]


def test_a_sheet_counts_once_for_each_character(database: Database, show: StoredShow) -> None:
    sheet = {"cut": None, "job_type": "character_sheet"}
    with database.transaction() as session:
        for who in ("mio", "mio", "ren"):
            ordered(session, show, characters=[who], **sheet)

        report = gates.project_report(session, show.project_id, Phase.STILL)

    assert [(each.character, each.orders) for each in report.individual_results] == [("mio", 2), ("ren", 1)]


def test_a_cut_that_the_show_omits_leaves_the_count_and_may_open_the_door(
    database: Database, database_url: str, show: StoredShow, tmp_path: Path
) -> None:
    with database.transaction() as session:
        first, second, third = each_cut(session, show, 3, max_retakes=0)
        judged(session, first, *GOOD)
        judged(session, second, *GOOD)
        assert judged(session, third, *whole(EMBEDDED, Phase.STILL, identity=0.1)).door_opened is None
    episode = SHOW["episodes"][0]  # type: ignore[index]
    scene = episode["scenes"][0]
    cuts = [{**cut, "omit": cut["number"] == 30} for cut in scene["cuts"]]
    project = {**SHOW["project"], "slug": show.project}  # type: ignore[dict-item]
    without = {**SHOW, "project": project, "episodes": [{**episode, "scenes": [{**scene, "cuts": cuts}]}]}

    with Farm(settings_for(tmp_path, given_database_url=database_url)) as farm:
        farm.load_show(Show.model_validate(without))
        report = farm.gate(show.project, Phase.STILL)

        assert (report.ordered, report.minimum, report.omitted) == (2, 2, ("ep001/sc010/c0030",))
        assert [cut.omitted for cut in farm.cuts(show.project)] == [False, False, True]
    with database.transaction() as session:
        assert catalogue.is_open(session, show.project_id, Phase.LOOP)


def test_a_cut_whose_orders_were_all_called_off_is_ordered_again_and_counts(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        jobs = ordered(session, show, count=2)
        gates.called_off(session, catalogue.job_rows(session, queue.cancel(session, jobs)))
        (unit,) = catalogue.standings(session, show.project_id, Phase.STILL)

        submission.retake(session, jobs[0], reason="after all", requested_by="Ada")
        (again,) = catalogue.standings(session, show.project_id, Phase.STILL)

    assert (unit.left_out, again.left_out, again.in_work) == (LeftOut.CANCELLED, None, True)


def test_many_who_order_call_off_and_judge_at_once_leave_the_right_count(database: Database) -> None:
    with database.transaction() as session:
        show = a_stored_show(session)
    cuts = list(show.cuts)

    def work(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - chance, no secret
        for _ in range(12):
            with database.transaction() as session:
                orders = [{"project": show.project, "cut": chance.choice(cuts)} for _ in range(2)]
                jobs = [job.job_id for job in submission.submit(session, map(submission.parse, orders))]
            with database.transaction() as session:
                if chance.random() < 0.5:
                    gates.called_off(session, catalogue.job_rows(session, queue.cancel(session, jobs)))
                else:
                    for job_id in jobs[:1]:
                        judged(session, job_id, *GOOD)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(6)))

    with database.transaction() as session:
        kept = session.execute(text(KEPT), {"project": show.project_id}).all()
        slow = slow_count(session, show.project_id)
    assert {row.id: (row.orders, row.takes, row.is_called_off, row.best_job_id) for row in kept} == slow


def test_a_gate_and_a_list_read_no_history(database: Database) -> None:
    """The plans of what is asked most, in a farm with a history: indexes lead to what is shown."""
    project = add_project(database)
    add_jobs(database, project, 3000)
    execute(database, "UPDATE render_queue SET status = 'completed' WHERE project_id = :p", p=project)
    execute(database, "ANALYZE render_queue")
    with database.transaction() as session:
        session.execute(text("SET LOCAL enable_sort = off"))
        before = _rows_read(session)
        page = catalogue.list_jobs(session, project_id=project, state=None, limit=1)
        assert page.next is not None
        for state in (JobState.QUALITY_CHECK, JobState.FAILED):
            assert catalogue.list_jobs(session, project_id=project, state=state, limit=50).items == ()
        assert catalogue.under_way(session, project) == []
        assert _rows_read(session) - before < 500


def _rows_read(session: Session) -> int:
    """Rows of the two long tables that this transaction has read so far."""
    counted = text(
        "SELECT sum(pg_stat_get_xact_tuples_returned(c) + pg_stat_get_xact_tuples_fetched(c))"
        " FROM unnest(ARRAY['jobs'::regclass, 'render_queue'::regclass]) c".replace("::", "\\:\\:")
    )
    return int(session.execute(counted).scalar_one())

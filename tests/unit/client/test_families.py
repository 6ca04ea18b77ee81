"""What is over is not asked for again, and whoever waits ends with rows as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from farm.client.families import Families
from models.jobs import JobRow
from models.vocabulary import JobState, Verdict
from tests.support.views_by_hand import a_row

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))


class Farm:
    """Jobs by hand, and what was asked about them."""

    def __init__(self, *rows: JobRow) -> None:
        self.rows = {row.id: row for row in rows}
        self.asked: list[tuple[tuple[UUID, ...], ...]] = []
        self.families = Families(self.all_rows, self.moved_rows)

    def all_rows(self, job_ids: Sequence[UUID]) -> tuple[JobRow, ...]:
        self.asked.append((tuple(job_ids),))
        return tuple(row for row in self.rows.values() if row.root_job_id in job_ids)

    def moved_rows(self, waiting: Sequence[UUID], begun: Sequence[UUID]) -> tuple[JobRow, ...]:
        self.asked.append((tuple(waiting), tuple(begun)))
        moved = {*begun, *(job_id for job_id in waiting if self.rows[job_id].state is not JobState.QUEUED)}
        return tuple(row for row in self.rows.values() if row.root_job_id in moved)

    def now(self, job_id: UUID, state: JobState, verdict: Verdict | None = None) -> None:
        self.rows[job_id] = replace(self.rows[job_id], state=state, verdict=verdict)


def queued(job_id: UUID) -> JobRow:
    return a_row(id=job_id, root_job_id=job_id, state=JobState.QUEUED, verdict=None)


def test_only_what_is_under_way_is_asked_for_and_in_full_only_what_began() -> None:
    farm = Farm(queued(ONE), queued(TWO), queued(THREE))

    farm.families([ONE, TWO, THREE])
    farm.now(ONE, JobState.PROCESSING)
    farm.families([ONE, TWO, THREE])
    farm.now(ONE, JobState.COMPLETED, Verdict.PASS)
    farm.families([ONE, TWO, THREE])
    rows = farm.families([ONE, TWO, THREE])

    assert farm.asked == [
        ((ONE, TWO, THREE),),
        ((ONE, TWO, THREE), ()),
        ((TWO, THREE), (ONE,)),
        ((TWO, THREE), ()),
    ]
    assert [row.state for row in rows] == [JobState.COMPLETED, JobState.QUEUED, JobState.QUEUED]


def test_the_last_look_is_whole_so_that_a_review_made_meanwhile_is_seen() -> None:
    farm = Farm(queued(ONE), queued(TWO))
    farm.now(ONE, JobState.COMPLETED, Verdict.REVIEW)
    farm.families([ONE, TWO])
    farm.now(ONE, JobState.COMPLETED, Verdict.APPROVED)
    farm.now(TWO, JobState.FAILED)

    rows = farm.families([ONE, TWO])

    assert [row.verdict for row in rows] == [Verdict.APPROVED, None]


def test_who_comes_later_is_looked_at_in_full_and_who_goes_is_forgotten() -> None:
    farm = Farm(queued(ONE), queued(TWO))

    farm.families([ONE])
    both = farm.families([ONE, TWO])
    one = farm.families([ONE])

    assert farm.asked == [((ONE,),), ((TWO,),), ((ONE,),)]
    assert ([row.id for row in both], [row.id for row in one]) == ([ONE, TWO], [ONE])

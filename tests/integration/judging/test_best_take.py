"""The best take of a cut is the same for all: gate, page, terminal, delivery, start picture, neighbour."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from db import catalogue
from farm.cli.commands.jobs import ended_well
from farm.dailies.from_jobs import page_take
from farm.dailies.values import lineages
from farm.delivery import cuts
from farm.judging import gate
from farm.orders import submission
from models.vocabulary import Exit, Phase, Verdict
from tests.support.factories import beside, finish, judged, whole
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from uuid import UUID

    from db.engine import Session
    from tests.support.desk_fixture import Desk

pytest_plugins = ["tests.support.desk_fixture"]

CUT = "ep001/sc010/c0010"
BAD = 0.0
GOOD = 0.99


@pytest.fixture
def takes(desk: Desk) -> list[UUID]:
    """Four takes of one order: passed, refused by the gate and approved by Ada, passed later, refused last."""
    with desk.database.transaction() as session:
        jobs = [_ordered(session, desk, "1/10/10", max_retakes=0)]
        judged(session, jobs[0], *whole(EMBEDDED, Phase.STILL, identity=GOOD))
        for identity in (BAD, GOOD, BAD):
            again = submission.retake(
                session, jobs[-1], reason="another", requested_by="Ada", settings=desk.settings
            )
            jobs.append(again.job_id)
            judged(session, again.job_id, *whole(EMBEDDED, Phase.STILL, identity=identity))
        gate.review(session, jobs[1], approve=True, by="Ada")
    for job_id in jobs:
        master = desk.settings.artifacts_dir / f"takes/{job_id}/1/master.png"
        master.parent.mkdir(parents=True)
        shutil.copy(desk.picture(), master)
    return jobs


def test_everybody_shows_the_take_that_a_person_approved(desk: Desk, takes: list[UUID]) -> None:
    _, approved, *_ = takes
    with desk.database.transaction() as session:
        (still, *_) = gate.project_report(session, desk.show.project_id, Phase.STILL).individual_results
        details = [catalogue.job_detail(session, job_id) for job_id in takes]
        ((chosen,), _) = cuts.choose(session, desk.show.project, phase=Phase.STILL, cuts=[CUT])
        next_cut = _ordered(session, desk, "1/10/20")
        finish(session, next_cut)
        before, _ = beside(session, next_cut)
    loop = desk.admit(job_type="animation_loop", cut="1/10/10", width=832, height=480)
    (lineage,) = lineages([page_take(detail) for detail in details])

    verdicts = [detail.row.verdict for detail in details]
    assert verdicts == [Verdict.PASS, Verdict.APPROVED, Verdict.PASS, Verdict.REVIEW]
    assert (still.best_job_id, still.passed) == (approved, True)
    assert lineage.best.job_id == str(approved)
    assert ended_well([detail.row for detail in details]) is Exit.OK
    assert chosen.detail.row.id == approved
    assert before == f"takes/{approved}/1/master.png"
    assert loop.recipe.start_image is not None
    assert str(approved) in loop.recipe.start_image.path


def _ordered(session: Session, desk: Desk, cut: str, **fields: object) -> UUID:
    order = submission.parse({"project": desk.show.project, "cut": cut, "seed": 5, **fields})
    return submission.submit(session, [order], desk.settings)[0].job_id

"""A reproduction proves something and counts nowhere: not at gates, not as a neighbour, not as a label."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from db import catalogue
from db.catalogue import passing_stills
from farm.judging import gate
from farm.orders import submission
from farm.reproduction import ordering
from models.errors import Conflict, Refused
from models.rows.jobs import Job, QueueRow
from models.vocabulary import Phase, QueueStatus, Verdict
from tests.support.factories import beside, each_cut, finish, judged, ordered, whole
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from db.engine import Database, Session
    from models.shows import StoredShow

GOOD = whole(EMBEDDED, Phase.STILL)
BAD = whole(EMBEDDED, Phase.STILL, identity=0.1)


def reproduced(session: Session, job_id: UUID, **changes: Any) -> UUID:
    return ordering.reproduce(session, job_id, requested_by="mira", changes=changes).job_id


def test_the_gates_numbers_are_the_same_before_and_after(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        jobs = each_cut(session, show, 3, max_retakes=0)
        for job_id in jobs[:2]:
            judged(session, job_id, *GOOD)
        before = gate.project_report(session, show.project_id, Phase.STILL).to_json()
        count = catalogue.tally(session, show.project_id, Phase.STILL)

        reproduced(session, jobs[0])
        judged(session, reproduced(session, jobs[0]), *GOOD)
        judged(session, reproduced(session, jobs[1]), *BAD)

    with database.transaction() as session:
        report = gate.project_report(session, show.project_id, Phase.STILL).to_json()
        assert (before["reproductions"], report.pop("reproductions")) == (0, 3)
        assert report == {name: value for name, value in before.items() if name != "reproductions"}
        assert catalogue.tally(session, show.project_id, Phase.STILL) == count
        assert (count.ordered, count.passed) == (3, 2)


def test_a_passing_reproduction_opens_no_door(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        jobs = each_cut(session, show, 3, max_retakes=0)
        for job_id in jobs[:2]:
            judged(session, job_id, *GOOD)
        judged(session, jobs[2], *BAD)
        for _ in range(3):
            outcome = judged(session, reproduced(session, jobs[0]), *GOOD)

    assert (outcome.verdict, outcome.door_opened) == (Verdict.PASS, None)
    with database.transaction() as session:
        assert catalogue.doors(session, show.project_id) == {}


def test_a_failing_reproduction_is_never_retaken(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show, max_retakes=3)
        judged(session, job_id, *GOOD)
        again = reproduced(session, job_id)

        outcome = judged(session, again, *BAD)

        assert (outcome.verdict, outcome.retake) == (Verdict.RETAKE, None)
        assert [row.id for row in catalogue.job_detail(session, again).family] == [again]
        assert [row.id for row in catalogue.job_detail(session, job_id).family] == [job_id]


def test_it_is_no_start_of_a_loop(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (first,) = ordered(session, show, cut="1/10/10")
        judged(session, first, *GOOD)
        cut_id = session.get_one(Job, first).cut_id
        assert cut_id is not None
        judged(session, reproduced(session, first, seed=4), *GOOD)

        assert [still.job_id for still in passing_stills(session, cut_id)] == [first]


def test_it_is_no_neighbour_and_no_label(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (first,) = ordered(session, show, cut="1/10/10")
        (second,) = ordered(session, show, cut="1/10/20")
        for job_id in (first, second):
            judged(session, job_id, *GOOD)
        again = reproduced(session, first)
        judged(session, again, *GOOD)

        neighbours = beside(session, second)
        labels = catalogue.judged_takes(session, show.project_id, Phase.STILL)

        assert neighbours == (f"takes/{first}/1/master.png", None)
        assert beside(session, again) == (None, f"takes/{second}/1/master.png")
        assert {label.job_id for label in labels} == {first, second}


def test_people_decide_about_the_original_alone(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        judged(session, job_id, *GOOD)
        again = reproduced(session, job_id)
        judged(session, again, *GOOD)

        with pytest.raises(Conflict, match="counts nowhere") as refused:
            gate.review(session, again, approve=True, by="mira")
        with pytest.raises(Conflict, match="counts nowhere"):
            submission.retake(session, again, reason="asked", requested_by="mira")

    assert str(job_id) in refused.value.hint


def test_the_recorded_recipe_is_what_is_made_again(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show, priority=8, max_retries=1, quality_thresholds={"identity": 0.6})
        finish(session, job_id, *GOOD)
        row = session.get_one(Job, job_id).queue
        row.pool, row.needs = "toon-8g", ["lora_name=aiko.safetensors"]

        again = reproduced(session, job_id, seed="18446744073709551615")

        first, second = (catalogue.job_detail(session, each) for each in (job_id, again))
        stored = session.get_one(Job, again)
    assert second.recipe.seed == 2**64 - 1
    assert second.recipe.positive_prompt == first.recipe.positive_prompt
    assert (stored.reproduces_job_id, stored.parent_job_id, stored.root_job_id) == (job_id, job_id, again)
    assert (stored.max_retakes, stored.idempotency_key, stored.take_number) == (0, None, 1)
    assert (str(second.row.requested_by), second.retake_reason) == ("mira", None)
    assert second.reproduction_changes == {"seed": [first.recipe.seed, 2**64 - 1]}
    assert second.quality_thresholds == {"identity": 0.6}
    with database.transaction() as session:
        queue = session.query(QueueRow).filter_by(job_id=again).one()
        assert (queue.pool, queue.priority, queue.max_retries) == ("toon-8g", 8, 1)
        assert (queue.needs, queue.fingerprint) == (["lora_name=aiko.safetensors"], None)
        assert queue.status is QueueStatus.READY


def test_of_a_reproduction_its_original_is_made_again(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        finish(session, job_id)
        again = reproduced(session, job_id)
        finish(session, again)

        once_more = reproduced(session, again)

        assert session.get_one(Job, once_more).reproduces_job_id == job_id
        recipes = [catalogue.job_detail(session, each).recipe for each in (job_id, once_more)]
        assert recipes[0] == recipes[1]


def test_a_changed_take_is_one_of_its_own_and_made_again_with_its_changes(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        finish(session, job_id)
        changed = reproduced(session, job_id, seed=5)
        finish(session, changed)

        again = reproduced(session, changed)
        finish(session, again)

        assert session.get_one(Job, again).reproduces_job_id == changed
        assert session.get_one(Job, reproduced(session, again)).reproduces_job_id == changed
        pair = catalogue.take_pair(session, again)
        assert pair is not None
        assert (pair.changed, pair.again.recipe["seed"]) == ({}, 5)


def test_a_changed_take_that_failed_leads_back_to_its_original(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        finish(session, job_id)
        changed = reproduced(session, job_id, seed=5)
        session.query(QueueRow).filter_by(job_id=changed).one().status = QueueStatus.CANCELLED
        session.flush()

        with pytest.raises(Conflict, match="was cancelled and made nothing") as refused:
            reproduced(session, changed)

    assert f"farm reproduce {job_id}" in refused.value.hint


def test_what_cannot_be_made_again_is_refused_and_nothing_is_stored(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        waiting, made = ordered(session, show, count=2)
        finish(session, made)
        for job_id, changes, says in (
            (uuid4(), {}, "There is no job"),
            (waiting, {}, "has no take to compare with"),
            (waiting, {"seed": 4}, "has no take to compare with"),
            (made, {"sede": 4}, "has no field 'sede'"),
            (made, {"width": 7}, "width of 7 pixels"),
            (made, {"sampler_name": "euler"}, "knows no sampler_name, so it would be ignored"),
            (made, {"positive_prompt": "rain"}, "knows no positive_prompt, so it would be ignored"),
            (made, {"scene.location": "moon base"}, "cannot draw the location 'moon base'"),
            (made, {"scene.camera_move": "pan left"}, "would ignore the camera_move 'pan left'"),
            (made, {"style.color_palette.ink": "#112233"}, "no place for color_palette.ink"),
            (made, {"motion_strength": 0.2}, "nothing moves in a still"),
        ):
            with pytest.raises(Refused, match=says):
                reproduced(session, job_id, **changes)

        assert session.query(Job).filter_by(project_id=show.project_id).count() == 2


def test_no_pair_is_found_for_a_job_that_makes_none_again(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        (job_id,) = ordered(session, show)
        finish(session, job_id)
        again = reproduced(session, job_id, seed=3)
        finish(session, again)

        assert catalogue.take_pair(session, job_id) is None
        pair = catalogue.take_pair(session, again)

    assert pair is not None
    assert pair.original is not None
    assert (pair.original.job_id, pair.again.job_id) == (job_id, again)
    assert set(pair.changed) == {"seed"}

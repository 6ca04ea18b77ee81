"""Stills over the specification's seconds are counted at the gate of a real database, and never block it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from db import catalogue
from farm.cli import app as cli
from farm.cli.commands import review
from farm.client import Farm
from farm.judging.gate import gate_job, project_report
from farm.reproduction import ordering
from models.rows.takes import Take
from models.vocabulary import JobType, Phase
from tests.support.factories import a_stored_show, finish, ordered, settings_for, whole
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from db.engine import Database, Session
    from models.shows import StoredShow


def made(
    session: Session, show: StoredShow, seconds: float, reused_from: UUID | None = None, **order: Any
) -> UUID:
    """A passing take that took so long, or whose equal did."""
    (job_id,) = ordered(session, show, **order)
    rendered(session, job_id, seconds, reused_from)
    return job_id


def rendered(session: Session, job_id: UUID, seconds: float, reused_from: UUID | None = None) -> None:
    finish(session, job_id, *whole(EMBEDDED, Phase.STILL))
    take = session.query(Take).filter_by(job_id=job_id).one()
    take.render_seconds, take.reused_from_job_id = seconds, reused_from
    session.flush()
    gate_job(session, job_id)


@pytest.fixture
def show(database: Database) -> StoredShow:
    """Five stills that passed: two of them slow, one of exactly the limit, and others that have no pace."""
    with database.transaction() as session:
        show = a_stored_show(session)
        for seconds, cut in ((3.0, "1/10/10"), (20.0, "1/10/10"), (20.5, "1/10/20"), (61.25, "1/10/30")):
            original = made(session, show, seconds, cut=cut)
        made(session, show, 99.0, reused_from=original)
        made(session, show, 300.0, cut=None, job_type=JobType.CHARACTER_SHEET, characters=["mio"])
        again = ordering.reproduce(session, original, requested_by="Ada", changes={})
        rendered(session, again.job_id, 300.0)
    return show


def test_only_stills_that_were_rendered_for_their_own_job_are_counted(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        report = project_report(session, show.project_id, Phase.STILL)

    assert report.slow_stills == 2
    assert report.slowest_still is not None
    assert (report.slowest_still.cut, report.slowest_still.seconds) == ("ep001/sc010/c0030", 61.25)
    assert report.can_open


def test_farm_gate_says_how_many_stills_were_slow_and_which_was_the_slowest(
    database: Database,
    show: StoredShow,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    farm = Farm(settings_for(tmp_path), database=database)

    @contextmanager
    def opened() -> Any:
        yield farm

    monkeypatch.setattr(review, "opened", opened)

    code = cli.run(["gate", show.project, "--phase", "still", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (told["slow_stills"], told["slowest_still"]["cut"]) == (2, "ep001/sc010/c0030")
    assert told["slowest_still"]["seconds"] == 61.25


def test_the_door_that_opens_keeps_how_slow_its_stills_were(database: Database, show: StoredShow) -> None:
    with database.transaction() as session:
        door = catalogue.doors(session, show.project_id)[Phase.LOOP]

    assert door.is_open
    assert door.evidence["still_limit_s"] == 20.0

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
from farm.judging.gate import project_report
from models.rows.jobs import Job
from models.rows.takes import Take
from models.vocabulary import JobType, Phase
from tests.support.factories import a_stored_show, judged, ordered, settings_for, whole
from workers.scoring.profiles import EMBEDDED

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from db.engine import Database, Session
    from models.shows import StoredShow


def made(session: Session, show: StoredShow, seconds: float, **order: Any) -> UUID:
    """A passing take that took so long."""
    (job_id,) = ordered(session, show, **order)
    judged(session, job_id, *whole(EMBEDDED, Phase.STILL))
    session.query(Take).filter_by(job_id=job_id).one().render_seconds = seconds
    session.flush()
    return job_id


@pytest.fixture
def show(database: Database) -> StoredShow:
    """Five stills that passed: two of them slow, one of exactly the limit, and others that have no pace."""
    with database.transaction() as session:
        show = a_stored_show(session)
        for seconds, cut in ((3.0, "1/10/10"), (20.0, "1/10/10"), (20.5, "1/10/20"), (61.25, "1/10/30")):
            made(session, show, seconds, cut=cut)
        reused = made(session, show, 99.0)
        original = made(session, show, 1.0)
        session.query(Take).filter_by(job_id=reused).one().reused_from_job_id = original
        made(session, show, 300.0, cut=None, job_type=JobType.CHARACTER_SHEET, characters=["mio"])
        again = made(session, show, 300.0)
        session.get_one(Job, again).reproduces_job_id = original
    return show


def test_only_stills_that_were_rendered_for_their_own_job_are_counted(
    database: Database, show: StoredShow
) -> None:
    with database.transaction() as session:
        report = project_report(session, show.project_id, Phase.STILL)

    assert [(still.cut, still.seconds) for still in report.slow_stills] == [
        ("ep001/sc010/c0030", 61.25),
        ("ep001/sc010/c0020", 20.5),
    ]
    assert report.can_open


def test_farm_gate_says_how_many_stills_were_slow_and_which_was_the_slowest(
    database: Database,
    show: StoredShow,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    farm = Farm.__new__(Farm)
    farm.settings, farm.database = settings_for(tmp_path), database

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

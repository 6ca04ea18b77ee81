"""A farm's long history, written by the database itself: a million jobs in a minute or two."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import text

from db import catalogue
from models.vocabulary import Phase
from tests.support.factories import a_stored_show, ordered
from tests.support.queue_jobs import add_jobs, add_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from sqlalchemy.orm import Session

    from db.engine import Database
    from models.shows import StoredShow

CUTS = 400
#: takes of each order; those of the last orders wait for their render
ORDERS, TAKES, DUE = 200_000, 5, 20_000

# Foreign keys are right by construction, and checking them would take most of the time.
_UNCHECKED = """
DO $$ BEGIN PERFORM set_config('session_replication_role', 'replica', true);
EXCEPTION WHEN insufficient_privilege THEN NULL; END $$
"""

_UNITS = """
INSERT INTO gate_units (project_id, phase, kind, key, cut_id)
SELECT :project, 'still', 'cut', id::text, id FROM unnest(CAST(:cuts AS uuid[])) AS id
"""

# Numbered from the oldest; of those that are over one in twenty-five failed or was called off, a few by time.
_NUMBERED = """
CREATE TEMPORARY TABLE numbered ON COMMIT DROP AS
SELECT n, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id,
       ('00000000-0000-7000-8000-' || lpad(to_hex(n - (n - 1) % :takes), 12, '0'))::uuid AS root,
       (n - 1) % :takes + 1 AS take, (n - 1) / :takes AS nth, u.id AS unit_id, u.cut_id,
       now() - make_interval(secs => :orders * :takes - n) AS created_at,
       CASE WHEN (n - 1) / :takes >= :orders - :due THEN CASE WHEN n % 1000 = 7 THEN 'held' ELSE 'ready' END
            WHEN n % 50 = 0 THEN 'failed' WHEN n % 50 = 1 THEN 'cancelled' ELSE 'completed' END AS status
FROM generate_series(1, :orders * :takes) n
JOIN (SELECT id, cut_id, row_number() OVER (ORDER BY id) - 1 AS place FROM gate_units
      WHERE project_id = :project) u ON u.place = (n - 1) / :takes % :cuts
"""

# Three cuts of four have takes that passed: the last of every tenth of their orders.
_JOBS = """
INSERT INTO jobs (id, project_id, job_type, phase, cut_id, root_job_id, unit_id, take_number, profile,
                  requested_by, created_at, verdict, place)
SELECT id, :project, 'still_image', 'still', cut_id, root, unit_id, take, 'embedded', 'bench', created_at,
       CASE WHEN status = 'completed' THEN CASE WHEN passed THEN 'pass' ELSE 'retake' END END,
       CASE WHEN status = 'completed' THEN CASE WHEN passed THEN '{1,0,-1}' ELSE '{3,1,-0.5}' END::float8[] END
FROM (SELECT *, take = :takes AND nth % 4 <> 0 AND nth / :cuts % 10 = 3 AS passed FROM numbered) n
"""

_QUEUE = """
INSERT INTO render_queue (job_id, project_id, unit_id, created_at, queued_at, step, status, pool, error_kind,
                          completed_at)
SELECT id, :project, unit_id, created_at, created_at,
       CASE WHEN status IN ('held', 'ready') THEN 'render' ELSE 'gate' END, status, 'null',
       CASE WHEN status = 'failed' THEN CASE WHEN n % 5000 = 0 THEN 'timeout' ELSE 'bug' END END,
       CASE WHEN status NOT IN ('held', 'ready') THEN created_at END
FROM numbered
"""

_SCORES = """
INSERT INTO quality_scores (job_id, phase, profile, verdict, blocking, thresholds_used, measurements)
SELECT id, 'still', 'embedded', verdict, CASE verdict WHEN 'pass' THEN '{}' ELSE '{identity}' END::varchar[],
       jsonb_build_object('identity', jsonb_build_object(
           'limit', 0.7, 'network', 'toon-id', 'direction', 'higher')),
       jsonb_build_array(jsonb_build_object(
           'metric', 'identity', 'network', 'toon-id',
           'value', CASE verdict WHEN 'pass' THEN 0.9 ELSE 0.35 END))
FROM jobs WHERE project_id = :project AND verdict IS NOT NULL AND take_number = :takes
"""

_PARAMS = """
INSERT INTO generation_params (job_id, positive_prompt, seed, model_name, width, height, renderer, recipe)
SELECT id, '', n, 'null', 48, 32, 'null', recipe
FROM numbered, (SELECT recipe FROM generation_params LIMIT 1) g WHERE status IN ('held', 'ready')
"""


def shows(session: Session) -> tuple[StoredShow, StoredShow]:
    """The show that has the history, and a small one with a few jobs beside it."""
    long, small = a_stored_show(session, cuts=CUTS), a_stored_show(session)
    ordered(session, small, count=3, renderer="null")
    return long, small


def fill(database: Database, show: StoredShow, say: Callable[[str], None]) -> None:
    """A million jobs of the show, counted, analysed and vacuumed as they would be after years."""
    values = {"project": show.project_id, "cuts": list(show.cuts.values())}
    numbers = {"project": show.project_id, "cuts": CUTS, "orders": ORDERS, "takes": TAKES, "due": DUE}
    began = time.monotonic()
    with database.transaction() as session:
        session.execute(text(_UNCHECKED))
        session.execute(text(_escaped(_UNITS)), values)
        for statement in (_NUMBERED, _JOBS, _QUEUE, _SCORES, _PARAMS):
            session.execute(text(_escaped(statement)), numbers)
            say(f"{statement.split()[2]} after {time.monotonic() - began:.0f} s")
        catalogue.recount(session, show.project_id)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    say(f"{ORDERS * TAKES} jobs of {ORDERS} orders in {time.monotonic() - began:.0f} s")


def add_due(database: Database, count: int) -> None:
    """So many renders in a farm that has nothing else."""
    add_jobs(database, add_project(database), count)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def close_door(session: Session, show: StoredShow, rate: Fraction) -> int:
    """Forget that the gate opened, with one cut too few that passed; the place of a cut that did not."""
    session.execute(text("DELETE FROM phase_doors WHERE project_id = :project"), {"project": show.project_id})
    units = catalogue.standings(session, show.project_id, Phase.STILL)
    place = {path: number for number, path in enumerate(show.cuts)}
    wanted = -(-CUTS * rate.numerator // rate.denominator) - 1
    passed = [unit for unit in units if unit.passed]
    failing = [unit for unit in units if not unit.passed]
    mended = [unit.cut for unit in failing[: wanted - len(passed)]] if len(passed) < wanted else []
    spoilt = [unit.cut for unit in passed[wanted:]]
    for paths, verdict in ((mended, "approved"), (spoilt, "rejected")):
        _decide(session, show, [path for path in paths if path], verdict)
    return next(place[unit.cut] for unit in failing[len(mended) :] if unit.cut)


def _decide(session: Session, show: StoredShow, paths: list[str], verdict: str) -> None:
    """Every judged take of these cuts gets this verdict."""
    if not paths:
        return
    ids = [show.cuts[path] for path in paths]
    level = 0 if verdict == "approved" else 3
    session.execute(
        text(
            "UPDATE jobs SET verdict = :verdict, place = ARRAY[CAST(:level AS float8), place[2], place[3]]"
            " WHERE cut_id = ANY(CAST(:ids AS uuid[])) AND verdict IS NOT NULL"
        ),
        {"verdict": verdict, "level": level, "ids": ids},
    )
    units = text("SELECT id FROM gate_units WHERE cut_id = ANY(CAST(:ids AS uuid[]))")
    catalogue.stand(session, session.execute(units, {"ids": ids}).scalars())


def _escaped(statement: str) -> str:
    """Two colons are a cast here, no parameter."""
    return statement.replace("::", "\\:\\:")

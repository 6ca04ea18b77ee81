"""What must hold after any fault: nothing lost, nothing twice, and every take really there."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from pathlib import Path

    from db.engine import Database

_UNFINISHED = (
    "SELECT job_id, step, status FROM render_queue WHERE status NOT IN ('completed', 'failed', 'cancelled')"
)
_SETTLED_TWICE = """
SELECT job_id, step, count(*) FROM attempts WHERE outcome = 'settled' GROUP BY job_id, step HAVING count(*) > 1
"""
_OVERDUE = "SELECT job_id FROM render_queue WHERE status = 'running' AND lease_until < now()"
_OPEN_ATTEMPTS = "SELECT job_id, step, epoch FROM attempts WHERE outcome IS NULL"
_COMPLETED_WITHOUT_ALL_STEPS = """
SELECT q.job_id FROM render_queue q
WHERE q.status = 'completed' AND (
    (SELECT count(*) FROM attempts a WHERE a.job_id = q.job_id AND a.outcome = 'settled') <> 3
    OR NOT EXISTS (SELECT 1 FROM takes t WHERE t.job_id = q.job_id)
    OR NOT EXISTS (SELECT 1 FROM quality_scores s WHERE s.job_id = q.job_id)
    OR (SELECT verdict FROM jobs j WHERE j.id = q.job_id) IS NULL)
"""
_STEPS_OUT_OF_ORDER = """
SELECT earlier.job_id FROM attempts earlier JOIN attempts later USING (job_id)
WHERE earlier.outcome = 'settled' AND later.outcome = 'settled' AND earlier.epoch < later.epoch
  AND (earlier.step, later.step) NOT IN (('render', 'score'), ('render', 'gate'), ('score', 'gate'))
"""
_EPOCH_BEHIND = """
SELECT q.job_id FROM render_queue q JOIN attempts a USING (job_id) GROUP BY q.job_id, q.epoch
HAVING max(a.epoch) > q.epoch
"""
_TAKES = "SELECT job_id, epoch, master_path, file_sha256, size_bytes FROM takes"
_TAKE_OF_A_LOST_ATTEMPT = """
SELECT t.job_id FROM takes t LEFT JOIN attempts a
    ON a.job_id = t.job_id AND a.epoch = t.epoch AND a.step = 'render' AND a.outcome = 'settled'
WHERE a.id IS NULL
"""


def assert_nothing_lost_nothing_twice(database: Database, artifacts: Path) -> None:
    """Raise an `AssertionError` that names the rule and the first rows that break it."""
    for rule, query in (
        ("every job is over", _UNFINISHED),
        ("no step is settled twice", _SETTLED_TWICE),
        ("no running row has an expired lease", _OVERDUE),
        ("every attempt has an outcome", _OPEN_ATTEMPTS),
        ("a completed job has its take, scores, verdict and three settled steps", _COMPLETED_WITHOUT_ALL_STEPS),
        ("steps settle in order", _STEPS_OUT_OF_ORDER),
        ("no attempt is ahead of its row's epoch", _EPOCH_BEHIND),
        ("a take belongs to the attempt that settled", _TAKE_OF_A_LOST_ATTEMPT),
    ):
        with database.transaction() as session:
            broken = session.execute(text(query)).all()
        assert not broken, f"Broken: {rule}: {broken[:3]}"
    _assert_files_agree(database, artifacts)


def _assert_files_agree(database: Database, artifacts: Path) -> None:
    with database.transaction() as session:
        takes = session.execute(text(_TAKES)).all()
    for take in takes:
        master = artifacts / take.master_path
        assert master.is_file(), f"The take of {take.job_id} has no file {take.master_path}."
        data = master.read_bytes()
        assert hashlib.sha256(data).hexdigest() == take.file_sha256, f"{take.master_path} has another hash."
        assert len(data) == take.size_bytes
    kept = {(str(take.job_id), str(take.epoch)) for take in takes}
    files = [file for file in artifacts.rglob("*") if file.is_file()]
    orphans = [file for file in files if not kept & set(zip(file.parts, file.parts[1:], strict=False))]
    assert not orphans, f"Files without a take: {orphans[:3]}"

"""What must hold after any fault: nothing lost, nothing twice, and every take really there."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.support.history import assert_histories_hold, histories

if TYPE_CHECKING:
    from pathlib import Path

    from db.engine import Database

_UNFINISHED = (
    "SELECT job_id, step, status FROM render_queue WHERE status NOT IN ('completed', 'failed', 'cancelled')"
)
_UNANSWERED = """
SELECT m.id FROM measurements m JOIN render_queue q ON q.job_id = m.id
WHERE (q.status = 'completed') <> (num_nonnulls(m.answer, m.error) = 1)
"""
_TAKES = "SELECT job_id, epoch, master_path, file_sha256, size_bytes FROM takes"


def assert_nothing_lost_nothing_twice(database: Database, artifacts: Path) -> None:
    """Raise an `AssertionError` that names the rule and the first jobs or files that break it."""
    with database.transaction() as session:
        unfinished = session.execute(text(_UNFINISHED)).all()
        unanswered = session.execute(text(_UNANSWERED)).all()
    assert not unfinished, f"Broken: every job is over: {unfinished[:3]}"
    assert not unanswered, f"Broken: what is completed is answered, and nothing else is: {unanswered[:3]}"
    assert_histories_hold(histories(database))
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
    # Beside the takes lies what the store itself keeps, and what people gave.
    given = {artifacts / "inbox", artifacts / "references"}
    files = [
        file
        for file in artifacts.rglob("*")
        if file.is_file() and file.parent != artifacts and not given & set(file.parents)
    ]
    orphans = [file for file in files if not kept & set(zip(file.parts, file.parts[1:], strict=False))]
    assert not orphans, f"Files without a take: {orphans[:3]}"

"""Whose the store is, on real Postgres: a restored backup and a wrong database cost no take."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from db.files import ownership
from db.files.artifacts import ArtifactStore
from db.files.store_walk import StoreWalk
from db.queue import recovery
from farm.cli.commands import store as commands
from farm.client import Farm
from farm.ops import store as whose
from farm.ops import tidying
from farm.ops.doctor import store as doctor
from models.errors import StepFailed
from models.vocabulary import ErrorKind, Step
from tasks.beat import upkeep
from tasks.process import fitness, runtime
from tests.support.factories import settings_for
from tests.support.queue_jobs import add_jobs, add_project, execute, one

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from db.engine import Database


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts", min_free_bytes=0)


@pytest.fixture
def here(fresh_database: Database, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process's tasks work on the test's own database and store."""
    farm_id = whose.id_of(fresh_database)
    monkeypatch.setattr(runtime, "database", lambda: fresh_database)
    monkeypatch.setattr(runtime, "store", lambda: store)
    monkeypatch.setattr(runtime, "farm_id", lambda: farm_id)


def master(store: ArtifactStore, job: UUID, epoch: int = 1, *, days_old: float = 3) -> Path:
    """The master of a take that was published so long ago."""
    with store.scratch(job, epoch) as folder:
        (folder / "master.png").write_text("pixels")
        path = store.path(store.publish(job, epoch, folder / "master.png").master)
    age(path.parent, days_old)
    return path


def age(folder: Path, days: float) -> None:
    then = folder.stat().st_mtime - days * 86400
    os.utime(folder, (then, then))


def rendered(database: Database, store: ArtifactStore, count: int) -> dict[UUID, Path]:
    """Jobs whose take stands, with its master."""
    jobs = add_jobs(database, add_project(database), count)
    end(database, jobs, "settled")
    return {job: master(store, job) for job in jobs}


def end(database: Database, jobs: Sequence[UUID], outcome: str) -> None:
    """Their first attempt ended so, an hour ago."""
    execute(
        database,
        """INSERT INTO attempts (job_id, step, epoch, worker_id, started_at, ended_at, outcome)
           SELECT j, 'render', 1, 'w', now() - interval '2 hours', now() - interval '1 hour', :outcome
           FROM unnest(CAST(:jobs AS uuid[])) j""",
        jobs=list(jobs),
        outcome=outcome,
    )


def restore_backup_without(database: Database, jobs: Sequence[UUID]) -> None:
    """What a restored backup remembers: these jobs came after it."""
    execute(database, "DELETE FROM jobs WHERE id = ANY(:jobs)", jobs=list(jobs))


def tidied(database: Database) -> str:
    execute(database, "DELETE FROM ticks")
    return upkeep.tidy_now()


def walked_tomorrow(store: ArtifactStore) -> None:
    """The last walk began two days ago."""
    note = store.root / "walk.json"
    kept = json.loads(note.read_text())
    note.write_text(json.dumps(kept | {"began_at": "2020-01-01T00:00:00+00:00"}))


def findings(store: ArtifactStore, database: Database) -> list[tuple[str, str, str]]:
    return [(each.health.value, each.name, each.message) for each in doctor.store(store.root, database)]


def test_a_restored_backup_that_knows_5_of_20_takes_costs_no_master(
    fresh_database: Database, store: ArtifactStore, here: None, caplog: pytest.LogCaptureFixture
) -> None:
    takes = rendered(fresh_database, store, 20)
    ownership.sign(store.root, whose.id_of(fresh_database))
    restore_backup_without(fresh_database, list(takes)[5:])

    tidied(fresh_database)

    assert all(path.exists() for path in takes.values())
    assert "15 folders of 20 are unknown" in caplog.text
    assert [each[:2] for each in findings(store, fresh_database)] == [
        ("ok", "store"),
        ("warn", "unknown takes"),
    ]


def test_a_few_unknown_takes_lie_aside_are_reported_and_come_back_with_a_newer_backup(
    fresh_database: Database, store: ArtifactStore, here: None
) -> None:
    takes = rendered(fresh_database, store, 20)
    young, old, kept = list(takes)[:2], list(takes)[2:5], list(takes)[5:]
    for job in young:
        age(takes[job].parent, -2.9)
    project = one(fresh_database, "SELECT id FROM projects").id
    restore_backup_without(fresh_database, [*young, *old])

    tidied(fresh_database)

    aside = {path.name: path for path in store.root.glob("unknown/*/takes/*")}
    assert set(aside) == {str(job) for job in old}
    assert all(takes[job].exists() for job in (*young, *kept))
    (_, (health, _, message)) = findings(store, fresh_database)
    assert health == "warn"
    assert message.startswith("3 folders that the database does not know lie in")
    # The newer backup remembers the jobs under their ids.
    again = add_jobs(fresh_database, project, 3)
    for job, was in zip(again, old, strict=True):
        execute(
            fresh_database,
            "ALTER TABLE jobs DISABLE TRIGGER ALL; ALTER TABLE render_queue DISABLE TRIGGER ALL;"
            "UPDATE jobs SET id = :was, root_job_id = :was WHERE id = :job;"
            "UPDATE render_queue SET job_id = :was WHERE job_id = :job",
            was=was,
            job=job,
        )
    end(fresh_database, old, "settled")
    walked_tomorrow(store)
    tidied(fresh_database)
    assert all(takes[job].exists() for job in old)


@pytest.mark.parametrize("outcome", ["lost", "failed", "cancelled", "released"])
def test_what_an_attempt_without_a_take_left_goes_and_is_not_looked_for_again(
    fresh_database: Database, store: ArtifactStore, here: None, outcome: str
) -> None:
    (kept,) = rendered(fresh_database, store, 1).values()
    [job] = add_jobs(fresh_database, add_project(fresh_database))
    end(fresh_database, [job], outcome)
    left = master(store, job)
    scratch = store.root / "scratch" / f"{job}-1"
    scratch.mkdir()

    said = tidied(fresh_database)

    assert "1 lost attempts removed" in said
    assert kept.exists()
    assert not left.exists()
    assert not scratch.exists()
    assert "0 lost attempts removed" in tidied(fresh_database)


def test_the_walk_removes_what_a_sleeper_published_after_its_files_were_removed(
    fresh_database: Database, store: ArtifactStore, here: None
) -> None:
    [job] = add_jobs(fresh_database, add_project(fresh_database))
    end(fresh_database, [job], "lost")
    store.root.mkdir()
    tidied(fresh_database)
    late = master(store, job, days_old=0)
    walked_tomorrow(store)

    tidied(fresh_database)

    assert not late.exists()


def test_the_walk_removes_the_scratch_of_a_settled_attempt_and_never_its_take(
    fresh_database: Database, store: ArtifactStore, here: None
) -> None:
    [(job, path)] = rendered(fresh_database, store, 1).items()
    scratch = store.root / "scratch" / f"{job}-1"
    scratch.mkdir()

    tidied(fresh_database)

    assert path.exists()
    assert not scratch.exists()


def test_a_walk_goes_on_where_it_stopped_and_is_seldom(fresh_database: Database, store: ArtifactStore) -> None:
    rendered(fresh_database, store, 5)

    turns = [tidying.walk_on(fresh_database, store, at_most=2) for _ in range(4)]

    assert [turn.is_over for turn in turns] == [False, False, True, True]
    assert turns[3] == turns[2]


def test_a_wrong_database_is_refused_by_whoever_would_write_or_delete(
    fresh_database: Database, store: ArtifactStore, here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = master(store, uuid4())
    ownership.sign(store.root, uuid4())
    aside: list[StepFailed] = []
    monkeypatch.setattr(fitness, "_step_aside", lambda failure, _: aside.append(failure))

    said = tidied(fresh_database)
    fit = [fitness.is_fit(step) for step in (Step.RENDER, Step.SCORE)]

    assert "the store is not tidied: The artifact store" in said
    assert fit == [False, False]
    assert {failure.error_kind for failure in aside} == {ErrorKind.STORE_UNAVAILABLE}
    assert all(failure.error_kind.is_of_the_machine for failure in aside)
    assert stranger.exists()
    assert StoreWalk(store.root).load() is None
    [(health, name, message)] = findings(store, fresh_database)
    assert (health, name) == ("fail", "store")
    assert "belongs to another farm" in message


def test_an_empty_store_is_signed_by_the_first_render_and_only_looked_at_by_a_score(
    fresh_database: Database, store: ArtifactStore, here: None
) -> None:
    store.root.mkdir()

    assert fitness.is_fit(Step.SCORE)
    assert ownership.owner(store.root) is None
    assert fitness.is_fit(Step.RENDER)
    assert ownership.owner(store.root) == whose.id_of(fresh_database)


def test_an_empty_folder_where_the_farm_has_takes_is_no_store_but_a_place_to_mount_it(
    fresh_database: Database, store: ArtifactStore, tmp_path: Path
) -> None:
    rendered(fresh_database, store, 2)
    farm = whose.id_of(fresh_database)
    nothing = tmp_path / "mount"
    nothing.mkdir()

    with pytest.raises(StepFailed, match="is empty, although this farm has takes: is it mounted") as refusal:
        whose.require_ours(nothing, farm, fresh_database)

    assert refusal.value.error_kind is ErrorKind.STORE_UNAVAILABLE
    assert "farm store adopt" in refusal.value.hint
    assert list(nothing.iterdir()) == []


def test_a_store_from_before_is_signed_by_the_database_that_knows_its_takes(
    fresh_database: Database, store: ArtifactStore
) -> None:
    rendered(fresh_database, store, 2)
    farm = whose.id_of(fresh_database)

    whose.require_ours(store.root, farm, fresh_database)

    assert ownership.owner(store.root) == farm


def test_a_store_from_before_whose_takes_nobody_knows_waits_for_a_person(
    fresh_database: Database, store: ArtifactStore
) -> None:
    master(store, uuid4())
    farm = whose.id_of(fresh_database)

    with pytest.raises(StepFailed, match=r"knows none.*farm store adopt"):
        whose.require_ours(store.root, farm, fresh_database)

    assert whose.adopt(store.root, fresh_database) is None
    whose.require_ours(store.root, farm, fresh_database)


@pytest.fixture
def shell(
    fresh_database: Database, store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """The commands about the store, on this database and store."""
    farm = Farm(settings_for(tmp_path), database=fresh_database)
    farm.store = store

    @contextmanager
    def opened() -> Any:
        yield farm

    monkeypatch.setattr(commands, "opened", opened)
    return lambda *words: CliRunner().invoke(commands.store, words)


def test_a_person_adopts_anothers_store_and_moves_aside_what_it_does_not_know(
    shell: Any, fresh_database: Database, store: ArtifactStore
) -> None:
    theirs, strangers = uuid4(), [master(store, uuid4(), days_old=0) for _ in range(20)]
    (mine,) = rendered(fresh_database, store, 1).values()
    ownership.sign(store.root, theirs)

    adopted = json.loads(shell("adopt", "--json").stdout)
    moved = json.loads(shell("set-aside", "--json").stdout)

    assert adopted["before"] == str(theirs)
    assert moved["set_aside"] == 20
    assert mine.exists()
    assert not any(path.exists() for path in strangers)
    assert len(list(store.root.glob("unknown/*/takes/*/1/master.png"))) == 20


def test_a_tick_with_nothing_to_do_reads_one_empty_index_whatever_the_history(
    fresh_database: Database,
) -> None:
    project = add_project(fresh_database)
    jobs = add_jobs(fresh_database, project, 20)
    execute(
        fresh_database,
        """INSERT INTO attempts (job_id, step, epoch, worker_id, ended_at, outcome, files_removed_at)
           SELECT j, 'render', n, 'w', now() - interval '1 day', 'lost', now()
           FROM unnest(CAST(:jobs AS uuid[])) j, generate_series(1, 2000) n""",
        jobs=jobs,
    )
    execute(fresh_database, "ANALYZE attempts")
    values = {"over_for": timedelta(0), "at_most": 1000}
    with fresh_database.transaction() as session:
        plan = session.execute(text(f"EXPLAIN {recovery._LEFT_BEHIND.text}"), values).scalars().all()

    assert "using ix_attempts_left_behind" in "\n".join(plan)

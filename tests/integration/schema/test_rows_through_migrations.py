"""Rows that are there go through every migration, up and down again, and lose nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from db import catalogue
from models.actors import Actor
from models.vocabulary import Verdict

if TYPE_CHECKING:
    from db.engine import Database

SECOND = "0002_video_production"
FOURTH = "0004_production_rendering"
BEFORE_HOLDS = "0007_claims"
BEFORE_IDENTITY = "0008_names_and_holds"
BEFORE_KEYS = "0013_audit"
SIXTH = "0006_reviews"
#: reviews were keys of `jobs.retake_reason` here
BEFORE_REVIEWS = "0005_worker_facts"
REVIEW = {
    "by": "Ada",
    "verdict": "rejected",
    "note": "a sixth finger",
    "instead_of": "pass",
    "at": "2026-01-02T03:04:05+00:00",
}
LADDER = {"reason": "another seed", "blocking": ["identity"], "changed": {"seed": [1, 2]}}
REPRODUCTION = {"reason": "reproduction", "requested_by": "mira", "changed": {"seed": [1, 7]}}


def test_rows_from_before_the_farm_survive_its_migration_there_and_back(blank_database: Database) -> None:
    blank_database.migrate(SECOND)
    with blank_database.transaction() as session:
        session.execute(
            text(
                "WITH p AS (INSERT INTO projects (slug, name) VALUES ('old', 'Old') RETURNING id),"
                " j AS (INSERT INTO jobs (project_id, job_type, phase, requested_by)"
                "       SELECT id, 'still_image', 'still', 'somebody' FROM p RETURNING id),"
                " g AS (INSERT INTO generation_params"
                "       (job_id, positive_prompt, seed, model_name, width, height, renderer, recipe)"
                "       SELECT id, 'a girl', 18446744073709551615, 'm', 512, 768, 'null', '{}' FROM j)"
                " INSERT INTO render_queue (job_id) SELECT id FROM j"
            )
        )

    blank_database.migrate()

    found = (
        "SELECT j.id = j.root_job_id, j.take_number, j.profile, q.pool, q.step FROM jobs j JOIN render_queue q"
    )
    with blank_database.transaction() as session:
        row = session.execute(text(f"{found} ON q.job_id = j.id")).one()
        assert tuple(row) == (True, 1, "spec", "null", "render")

    blank_database.downgrade(SECOND)
    with blank_database.transaction() as session:
        assert session.scalar(text("SELECT seed FROM generation_params")) == 2**64 - 1


def test_worker_facts_move_into_columns_and_back(blank_database: Database) -> None:
    comfyui = {"url": "http://x", "inventory": "a" * 64, "vram_mib": 24_564, "error": None}
    doubted = {**comfyui, "error": "No answer.", "is_doubted": True}
    before = {
        "bare": {},
        "render": {"gpu_info": {"model": "L4"}, "comfyui": comfyui},
        "doubted": {"gpu_info": None, "comfyui": doubted},
        "score": {"cpus": 4, "networks": ["toon-id", "lpips-alex"]},
    }
    blank_database.migrate(FOURTH)
    with blank_database.transaction() as session:
        for name, capabilities in before.items():
            session.execute(
                text(
                    "INSERT INTO workers (id, host, pid, incarnation, capabilities, status)"
                    " VALUES (:id, 'h', 1, gen_random_uuid(), CAST(:told AS jsonb), 'ready')"
                ),
                {"id": name, "told": json.dumps(capabilities)},
            )

    blank_database.migrate()

    facts_of = (
        "SELECT id, has_comfyui, comfyui_inventory, comfyui_vram_mib, comfyui_error, gpu_info, networks,"
        " is_doubted"
    )
    with blank_database.transaction() as session:
        rows = session.execute(text(f"{facts_of} FROM workers")).all()
        facts = {name: tuple(values) for name, *values in rows}
    assert facts == {
        "bare": (False, None, None, None, None, [], False),
        "render": (True, "a" * 64, 24_564, None, {"model": "L4"}, [], False),
        "doubted": (True, "a" * 64, 24_564, "No answer.", None, [], True),
        "score": (False, None, None, None, None, ["toon-id", "lpips-alex"], False),
    }
    blank_database.downgrade(FOURTH)
    with blank_database.transaction() as session:
        after = {
            row.id: row.capabilities for row in session.execute(text("SELECT id, capabilities FROM workers"))
        }
    assert after == before


def test_reviews_and_what_a_reproduction_changes_move_into_places_of_their_own_and_back(
    blank_database: Database,
) -> None:
    blank_database.migrate(BEFORE_REVIEWS)
    reasons = {"reviewed": {"review": REVIEW}, "retaken": {**LADDER, "review": REVIEW}, "plain": LADDER}
    with blank_database.transaction() as session:
        insert = text(
            "INSERT INTO jobs (project_id, job_type, phase, requested_by, profile, root_job_id, id,"
            " reproduces_job_id, retake_reason)"
            " SELECT p.id, 'still_image', 'still', 'mira', 'spec', j.id, j.id,"
            " CAST(:original AS uuid), CAST(:reason AS jsonb) FROM projects p,"
            " (SELECT gen_random_uuid() AS id) j RETURNING id"
        )
        session.execute(text("INSERT INTO projects (slug, name) VALUES ('old', 'Old')"))
        ids = {
            name: session.execute(insert, {"original": None, "reason": json.dumps(reason)}).scalar_one()
            for name, reason in reasons.items()
        }
        ids["none"] = session.execute(insert, {"original": None, "reason": "null"}).scalar_one()
        again = {"original": ids["plain"], "reason": json.dumps(REPRODUCTION)}
        ids["again"] = session.execute(insert, again).scalar_one()

    def kept(name: str, column: str = "retake_reason") -> object:
        row = text("SELECT to_jsonb(jobs) FROM jobs WHERE id = :id")
        with blank_database.transaction() as session:
            return dict(session.execute(row, {"id": ids[name]}).scalar_one())[column]

    blank_database.migrate()

    assert [kept(name) for name in ("reviewed", "retaken", "plain", "again")] == [None, LADDER, LADDER, None]
    assert kept("again", "reproduction_changes") == {"seed": [1, 7]}
    with blank_database.transaction() as session:
        found = catalogue.reviews_of(session, ids.values())
        assert set(found) == {ids["reviewed"], ids["retaken"]}
        (review,) = found[ids["reviewed"]]
        assert (str(review.by), review.verdict, review.note) == ("Ada", "rejected", "a sixth finger")
        assert (review.instead_of, review.at.isoformat()) == ("pass", REVIEW["at"])
        later = {"by": Actor.read("Ben"), "verdict": Verdict.APPROVED, "instead_of": Verdict.REJECTED}
        catalogue.add_review(session, ids["retaken"], **later)

    blank_database.downgrade(BEFORE_REVIEWS)

    back = kept("reviewed")
    assert isinstance(back, dict)
    assert {**back["review"], "at": REVIEW["at"]} == REVIEW
    assert (kept("plain"), kept("none"), kept("again")) == (LADDER, None, REPRODUCTION)
    last = kept("retaken")
    assert isinstance(last, dict)
    assert (last["review"]["by"], last["review"]["verdict"]) == ("Ben", "approved")
    assert {name: value for name, value in last.items() if name != "review"} == LADDER


def test_rows_that_wait_survive_the_new_way_to_claim_there_and_back(blank_database: Database) -> None:
    blank_database.migrate(SIXTH)
    with blank_database.transaction() as session:
        session.execute(
            text(
                "WITH p AS (INSERT INTO projects (slug, name) VALUES ('old', 'Old') RETURNING id),"
                " j AS (INSERT INTO jobs (id, root_job_id, project_id, job_type, phase, profile, requested_by)"
                "       SELECT u, u, p.id, 'still_image', 'still', 'spec', 'somebody' FROM p,"
                "       unnest(ARRAY[gen_random_uuid(), gen_random_uuid()]) AS u RETURNING id)"
                " INSERT INTO render_queue (job_id, pool, step, fingerprint, dispatched_at)"
                " SELECT id, 'null', (ARRAY['render', 'score'])[row_number() OVER ()], repeat('f', 64), now()"
                " FROM j"
            )
        )

    blank_database.migrate()

    facts = "SELECT step, networks, waits_for_equal, passed_over_since FROM render_queue ORDER BY step"
    with blank_database.transaction() as session:
        rows = [tuple(row) for row in session.execute(text(facts))]
    assert rows == [("render", [], False, None), ("score", [], False, None)]
    with blank_database.transaction() as session:
        session.execute(text("UPDATE render_queue SET waits_for_equal = true, networks = '{toon-id}'"))
    blank_database.downgrade(SIXTH)
    with blank_database.transaction() as session:
        before = session.execute(
            text("SELECT step, status, dispatched_at FROM render_queue ORDER BY step")
        ).all()
    assert [tuple(row) for row in before] == [("render", "ready", None), ("score", "ready", None)]


def test_names_and_holds_come_to_rows_that_are_there_and_go_again(blank_database: Database) -> None:
    blank_database.migrate(BEFORE_HOLDS)
    with blank_database.transaction() as session:
        session.execute(
            text(
                "WITH p AS (INSERT INTO projects (slug, name) VALUES ('old', 'Old') RETURNING id),"
                " j AS (INSERT INTO jobs (id, project_id, root_job_id, job_type, phase, requested_by, profile)"
                "       SELECT i, p.id, i, 'still_image', 'still', 'x', 'spec' FROM p, gen_random_uuid() i"
                "       RETURNING id),"
                " q AS (INSERT INTO render_queue (job_id, pool, status, worker_id)"
                "       SELECT id, 'null', 'running', 'w' FROM j),"
                " a AS (INSERT INTO attempts (job_id, step, epoch, worker_id)"
                "       SELECT id, 'render', 1, 'w' FROM j)"
                " INSERT INTO workers (id, host, pid, incarnation, status, started_at)"
                " SELECT 'h:render:' || n, 'h', 1, '00000000-0000-0000-0000-000000000001', 'ready',"
                "        now() + make_interval(secs => n) FROM generate_series(0, 1) n"
            )
        )

    blank_database.migrate()

    rows = (
        "SELECT (SELECT count(*) FROM render_queue WHERE incarnation IS NULL),"
        " (SELECT count(*) FROM attempts WHERE incarnation IS NULL AND pid IS NULL)"
    )
    with blank_database.transaction() as session:
        assert tuple(session.execute(text(rows)).one()) == (1, 1)
        assert session.scalars(text("SELECT id FROM workers")).all() == ["h:render:1"]
    blank_database.downgrade(BEFORE_HOLDS)
    with blank_database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM attempts")) == 1


def test_a_farm_gets_one_identity_and_its_attempts_a_note_of_their_files_there_and_back(
    blank_database: Database,
) -> None:
    blank_database.migrate(BEFORE_IDENTITY)
    with blank_database.transaction() as session:
        session.execute(
            text(
                "WITH p AS (INSERT INTO projects (slug, name) VALUES ('old', 'Old') RETURNING id),"
                " j AS (INSERT INTO jobs (id, project_id, root_job_id, job_type, phase, requested_by, profile)"
                "       SELECT i, p.id, i, 'still_image', 'still', 'x', 'spec' FROM p, gen_random_uuid() i"
                "       RETURNING id),"
                " q AS (INSERT INTO render_queue (job_id, pool) SELECT id, 'null' FROM j RETURNING job_id)"
                " INSERT INTO attempts (job_id, step, epoch, worker_id, ended_at, outcome)"
                " SELECT job_id, 'render', 1, 'w', now(), 'lost' FROM q"
            )
        )

    blank_database.migrate()

    rows = (
        "SELECT (SELECT count(*) FROM farm_identity),"
        " (SELECT count(*) FROM attempts WHERE files_removed_at IS NULL)"
    )
    with blank_database.transaction() as session:
        assert tuple(session.execute(text(rows)).one()) == (1, 1)
    with pytest.raises(IntegrityError, match="uq_farm_identity_is_only"), blank_database.transaction() as again:
        again.execute(text("INSERT INTO farm_identity DEFAULT VALUES"))
    blank_database.downgrade(BEFORE_IDENTITY)
    with blank_database.transaction() as session:
        assert session.scalar(text("SELECT outcome FROM attempts")) == "lost"


def test_jobs_from_before_there_were_keys_are_nobodys_and_stay_without_them(blank_database: Database) -> None:
    blank_database.migrate(BEFORE_KEYS)
    with blank_database.transaction() as session:
        session.execute(
            text(
                "WITH p AS (INSERT INTO projects (slug, name) VALUES ('old', 'Old') RETURNING id),"
                " j AS (INSERT INTO jobs (id, project_id, root_job_id, job_type, phase, requested_by, profile)"
                "       SELECT i, p.id, i, 'still_image', 'still', 'x', 'spec' FROM p, gen_random_uuid() i"
                "       RETURNING id),"
                " q AS (INSERT INTO render_queue (job_id, pool, project_id)"
                "       SELECT j.id, 'null', p.id FROM j, p RETURNING job_id),"
                " a AS (INSERT INTO audit (by, action, subject, door) VALUES ('x', 'job.submit', 'job', 'sql'))"
                " INSERT INTO attempts (job_id, step, epoch, worker_id) SELECT job_id, 'render', 1, 'w' FROM q"
            )
        )

    blank_database.migrate()

    with blank_database.transaction() as session:
        assert session.scalars(text("SELECT key_prefix FROM jobs")).all() == [None]
        session.execute(text("UPDATE jobs SET key_prefix = 'farm_abcdefgh'"))
        assert catalogue.jobs_today(session, "farm_abcdefgh") == 1
        session.execute(
            text(
                "WITH k AS (INSERT INTO api_keys (name, prefix, key_sha256, actor, created_by)"
                "           VALUES ('k', 'farm_abcdefgh', repeat('0', 64), 'agent:k', 'Ada')),"
                " p AS (INSERT INTO people (name, password_hash, created_by) VALUES ('Ada', '-', 'Ada')"
                "       RETURNING id),"
                " s AS (INSERT INTO sessions (token_sha256, person_id, csrf_sha256, expires_at)"
                "       SELECT repeat('1', 64), id, repeat('2', 64), now() FROM p)"
                " INSERT INTO idempotent_answers (caller, key, request_sha256, http_status, body)"
                " VALUES ('local', 'k', repeat('3', 64), 200, '')"
            )
        )
    blank_database.downgrade(BEFORE_KEYS)
    with blank_database.transaction() as session:
        kept = (
            "SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM attempts), (SELECT count(*) FROM audit)"
        )
        assert tuple(session.execute(text(kept)).one()) == (1, 1, 1)

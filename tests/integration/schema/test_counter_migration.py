"""The counters of gates, filled from jobs that were stored before there were any."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import text

from db import catalogue

if TYPE_CHECKING:
    from db.engine import Database

BEFORE_COUNTERS = "0010_schema_range"
#: a cut with a retake that waits for a person, a sheet, and an order for no cut that was called off
COUNTED_ROWS = """
WITH p AS (INSERT INTO projects (slug, name) VALUES ('old', 'Old') RETURNING id),
e AS (INSERT INTO episodes (project_id, episode_number) SELECT id, 1 FROM p RETURNING id),
s AS (INSERT INTO scenes (episode_id, scene_number) SELECT id, 1 FROM e RETURNING id),
c AS (INSERT INTO cuts (scene_id, cut_number) SELECT id, 1 FROM s RETURNING id),
rows (id, root, take, kind, cut, status, verdict) AS (VALUES
    ('00000000-0000-0000-0000-000000000001'::uuid, '00000000-0000-0000-0000-000000000001'::uuid, 1,
     'still_image', true, 'failed', NULL),
    ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001', 2,
     'still_image', true, 'completed', 'review'),
    ('00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-000000000003', 1,
     'character_sheet', false, 'ready', NULL),
    ('00000000-0000-0000-0000-000000000004', '00000000-0000-0000-0000-000000000004', 1,
     'still_image', false, 'cancelled', NULL)),
j AS (INSERT INTO jobs (id, project_id, root_job_id, take_number, job_type, phase, cut_id, verdict,
                        requested_by, profile)
      SELECT r.id, p.id, r.root, r.take, r.kind, 'still', CASE WHEN r.cut THEN c.id END, r.verdict, 'x', 'spec'
      FROM rows r, p, c RETURNING id),
g AS (INSERT INTO generation_params (job_id, positive_prompt, seed, model_name, width, height, renderer, recipe)
      SELECT id, '', 1, 'm', 8, 8, 'null', '{"characters": [{"name": "mio"}]}' FROM rows RETURNING id),
t AS (INSERT INTO takes (job_id, epoch, master_path, pixel_sha256, file_sha256, size_bytes, frames, width,
                         height, fps, render_seconds)
      SELECT id, 1, 'm', 'p', 'f', 1, 1, 8, 8, 24, 21 FROM rows WHERE verdict IS NOT NULL RETURNING id),
q AS (INSERT INTO quality_scores (job_id, phase, profile, verdict, thresholds_used, measurements)
      SELECT id, 'still', 'spec', verdict, CAST(:marks AS jsonb), CAST(:scores AS jsonb) FROM rows
      WHERE verdict IS NOT NULL RETURNING id)
INSERT INTO render_queue (job_id, pool, status) SELECT id, 'null', status FROM rows
""".replace("::", "\\:\\:")


def test_jobs_that_are_there_are_counted_as_the_gate_counts_them_and_stay_without(
    blank_database: Database,
) -> None:
    blank_database.migrate(BEFORE_COUNTERS)
    marks = {"identity": {"limit": 0.8, "network": "toon-id", "direction": "higher"}}
    scores = [{"metric": "identity", "network": "toon-id", "value": 0.4}]
    with blank_database.transaction() as session:
        session.execute(text(COUNTED_ROWS), {"marks": json.dumps(marks), "scores": json.dumps(scores)})

    blank_database.migrate()

    units = "SELECT kind, orders, takes, is_called_off, verdict, measured, limits, slow_takes FROM gate_units"
    places = "SELECT place FROM jobs WHERE unit_id IS NOT NULL ORDER BY take_number"
    with blank_database.transaction() as session:
        by_kind = {kind: tuple(row) for kind, *row in session.execute(text(units))}
        assert by_kind["cut"] == (1, 2, False, "review", {"identity": 0.4}, {"identity": 0.8}, 1)
        assert {kind: row[:3] for kind, row in by_kind.items()} == {
            "cut": (1, 2, False),
            "character": (1, 1, False),
            "scratch": (1, 1, True),
        }
        assert session.scalars(text(places)).all() == [None, None, None, [2.0, 0.0, -0.5]]
        same = "SELECT bool_and(j.project_id = q.project_id AND j.created_at = q.created_at)"
        assert session.scalar(text(f"{same} FROM jobs j JOIN render_queue q ON q.job_id = j.id"))
        project = session.scalar(text("SELECT id FROM projects"))
        assert project is not None
        kept = session.execute(text("SELECT * FROM gate_units ORDER BY id")).all()
        catalogue.recount(session, project)
        assert session.execute(text("SELECT * FROM gate_units ORDER BY id")).all() == kept
    blank_database.downgrade(BEFORE_COUNTERS)
    with blank_database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM jobs")) == 4

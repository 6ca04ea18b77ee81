"""Cut counters: what gates count as one row each, the best take of it, and the state beside its page's order."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations import columns as c

revision = "0011_cut_counters"
down_revision = "0010_schema_range"
branch_labels = None
depends_on = None

_STATE = """(CASE WHEN status = 'held' THEN 'pending'
    WHEN status = 'failed' AND error_kind = 'timeout' THEN 'timeout'
    WHEN status NOT IN ('ready', 'running') THEN status
    WHEN step <> 'render' THEN 'quality_check'
    WHEN status = 'running' THEN 'processing' ELSE 'queued' END)"""

# What each root counts as, as `models.units.unit_of` has it.
_UNIT_OF_ROOTS = """
CREATE TEMPORARY TABLE unit_of_root AS
SELECT r.id, r.project_id, r.phase, r.kind, r.cut_id,
       CASE r.kind WHEN 'cut' THEN r.cut_id::text WHEN 'character' THEN r.who WHEN 'order' THEN r.id::text
                   ELSE '' END AS key
FROM (
    SELECT j.id, j.project_id, j.phase, sheet.who, j.cut_id,
           CASE WHEN j.reproduces_job_id IS NOT NULL THEN 'reproduction'
                WHEN sheet.who IS NOT NULL THEN 'character'
                WHEN j.cut_id IS NOT NULL THEN 'cut'
                WHEN j.project_id IN (SELECT e.project_id FROM cuts JOIN scenes s ON s.id = cuts.scene_id
                                      JOIN episodes e ON e.id = s.episode_id) THEN 'scratch'
                ELSE 'order' END AS kind
    FROM jobs j
    LEFT JOIN generation_params p ON p.job_id = j.id AND j.job_type = 'character_sheet'
    LEFT JOIN LATERAL (
        SELECT string_agg(DISTINCT look ->> 'name', ' & ' ORDER BY look ->> 'name') AS who
        FROM jsonb_array_elements(COALESCE(p.recipe -> 'characters', '[]')) look
    ) sheet ON true
    WHERE j.root_job_id = j.id
) r
"""

_UNITS = """
INSERT INTO gate_units (project_id, phase, kind, key, cut_id)
SELECT DISTINCT project_id, phase, kind, key, CASE kind WHEN 'cut' THEN cut_id END FROM unit_of_root
"""

# The place of a judged take, as `farm.judging.best_take.place_of` has it.
_JOBS = """
UPDATE jobs j SET unit_id = placed.unit_id, place = placed.place
FROM (
    SELECT t.id, u.id AS unit_id,
           CASE WHEN t.verdict IS NOT NULL THEN ARRAY[
               CASE t.verdict WHEN 'approved' THEN 0 WHEN 'pass' THEN 1 WHEN 'review' THEN 2 ELSE 3 END,
               COALESCE(cardinality(q.blocking), 0), -COALESCE(scored.mean, 0)]::double precision[] END AS place
    FROM jobs t
    JOIN unit_of_root r ON r.id = t.root_job_id
    JOIN gate_units u ON (u.project_id, u.phase, u.kind, u.key) = (r.project_id, r.phase, r.kind, r.key)
    LEFT JOIN quality_scores q ON q.job_id = t.id AND t.verdict IS NOT NULL
    LEFT JOIN LATERAL (
        SELECT avg(CASE WHEN divisor <= 0 THEN 1 ELSE greatest(0, least(1, dividend / divisor)) END) AS mean
        FROM (
            SELECT CASE WHEN falls THEN l ELSE v END AS dividend,
                   CASE WHEN falls THEN v ELSE l END AS divisor
            FROM (
                SELECT (m ->> 'value')::double precision AS v, (mark.value ->> 'limit')::double precision AS l,
                       mark.key IN ('temporal_lpips', 'loop_seam', 'luma_flicker', 'jitter') AS falls
                FROM jsonb_each(q.thresholds_used) mark
                JOIN jsonb_array_elements(q.measurements) m
                  ON m ->> 'metric' = mark.key AND m ->> 'network' = mark.value ->> 'network'
                WHERE mark.key NOT IN ('decodable', 'frame_count', 'size', 'fps', 'blank', 'frozen', 'sharpness')
                  AND m ->> 'value' IS NOT NULL
            ) numbers
        ) ratios
    ) scored ON true
) placed WHERE placed.id = j.id
"""

_QUEUE = """
UPDATE render_queue q SET project_id = j.project_id, unit_id = j.unit_id, created_at = j.created_at
FROM jobs j WHERE j.id = q.job_id
"""

_COUNTS = """
UPDATE gate_units u SET orders = n.orders, takes = n.takes, is_called_off = n.is_called_off,
    slow_takes = n.slow_takes, slowest_job_id = n.slowest_job_id, slowest_seconds = n.slowest_seconds
FROM (
    SELECT j.unit_id, count(*) FILTER (WHERE j.root_job_id = j.id) AS orders, count(*) AS takes,
           bool_and(q.status = 'cancelled') AS is_called_off, count(t.id) AS slow_takes,
           (array_agg(t.job_id ORDER BY t.render_seconds DESC NULLS LAST, t.job_id))[1] AS slowest_job_id,
           max(t.render_seconds) AS slowest_seconds
    FROM jobs j
    JOIN render_queue q ON q.job_id = j.id
    LEFT JOIN takes t ON t.job_id = j.id AND j.verdict IS NOT NULL AND j.job_type = 'still_image'
                     AND t.render_seconds > 20 AND t.reused_from_job_id IS NULL
    GROUP BY j.unit_id
) n WHERE n.unit_id = u.id
"""

_BESTS = """
UPDATE gate_units u SET best_job_id = best.id, best_take_number = best.take_number, verdict = best.verdict,
    blocking = COALESCE(best.blocking, '{}'), not_measured = COALESCE(best.not_measured, '{}'),
    limits = COALESCE((SELECT jsonb_object_agg(key, value -> 'limit') FROM jsonb_each(best.thresholds_used)), '{}'),
    measured = COALESCE((SELECT jsonb_object_agg(m ->> 'metric', m -> 'value')
        FROM jsonb_array_elements(best.measurements) m
        WHERE m ->> 'value' IS NOT NULL
          AND m ->> 'network' = best.thresholds_used -> (m ->> 'metric') ->> 'network'), '{}')
FROM (
    SELECT DISTINCT ON (j.unit_id) j.unit_id, j.id, j.take_number, j.verdict, q.blocking, q.not_measured,
           q.thresholds_used, q.measurements
    FROM jobs j LEFT JOIN quality_scores q ON q.job_id = j.id
    WHERE j.place IS NOT NULL ORDER BY j.unit_id, j.place, j.take_number, j.id
) best WHERE best.unit_id = u.id
"""


def upgrade() -> None:
    op.add_column("cuts", c.flag("omitted"))
    _create_units()
    op.add_column("jobs", c.ref("unit_id", nullable=True))
    op.add_column("jobs", sa.Column("place", postgresql.ARRAY(sa.Double()), nullable=True))
    for column in ("project_id", "unit_id"):
        op.add_column("render_queue", c.ref(column, nullable=True))
    op.add_column("render_queue", c.moment())
    for statement in (_UNIT_OF_ROOTS, _UNITS, _JOBS, _QUEUE, _COUNTS, _BESTS):
        op.execute(sa.text(statement.replace("::", "\\:\\:")))
    op.drop_table("unit_of_root")
    op.alter_column("render_queue", "project_id", nullable=False)
    _create_indexes()
    op.create_foreign_key(
        "fk_jobs_unit_id_gate_units", "jobs", "gate_units", ["unit_id"], ["id"], ondelete="CASCADE"
    )
    # It would store jobs that count nowhere.
    op.execute(c.breaks_older_code(revision))


def downgrade() -> None:
    op.execute(c.breaks_older_code("0010_schema_range"))
    for index in ("unit_in_work", "project_id_state", "state"):
        op.drop_index(f"ix_render_queue_{index}", "render_queue")
    for column in ("created_at", "unit_id", "project_id"):
        op.drop_column("render_queue", column)
    op.create_index("ix_jobs_project_id_phase", "jobs", ["project_id", "phase"])
    for index in ("phase_created_at_id", "project_id_phase_created_at_id", "project_id_created_at_id"):
        op.drop_index(f"ix_jobs_{index}", "jobs")
    op.drop_column("jobs", "place")
    op.drop_column("jobs", "unit_id")
    op.drop_table("gate_units")
    op.drop_column("cuts", "omitted")


def _create_units() -> None:
    op.create_table(
        "gate_units",
        c.key(),
        c.ref("project_id"),
        c.word("phase"),
        c.word("kind"),
        c.prose("key", nullable=False),
        c.ref("cut_id", nullable=True),
        c.number("orders", default=0),
        c.number("takes", default=0),
        c.flag("is_called_off"),
        c.ref("best_job_id", nullable=True),
        c.number("best_take_number", nullable=True),
        c.word("verdict", nullable=True),
        c.texts("blocking"),
        c.texts("not_measured"),
        c.json_object("measured"),
        c.json_object("limits"),
        c.number("slow_takes", default=0),
        c.ref("slowest_job_id", nullable=True),
        c.measure("slowest_seconds"),
        c.primary("gate_units"),
        c.points("gate_units", "project_id", "projects"),
        c.points("gate_units", "cut_id", "cuts", ondelete="SET NULL"),
        c.unique("gate_units", "project_id", "phase", "kind", "key"),
    )
    op.create_index(
        "ix_gate_units_cut_id", "gate_units", ["cut_id"], postgresql_where=sa.text("cut_id IS NOT NULL")
    )


def _create_indexes() -> None:
    op.drop_index("ix_jobs_project_id_phase", "jobs")
    for columns in (("project_id",), ("project_id", "phase"), ("phase",)):
        op.create_index(f"ix_jobs_{'_'.join(columns)}_created_at_id", "jobs", [*columns, "created_at", "id"])
    op.create_index("ix_jobs_unit_id_place", "jobs", ["unit_id", "place", "take_number", "id"])
    op.create_index("ix_render_queue_state", "render_queue", [sa.text(_STATE), "created_at", "job_id"])
    op.create_index(
        "ix_render_queue_project_id_state",
        "render_queue",
        ["project_id", sa.text(_STATE), "created_at", "job_id"],
    )
    op.create_index(
        "ix_render_queue_unit_in_work",
        "render_queue",
        ["unit_id"],
        postgresql_where=sa.text("status IN ('held', 'ready', 'running')"),
    )

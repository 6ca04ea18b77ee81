"""Video production: episodes, scenes, cuts, who is in them, and the queue that renders them."""

import sqlalchemy as sa
from alembic import op

from db.migrations import columns as c

revision = "0002_video_production"
down_revision = "0001_character_consistency"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _show()
    op.create_table(
        "render_queue",
        c.key(),
        c.ref("job_id"),
        sa.Column("priority", sa.SmallInteger(), server_default=sa.text("5"), nullable=False),
        c.word("status", default="ready"),
        c.name("worker_id", nullable=True),
        c.moment("queued_at"),
        c.later("started_at"),
        c.later("completed_at"),
        c.number("retry_count", default=0),
        c.number("max_retries", default=3),
        c.prose("error_message"),
        c.primary("render_queue"),
        c.points("render_queue", "job_id", "jobs"),
        c.unique("render_queue", "job_id"),
        sa.CheckConstraint("priority BETWEEN 1 AND 10", name=op.f("ck_render_queue_priority")),
    )
    op.create_index("ix_render_queue_status_priority", "render_queue", ["status", sa.text("priority DESC")])
    op.add_column("jobs", c.ref("scene_id", nullable=True))
    op.add_column("jobs", c.ref("cut_id", nullable=True))
    op.add_column("jobs", c.number("total_frames", default=1))
    op.add_column("jobs", c.number("current_frame", default=0))
    for column, table in (("scene_id", "scenes"), ("cut_id", "cuts")):
        op.create_foreign_key(f"fk_jobs_{column}_{table}", "jobs", table, [column], ["id"], ondelete="SET NULL")
    op.create_index("ix_jobs_cut_id", "jobs", ["cut_id"])


def downgrade() -> None:
    op.drop_index("ix_jobs_cut_id", "jobs")
    for column in ("current_frame", "total_frames", "cut_id", "scene_id"):
        op.drop_column("jobs", column)
    for table in ("render_queue", "scene_characters", "cuts", "scenes", "episodes"):
        op.drop_table(table)


def _show() -> None:
    op.create_table(
        "episodes",
        c.key(),
        c.ref("project_id"),
        c.number("episode_number"),
        c.name("title", nullable=True),
        c.prose("synopsis"),
        c.name("status", 50, default="pre_production"),
        c.number("target_duration_seconds", nullable=True),
        c.moment(),
        c.primary("episodes"),
        c.points("episodes", "project_id", "projects"),
        c.unique("episodes", "project_id", "episode_number"),
    )
    op.create_table(
        "scenes",
        c.key(),
        c.ref("episode_id"),
        c.number("scene_number"),
        c.name("name", nullable=True),
        c.prose("description"),
        c.name("location", nullable=True),
        c.name("time_of_day", 100, nullable=True),
        c.name("mood", 100, nullable=True),
        c.number("duration_frames", nullable=True),
        c.json_object("style_overrides"),
        c.moment(),
        c.primary("scenes"),
        c.points("scenes", "episode_id", "episodes"),
        c.unique("scenes", "episode_id", "scene_number"),
    )
    op.create_table(
        "cuts",
        c.key(),
        c.ref("scene_id"),
        c.number("cut_number"),
        c.prose("description"),
        c.name("camera_angle", 100, nullable=True),
        c.number("duration_frames", nullable=True),
        c.ids("character_ids"),
        c.prose("dialogue"),
        c.prose("action_notes"),
        c.name("status", 50, default="pending"),
        c.prose("output_path"),
        c.moment(),
        c.primary("cuts"),
        c.points("cuts", "scene_id", "scenes"),
        c.unique("cuts", "scene_id", "cut_number"),
    )
    op.create_table(
        "scene_characters",
        c.key(),
        c.ref("scene_id"),
        c.ref("character_id"),
        c.number("entrance_frame", default=0),
        c.number("exit_frame", nullable=True),
        c.prose("position_notes"),
        c.primary("scene_characters"),
        c.points("scene_characters", "scene_id", "scenes"),
        c.points("scene_characters", "character_id", "characters"),
        c.unique("scene_characters", "scene_id", "character_id"),
    )
    op.create_index("ix_scene_characters_character_id", "scene_characters", ["character_id"])

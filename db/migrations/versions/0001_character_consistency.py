"""Character consistency: projects, characters and jobs, and the five tables that keep them consistent."""

import sqlalchemy as sa
from alembic import op

from db.migrations import columns as c

revision = "0001_character_consistency"
down_revision = None
branch_labels = None
depends_on = None

SEED_LIMIT = 2**64


def upgrade() -> None:
    _parents()
    _characters()
    _evidence()
    op.create_table(
        "story_bibles",
        c.key(),
        c.ref("project_id"),
        c.prose("art_style"),
        c.json_object("color_palette"),
        c.name("line_weight", 100, nullable=True),
        c.name("shading_style", 100, nullable=True),
        c.prose("setting_description"),
        c.name("time_period", 100, nullable=True),
        c.texts("mood_keywords"),
        c.texts("narrative_themes"),
        c.seed("global_seed", nullable=True),
        c.name("version", 50, default="1.0.0"),
        c.moment(),
        c.moment("updated_at"),
        c.primary("story_bibles"),
        c.points("story_bibles", "project_id", "projects"),
        c.unique("story_bibles", "project_id"),
    )


def downgrade() -> None:
    for table in (
        "story_bibles",
        "quality_scores",
        "generation_params",
        "character_variations",
        "character_attributes",
        "jobs",
        "characters",
        "projects",
    ):
        op.drop_table(table)


def _parents() -> None:
    """What the specification's tables point at and never defined."""
    op.create_table(
        "projects",
        c.key(),
        c.name("slug", 100),
        c.name("name"),
        c.prose("description"),
        c.json_object("defaults"),
        c.moment(),
        c.primary("projects"),
        c.unique("projects", "slug"),
    )
    op.create_table(
        "characters",
        c.key(),
        c.ref("project_id"),
        c.name("slug", 100),
        c.name("name"),
        c.prose("description"),
        sa.Column("reference_embedding", sa.LargeBinary(), nullable=True),
        c.name("reference_network", 100, nullable=True),
        c.json_object("color_palette"),
        c.prose("base_prompt"),
        c.texts("negative_tokens"),
        c.prose("lora_model_path"),
        c.moment(),
        c.primary("characters"),
        c.points("characters", "project_id", "projects"),
        c.unique("characters", "project_id", "slug"),
    )
    op.create_table(
        "jobs",
        c.key(),
        c.ref("project_id"),
        c.word("job_type"),
        c.word("phase"),
        c.ref("parent_job_id", nullable=True),
        c.json_or_null("retake_reason"),
        c.name("idempotency_key", nullable=True),
        c.name("requested_by"),
        c.moment(),
        c.primary("jobs"),
        c.points("jobs", "project_id", "projects"),
        c.points("jobs", "parent_job_id", "jobs", "SET NULL"),
        c.unique("jobs", "project_id", "idempotency_key"),
    )
    op.create_index("ix_jobs_project_id_phase", "jobs", ["project_id", "phase"])
    op.create_index("ix_jobs_created_at_id", "jobs", ["created_at", "id"])
    op.create_index(
        "ix_jobs_parent_job_id",
        "jobs",
        ["parent_job_id"],
        postgresql_where=sa.text("parent_job_id IS NOT NULL"),
    )


def _characters() -> None:
    op.create_table(
        "character_attributes",
        c.key(),
        c.ref("character_id"),
        c.name("attribute_type", 100),
        c.prose("attribute_value", nullable=False),
        c.texts("prompt_tokens"),
        c.number("priority", default=0),
        c.moment(),
        c.primary("character_attributes"),
        c.points("character_attributes", "character_id", "characters"),
        c.unique("character_attributes", "character_id", "attribute_type"),
    )
    op.create_table(
        "character_variations",
        c.key(),
        c.ref("character_id"),
        c.name("variation_name"),
        c.word("variation_type"),
        c.json_object("prompt_modifiers"),
        c.prose("reference_image_path"),
        c.moment(),
        c.primary("character_variations"),
        c.points("character_variations", "character_id", "characters"),
        c.unique("character_variations", "character_id", "variation_name"),
    )


def _evidence() -> None:
    """How a take was made, and what was measured of it."""
    op.create_table(
        "generation_params",
        c.key(),
        c.ref("job_id"),
        c.prose("positive_prompt", nullable=False),
        c.prose("negative_prompt"),
        c.seed("seed"),
        c.seed("subseed", nullable=True),
        c.name("model_name"),
        c.name("model_hash", 64, nullable=True),
        c.name("vae_name", nullable=True),
        c.name("sampler_name", 100, nullable=True),
        c.name("scheduler", 100, nullable=True),
        c.number("steps", nullable=True),
        c.measure("cfg_scale"),
        c.number("width"),
        c.number("height"),
        c.number("frame_count", default=1),
        c.number("fps", default=24),
        c.json_list("lora_models"),
        c.json_list("controlnet_models"),
        c.json_list("ipadapter_refs"),
        c.json_or_null("comfyui_workflow"),
        c.moment(),
        c.name("renderer", 100),
        c.name("renderer_version", 100, nullable=True),
        c.json_object("recipe", required=True),
        c.json_object("file_hashes"),
        c.json_object("environment"),
        c.primary("generation_params"),
        c.points("generation_params", "job_id", "jobs"),
        c.unique("generation_params", "job_id"),
        sa.CheckConstraint(f"seed >= 0 AND seed < {SEED_LIMIT}", name=op.f("ck_generation_params_seed_range")),
        sa.CheckConstraint(
            f"subseed IS NULL OR (subseed >= 0 AND subseed < {SEED_LIMIT})",
            name=op.f("ck_generation_params_subseed_range"),
        ),
    )
    op.create_table(
        "quality_scores",
        c.key(),
        c.ref("job_id"),
        c.measure("face_similarity"),
        c.measure("aesthetic_score"),
        c.measure("temporal_lpips"),
        c.measure("motion_smoothness"),
        c.measure("subject_consistency"),
        c.measure("style_adherence"),
        c.measure("scene_continuity"),
        sa.Column("passes_threshold", sa.Boolean(), nullable=True),
        c.word("phase"),
        c.word("verdict", nullable=True),
        c.texts("blocking"),
        c.texts("not_measured"),
        c.json_object("thresholds_used"),
        c.json_list("measurements"),
        c.moment("evaluated_at"),
        c.primary("quality_scores"),
        c.points("quality_scores", "job_id", "jobs"),
        c.unique("quality_scores", "job_id"),
    )

"""Worker facts: what SQL asks of workers in columns, and who is live in one function."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from db.migrations import columns as c

revision = "0005_worker_facts"
down_revision = "0004_production_rendering"
branch_labels = None
depends_on = None

_IS_LIVE = """
CREATE FUNCTION is_live(worker workers, silent_after interval) RETURNS boolean LANGUAGE sql STABLE
RETURN worker.status IN ('ready', 'busy') AND worker.last_seen_at > now() - silent_after
"""

_TAKE_OUT = """
UPDATE workers
SET networks = ARRAY(SELECT jsonb_array_elements_text(COALESCE(capabilities -> 'networks', '[]'))),
    is_doubted = COALESCE((capabilities #>> '{comfyui,is_doubted}')::boolean, false),
    capabilities = (capabilities - 'networks') #- '{comfyui,is_doubted}'
"""
_PUT_BACK = (
    "UPDATE workers SET capabilities = capabilities || jsonb_build_object('networks', networks)"
    " WHERE networks <> '{}'",
    "UPDATE workers SET capabilities = jsonb_set(capabilities, '{comfyui,is_doubted}', 'true') WHERE is_doubted",
)


def upgrade() -> None:
    op.add_column("workers", c.texts("networks"))
    op.add_column("workers", c.flag("is_doubted"))
    op.execute(_TAKE_OUT)
    # What a worker reports of its ComfyUI and its card stays one record; Postgres reads these off it.
    _derive("has_comfyui", sa.Boolean(), "(capabilities ? 'comfyui'::text)", nullable=False)
    _derive("comfyui_inventory", sa.String(64), "(capabilities #>> '{comfyui,inventory}'::text[])")
    _derive("comfyui_vram_mib", sa.Integer(), "((capabilities #>> '{comfyui,vram_mib}'::text[]))::integer")
    _derive("comfyui_error", sa.Text(), "(capabilities #>> '{comfyui,error}'::text[])")
    _derive("gpu_info", JSONB(), "(capabilities -> 'gpu_info'::text)")
    op.execute(_IS_LIVE)


def downgrade() -> None:
    op.execute("DROP FUNCTION is_live(workers, interval)")
    for column in ("gpu_info", "comfyui_error", "comfyui_vram_mib", "comfyui_inventory", "has_comfyui"):
        op.drop_column("workers", column)
    for statement in _PUT_BACK:
        op.execute(statement)
    for column in ("is_doubted", "networks"):
        op.drop_column("workers", column)


def _derive(name: str, kind: sa.types.TypeEngine[Any], expression: str, *, nullable: bool = True) -> None:
    op.add_column("workers", sa.Column(name, kind, sa.Computed(expression, persisted=True), nullable=nullable))

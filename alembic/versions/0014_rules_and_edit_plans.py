"""rules, and plans of edits."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from coffers.infrastructure.db import types

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "edit_plan_chunks",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "plan_id", "number", name=op.f("pk_edit_plan_chunks")),
    )
    op.create_table(
        "edit_plans",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("request", types.Json(), nullable=False),
        sa.Column("plan_hash", sa.String(length=64), nullable=False),
        sa.Column("summary", types.Json(), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.Column("applied_at", types.UTCDateTime(), nullable=True),
        sa.Column("reverted_at", types.UTCDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_edit_plans")),
    )
    with op.batch_alter_table("edit_plans", schema=None) as batch_op:
        batch_op.create_index("ix_edit_plans_id", ["id"], unique=False)
        batch_op.create_index("ix_edit_plans_user_id_status", ["user_id", "status"], unique=False)

    op.create_table(
        "rules",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("conditions", types.Json(), nullable=False),
        sa.Column("actions", types.Json(), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_rules")),
    )
    with op.batch_alter_table("rules", schema=None) as batch_op:
        batch_op.create_index("ix_rules_id", ["id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("rules", schema=None) as batch_op:
        batch_op.drop_index("ix_rules_id")

    op.drop_table("rules")
    with op.batch_alter_table("edit_plans", schema=None) as batch_op:
        batch_op.drop_index("ix_edit_plans_user_id_status")
        batch_op.drop_index("ix_edit_plans_id")

    op.drop_table("edit_plans")
    op.drop_table("edit_plan_chunks")

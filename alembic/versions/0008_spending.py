"""what owners say of their movements; their categories; opening balances."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from coffers.infrastructure.db import types

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "categories",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("value", sa.String(length=100), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("icon", sa.String(length=40), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_categories")),
        sa.UniqueConstraint(
            "user_id", "kind", "value", name=op.f("uq_categories_user_id_kind_value")
        ),
    )
    with op.batch_alter_table("categories", schema=None) as batch_op:
        batch_op.create_index("ix_categories_id", ["id"], unique=False)
    op.add_column("accounts", sa.Column("opening_balance", types.ExactDecimal(), nullable=True))
    # Until now nothing could move the balance of an account kept by hand.
    op.execute("UPDATE accounts SET opening_balance = balance WHERE source = 'manual'")
    for column in _annotations():
        op.add_column("transactions", column)


def downgrade() -> None:
    with op.batch_alter_table("transactions", schema=None) as batch_op:
        for column in reversed(_annotations()):
            batch_op.drop_column(column.name)
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_column("opening_balance")
    with op.batch_alter_table("categories", schema=None) as batch_op:
        batch_op.drop_index("ix_categories_id")
    op.drop_table("categories")


def _annotations() -> list[sa.Column[object]]:
    return [
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("merchant", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("tags", types.Json(), nullable=True),
        sa.Column("splits", types.Json(), nullable=True),
        sa.Column("is_ignored", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("transfer_id", sa.Uuid(), nullable=True),
        sa.Column("reconciliation_id", sa.Uuid(), nullable=True),
        sa.Column("annotated_by", types.Json(), nullable=True),
        sa.Column("annotation_text", sa.Text(), nullable=True),
    ]

"""import plans keep what the file says; tombstones stand one by one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from coffers.infrastructure.db import types

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    # A plan can be made again from its file; what was deleted is remembered from now on.
    op.execute("DELETE FROM imports WHERE status = 'planned'")
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.add_column(sa.Column("account_id", sa.Uuid(), nullable=True))
        batch_op.alter_column("content", new_column_name="statements")
        batch_op.drop_column("options")
        batch_op.drop_index("ix_imports_user_id_created_at")
        batch_op.create_index(
            "ix_imports_user_id_status", ["user_id", "status", "applied_at"], unique=False
        )
    op.drop_table("transaction_tombstones")
    op.create_table(
        "transaction_tombstones",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint(
            "user_id",
            "account_id",
            "kind",
            "key",
            "transaction_id",
            name=op.f("pk_transaction_tombstones"),
        ),
    )
    with op.batch_alter_table("transaction_tombstones", schema=None) as batch_op:
        batch_op.create_index(
            "ix_transaction_tombstones_import", ["user_id", "import_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("transaction_tombstones", schema=None) as batch_op:
        batch_op.drop_index("ix_transaction_tombstones_import")
    op.drop_table("transaction_tombstones")
    op.create_table(
        "transaction_tombstones",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint(
            "user_id", "account_id", "kind", "key", name=op.f("pk_transaction_tombstones")
        ),
    )
    op.execute("DELETE FROM imports WHERE status = 'planned'")
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.drop_index("ix_imports_user_id_status")
        batch_op.create_index(
            "ix_imports_user_id_created_at", ["user_id", "created_at"], unique=False
        )
        batch_op.add_column(sa.Column("options", types.Json(), nullable=False, server_default="{}"))
        batch_op.alter_column("statements", new_column_name="content")
        batch_op.drop_column("account_id")

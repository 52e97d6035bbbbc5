"""price marks."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "price_marks",
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("asset_id", name=op.f("pk_price_marks")),
    )
    with op.batch_alter_table("price_marks", schema=None) as batch_op:
        batch_op.create_index("ix_price_marks_user_id", ["user_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("price_marks", schema=None) as batch_op:
        batch_op.drop_index("ix_price_marks_user_id")

    op.drop_table("price_marks")

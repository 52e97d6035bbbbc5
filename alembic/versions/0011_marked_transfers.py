"""movements that a rule, or their owner, marks as transfers."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    marked: sa.Column[bool] = sa.Column(
        "is_transfer", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("transactions", marked)


def downgrade() -> None:
    with op.batch_alter_table("transactions", schema=None) as batch_op:
        batch_op.drop_column("is_transfer")

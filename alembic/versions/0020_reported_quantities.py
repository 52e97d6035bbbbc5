"""what sources reported to be held, by day."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from coffers.infrastructure.db import types

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "reported_quantities",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=12), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("quantity", types.ExactDecimal(), nullable=False),
        sa.PrimaryKeyConstraint(
            *("user_id", "account_id", "symbol", "currency", "day"),
            name=op.f("pk_reported_quantities"),
        ),
    )


def downgrade() -> None:
    op.drop_table("reported_quantities")

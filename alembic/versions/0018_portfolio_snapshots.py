"""portfolio snapshots."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from coffers.infrastructure.db import types

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "portfolio_back_fills",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("portfolio_id", sa.Uuid(), nullable=False),
        sa.Column("first", sa.Date(), nullable=True),
        sa.Column("last", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("requested_at", types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", types.UTCDateTime(), nullable=False),
        sa.Column("day_count", sa.Integer(), nullable=False),
        sa.Column("done_count", sa.Integer(), nullable=False),
        sa.Column("added_count", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "portfolio_id", name=op.f("pk_portfolio_back_fills")),
    )
    op.create_table(
        "portfolio_snapshots",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("portfolio_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=12), nullable=False),
        sa.Column("value", types.ExactDecimal(), nullable=True),
        sa.Column("cost_basis", types.ExactDecimal(), nullable=True),
        sa.Column("cash", types.ExactDecimal(), nullable=True),
        sa.Column("inflow", types.ExactDecimal(), nullable=True),
        sa.Column("outflow", types.ExactDecimal(), nullable=True),
        sa.Column("income", types.ExactDecimal(), nullable=True),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("captured_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint(
            "user_id", "portfolio_id", "day", name=op.f("pk_portfolio_snapshots")
        ),
    )


def downgrade() -> None:
    op.drop_table("portfolio_snapshots")
    op.drop_table("portfolio_back_fills")

"""which accounts have securities."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_index(
        "ix_transactions_securities",
        "transactions",
        ["user_id", "account_id"],
        unique=False,
        sqlite_where=sa.text("symbol IS NOT NULL"),
        postgresql_where=sa.text("symbol IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_transactions_securities", "transactions")

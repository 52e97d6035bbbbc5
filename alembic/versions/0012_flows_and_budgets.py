"""budgets, what they reached, and the indexes that reports are answered from."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from coffers.infrastructure.db import types

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_COLUMNS = {
    "flows": [
        *("user_id", "transaction_date", "currency", "category_id", "transaction_type"),
        *("account_id", "status", "amount", "merchant"),
        *("is_ignored", "transfer_id", "is_transfer", "splits"),
    ],
    "split": ["user_id", "transaction_date"],
    "left_out": [
        *("user_id", "transaction_date", "account_id", "currency", "status"),
        *("is_ignored", "transfer_id", "is_transfer"),
    ],
}


def _where(no: str, yes: str) -> dict[str, str]:
    counts = (
        "status IN ('settled', 'pending')"
        f" AND is_ignored = {no} AND transfer_id IS NULL AND is_transfer = {no}"
    )
    return {
        "flows": f"{counts} AND splits IS NULL",
        "split": f"{counts} AND splits IS NOT NULL",
        "left_out": "status != 'settled'"
        f" OR is_ignored = {yes} OR transfer_id IS NOT NULL OR is_transfer = {yes}",
    }


def upgrade() -> None:
    op.create_table(
        "budgets",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("amount", types.ExactDecimal(), nullable=False),
        sa.Column("currency", sa.String(length=12), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("length_days", sa.Integer(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("category_ids", types.Json(), nullable=False),
        sa.Column("has_rollover", sa.Boolean(), nullable=False),
        sa.Column("thresholds", types.Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_budgets")),
    )
    op.create_index("ix_budgets_id", "budgets", ["id"])
    op.create_table(
        "budget_alerts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("budget_id", sa.Uuid(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("reached_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint(
            *("user_id", "budget_id", "period_start", "threshold"), name=op.f("pk_budget_alerts")
        ),
    )
    for name, columns in _COLUMNS.items():
        op.create_index(
            f"ix_transactions_{name}",
            "transactions",
            columns,
            sqlite_where=sa.text(_where("0", "1")[name]),
            postgresql_where=sa.text(_where("false", "true")[name]),
        )


def downgrade() -> None:
    for name in _COLUMNS:
        op.drop_index(f"ix_transactions_{name}", "transactions")
    op.drop_table("budget_alerts")
    op.drop_index("ix_budgets_id", "budgets")
    op.drop_table("budgets")

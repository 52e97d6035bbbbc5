"""reconciliations; what accounts kept by hand opened with, before what files brought."""

from collections.abc import Sequence
from decimal import Decimal

import sqlalchemy as sa
from alembic import op

from coffers.domain.money import EXACT, money_digits
from coffers.infrastructure.db import types

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("statement_date", sa.Date(), nullable=False),
        sa.Column("stated_balance", types.ExactDecimal(), nullable=False),
        sa.Column("ledger_balance", types.ExactDecimal(), nullable=False),
        sa.Column("difference", types.ExactDecimal(), nullable=False),
        sa.Column("is_reconciled", sa.Boolean(), nullable=False),
        sa.Column("adjustment_transaction_id", sa.Uuid(), nullable=True),
        sa.Column("reconciled_count", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_reconciliations")),
    )
    with op.batch_alter_table("reconciliations", schema=None) as batch_op:
        batch_op.create_index("ix_reconciliations_id", ["id"], unique=False)
        batch_op.create_index(
            "ix_reconciliations_account", ["user_id", "account_id", "statement_date"], unique=False
        )
    op.create_index(
        "ix_transactions_reconciliation",
        "transactions",
        ["user_id", "reconciliation_id"],
        unique=False,
        sqlite_where=sa.text("reconciliation_id IS NOT NULL"),
        postgresql_where=sa.text("reconciliation_id IS NOT NULL"),
    )
    _reopen()


def downgrade() -> None:
    op.drop_index("ix_transactions_reconciliation", "transactions")
    op.drop_table("reconciliations")


_ACCOUNTS = sa.table(
    "accounts",
    sa.column("user_id", sa.Uuid()),
    sa.column("id", sa.Uuid()),
    sa.column("source", sa.Text()),
    sa.column("currency", sa.Text()),
    sa.column("balance", types.ExactDecimal()),
    sa.column("opening_balance", types.ExactDecimal()),
)
_TRANSACTIONS = sa.table(
    "transactions",
    sa.column("user_id", sa.Uuid()),
    sa.column("account_id", sa.Uuid()),
    sa.column("currency", sa.Text()),
    sa.column("status", sa.Text()),
    sa.column("amount", types.ExactDecimal()),
)


def _reopen() -> None:
    """The balance that a file stated stays: the opening balance is what makes it the sum."""
    connection, t = op.get_bind(), _TRANSACTIONS.c
    kept = sa.and_(_ACCOUNTS.c.source == "manual", _ACCOUNTS.c.balance.is_not(None))
    for account in connection.execute(sa.select(_ACCOUNTS).where(kept)).all():
        inside = sa.and_(
            t.user_id == account.user_id,
            t.account_id == account.id,
            t.currency == account.currency,
            t.status.in_(["settled", "pending"]),
        )
        opening = account.balance
        for amount in connection.execute(sa.select(t.amount).where(inside)).scalars():
            opening = EXACT.subtract(opening, amount or Decimal(0))
        if opening != account.balance:
            one = sa.and_(_ACCOUNTS.c.user_id == account.user_id, _ACCOUNTS.c.id == account.id)
            written = money_digits(opening, account.currency)
            connection.execute(sa.update(_ACCOUNTS).where(one).values(opening_balance=written))

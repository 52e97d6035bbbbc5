"""ledger."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from coffers.infrastructure.db import types

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("provider_account_id", sa.Text(), nullable=True),
        sa.Column("account_number", sa.LargeBinary(), nullable=True),
        sa.Column("account_number_masked", sa.String(length=20), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account_type", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.String(length=12), nullable=False),
        sa.Column("balance", types.ExactDecimal(), nullable=True),
        sa.Column("available_balance", types.ExactDecimal(), nullable=True),
        sa.Column("cash_balance", types.ExactDecimal(), nullable=True),
        sa.Column("deactivated_at", types.UTCDateTime(), nullable=True),
        sa.Column("last_synced_at", types.UTCDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_accounts")),
        sa.UniqueConstraint(
            "user_id",
            "connection_id",
            "provider_account_id",
            name=op.f("uq_accounts_user_id_connection_id_provider_account_id"),
        ),
    )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.create_index("ix_accounts_id", ["id"], unique=False)
        batch_op.create_index(
            "uq_accounts_user_id_source_provider_account_id",
            ["user_id", "source", "provider_account_id"],
            unique=True,
            sqlite_where=sa.text("connection_id IS NULL"),
            postgresql_where=sa.text("connection_id IS NULL"),
        )

    op.create_table(
        "balance_snapshots",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("balance", types.ExactDecimal(), nullable=False),
        sa.Column("available_balance", types.ExactDecimal(), nullable=True),
        sa.Column("holdings_value", types.ExactDecimal(), nullable=True),
        sa.Column("cash_value", types.ExactDecimal(), nullable=True),
        sa.Column("currency", sa.String(length=12), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("captured_at", types.UTCDateTime(), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_balance_snapshots")),
    )
    with op.batch_alter_table("balance_snapshots", schema=None) as batch_op:
        batch_op.create_index(
            "ix_balance_snapshots_account",
            ["user_id", "account_id", "captured_at", "id"],
            unique=False,
        )

    op.create_table(
        "holdings",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("provider_holding_id", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("security_name", sa.Text(), nullable=False),
        sa.Column("asset_type", sa.String(length=20), nullable=False),
        sa.Column("quantity", types.ExactDecimal(), nullable=False),
        sa.Column("cost_basis", types.ExactDecimal(), nullable=True),
        sa.Column("market_value", types.ExactDecimal(), nullable=False),
        sa.Column("currency", sa.String(length=12), nullable=False),
        sa.Column("average_price", types.ExactDecimal(), nullable=True),
        sa.Column("current_price", types.ExactDecimal(), nullable=True),
        sa.Column("cusip", sa.String(length=12), nullable=True),
        sa.Column("isin", sa.String(length=16), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("last_synced_at", types.UTCDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_holdings")),
        sa.UniqueConstraint(
            "user_id",
            "account_id",
            "provider_holding_id",
            name=op.f("uq_holdings_user_id_account_id_provider_holding_id"),
        ),
    )
    with op.batch_alter_table("holdings", schema=None) as batch_op:
        batch_op.create_index("ix_holdings_id", ["id"], unique=False)

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
    op.create_table(
        "transactions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("provider_transaction_id", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("transaction_type", sa.String(length=20), nullable=False),
        sa.Column("subtype", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("amount", types.ExactDecimal(), nullable=False),
        sa.Column("currency", sa.String(length=12), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("asset_type", sa.String(length=20), nullable=True),
        sa.Column("symbol", sa.Text(), nullable=True),
        sa.Column("security_name", sa.Text(), nullable=True),
        sa.Column("quantity", types.ExactDecimal(), nullable=True),
        sa.Column("unit_price", types.ExactDecimal(), nullable=True),
        sa.Column("commission", types.ExactDecimal(), nullable=True),
        sa.Column("transaction_date", sa.Date(), nullable=False),
        sa.Column("settlement_date", sa.Date(), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_transactions")),
        sa.UniqueConstraint(
            "user_id",
            "account_id",
            "provider_transaction_id",
            name=op.f("uq_transactions_user_id_account_id_provider_transaction_id"),
        ),
    )
    with op.batch_alter_table("transactions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_transactions_account_day",
            ["user_id", "account_id", "transaction_date", "id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_transactions_fingerprint",
            ["user_id", "account_id", "fingerprint"],
            unique=False,
            sqlite_where=sa.text("fingerprint IS NOT NULL"),
            postgresql_where=sa.text("fingerprint IS NOT NULL"),
        )
        batch_op.create_index("ix_transactions_id", ["id"], unique=False)
        batch_op.create_index(
            "ix_transactions_import",
            ["user_id", "import_id"],
            unique=False,
            sqlite_where=sa.text("import_id IS NOT NULL"),
            postgresql_where=sa.text("import_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_transactions_pending",
            ["user_id", "account_id"],
            unique=False,
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        )
        batch_op.create_index(
            "ix_transactions_user_id_transaction_date_id",
            ["user_id", "transaction_date", "id"],
            unique=False,
        )


def downgrade() -> None:
    with op.batch_alter_table("transactions", schema=None) as batch_op:
        batch_op.drop_index("ix_transactions_user_id_transaction_date_id")
        batch_op.drop_index(
            "ix_transactions_pending",
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        )
        batch_op.drop_index(
            "ix_transactions_import",
            sqlite_where=sa.text("import_id IS NOT NULL"),
            postgresql_where=sa.text("import_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_transactions_id")
        batch_op.drop_index(
            "ix_transactions_fingerprint",
            sqlite_where=sa.text("fingerprint IS NOT NULL"),
            postgresql_where=sa.text("fingerprint IS NOT NULL"),
        )
        batch_op.drop_index("ix_transactions_account_day")

    op.drop_table("transactions")
    op.drop_table("transaction_tombstones")
    with op.batch_alter_table("holdings", schema=None) as batch_op:
        batch_op.drop_index("ix_holdings_id")

    op.drop_table("holdings")
    with op.batch_alter_table("balance_snapshots", schema=None) as batch_op:
        batch_op.drop_index("ix_balance_snapshots_account")

    op.drop_table("balance_snapshots")
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_accounts_user_id_source_provider_account_id",
            sqlite_where=sa.text("connection_id IS NULL"),
            postgresql_where=sa.text("connection_id IS NULL"),
        )
        batch_op.drop_index("ix_accounts_id")

    op.drop_table("accounts")

"""transfers between own accounts, and recurring payments."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from coffers.infrastructure.db import types

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "recurring_series",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=12), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("cadence", sa.String(length=12), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("amount", types.ExactDecimal(), nullable=False),
        sa.Column("smallest", types.ExactDecimal(), nullable=False),
        sa.Column("largest", types.ExactDecimal(), nullable=False),
        sa.Column("is_fixed", sa.Boolean(), nullable=False),
        sa.Column("previous_amount", types.ExactDecimal(), nullable=True),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("anchor", sa.Integer(), nullable=False),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("evidence", types.Json(), nullable=False),
        sa.Column("regularity", types.ExactDecimal(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("missed_count", sa.Integer(), nullable=False),
        sa.Column("missed_on", sa.Date(), nullable=True),
        sa.Column("chosen", types.Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_recurring_series")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_recurring_series_user_id_key")),
    )
    with op.batch_alter_table("recurring_series", schema=None) as batch_op:
        batch_op.create_index("ix_recurring_series_expected_on", ["expected_on"], unique=False)
        batch_op.create_index("ix_recurring_series_id", ["id"], unique=False)

    op.create_table(
        "transfers",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("matched_by", sa.String(length=10), nullable=False),
        sa.Column("outgoing_id", sa.Uuid(), nullable=False),
        sa.Column("incoming_id", sa.Uuid(), nullable=False),
        sa.Column("outgoing_amount", types.ExactDecimal(), nullable=False),
        sa.Column("outgoing_currency", sa.String(length=12), nullable=False),
        sa.Column("incoming_amount", types.ExactDecimal(), nullable=False),
        sa.Column("incoming_currency", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_transfers")),
        sa.UniqueConstraint(
            "user_id",
            "outgoing_id",
            "incoming_id",
            name=op.f("uq_transfers_user_id_outgoing_id_incoming_id"),
        ),
    )
    with op.batch_alter_table("transfers", schema=None) as batch_op:
        batch_op.create_index("ix_transfers_id", ["id"], unique=False)
        batch_op.create_index(
            "ix_transfers_user_id_incoming_id", ["user_id", "incoming_id"], unique=False
        )
        batch_op.create_index(
            "ix_transfers_user_id_status_id", ["user_id", "status", "id"], unique=False
        )
        batch_op.create_index(
            "uq_transfers_confirmed_incoming",
            ["user_id", "incoming_id"],
            unique=True,
            sqlite_where=sa.text("status = 'confirmed'"),
            postgresql_where=sa.text("status = 'confirmed'"),
        )
        batch_op.create_index(
            "uq_transfers_confirmed_outgoing",
            ["user_id", "outgoing_id"],
            unique=True,
            sqlite_where=sa.text("status = 'confirmed'"),
            postgresql_where=sa.text("status = 'confirmed'"),
        )


def downgrade() -> None:
    op.execute("UPDATE transactions SET transfer_id = NULL")
    with op.batch_alter_table("transfers", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_transfers_confirmed_outgoing",
            sqlite_where=sa.text("status = 'confirmed'"),
            postgresql_where=sa.text("status = 'confirmed'"),
        )
        batch_op.drop_index(
            "uq_transfers_confirmed_incoming",
            sqlite_where=sa.text("status = 'confirmed'"),
            postgresql_where=sa.text("status = 'confirmed'"),
        )
        batch_op.drop_index("ix_transfers_user_id_status_id")
        batch_op.drop_index("ix_transfers_user_id_incoming_id")
        batch_op.drop_index("ix_transfers_id")

    op.drop_table("transfers")
    with op.batch_alter_table("recurring_series", schema=None) as batch_op:
        batch_op.drop_index("ix_recurring_series_id")
        batch_op.drop_index("ix_recurring_series_expected_on")

    op.drop_table("recurring_series")

"""exchange rates: people's own, and published ones newer than the program."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from coffers.infrastructure.db import types

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:

    op.create_table(
        "exchange_rates",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("base", sa.String(length=12), nullable=False),
        sa.Column("quote", sa.String(length=12), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("rate", types.ExactDecimal(), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_exchange_rates")),
        sa.UniqueConstraint(
            "user_id",
            "base",
            "quote",
            "date",
            name=op.f("uq_exchange_rates_user_id_base_quote_date"),
        ),
    )
    with op.batch_alter_table("exchange_rates", schema=None) as batch_op:
        batch_op.create_index("ix_exchange_rates_id", ["id"], unique=False)
        batch_op.create_index("ix_exchange_rates_user_id_date", ["user_id", "date"], unique=False)

    op.create_table(
        "reference_rates",
        sa.Column("currency", sa.String(length=12), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("rate", types.ExactDecimal(), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.PrimaryKeyConstraint("currency", "date", name=op.f("pk_reference_rates")),
    )
    with op.batch_alter_table("reference_rates", schema=None) as batch_op:
        batch_op.create_index("ix_reference_rates_date", ["date"], unique=False)


def downgrade() -> None:

    with op.batch_alter_table("reference_rates", schema=None) as batch_op:
        batch_op.drop_index("ix_reference_rates_date")

    op.drop_table("reference_rates")
    with op.batch_alter_table("exchange_rates", schema=None) as batch_op:
        batch_op.drop_index("ix_exchange_rates_user_id_date")
        batch_op.drop_index("ix_exchange_rates_id")

    op.drop_table("exchange_rates")

"""schedules: failures in a row, when credentials were obtained, up to when movements were read."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from coffers.infrastructure.db import types

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

#: Credentials from before this was noted: read as an instant by both engines.
_LONG_AGO = "1970-01-01T00:00:00.000000Z"


def upgrade() -> None:
    op.create_table(
        "transaction_readings",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("read_until", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "account_id", name=op.f("pk_transaction_readings")),
    )
    obtained_at: sa.Column[object] = sa.Column(
        "obtained_at", types.UTCDateTime(), nullable=False, server_default=_LONG_AGO
    )
    with op.batch_alter_table("connection_credentials", schema=None) as batch_op:
        batch_op.add_column(obtained_at)
    failures: sa.Column[int] = sa.Column(
        "failures", sa.Integer(), nullable=False, server_default="0"
    )
    with op.batch_alter_table("connections", schema=None) as batch_op:
        batch_op.add_column(failures)
        batch_op.create_index(
            "ix_connections_sync_leased_until", ["sync_leased_until"], unique=False
        )
    with op.batch_alter_table("syncs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("start_date", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("end_date", sa.Date(), nullable=True))
    # The defaults were for the rows of before: whoever writes now, says it.
    with op.batch_alter_table("connection_credentials", schema=None) as batch_op:
        batch_op.alter_column("obtained_at", server_default=None)
    with op.batch_alter_table("connections", schema=None) as batch_op:
        batch_op.alter_column("failures", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("syncs", schema=None) as batch_op:
        batch_op.drop_column("end_date")
        batch_op.drop_column("start_date")

    with op.batch_alter_table("connections", schema=None) as batch_op:
        batch_op.drop_index("ix_connections_sync_leased_until")
        batch_op.drop_column("failures")

    with op.batch_alter_table("connection_credentials", schema=None) as batch_op:
        batch_op.drop_column("obtained_at")

    op.drop_table("transaction_readings")

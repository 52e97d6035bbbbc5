"""lots that sales name, when what came from elsewhere was bought, multipliers of contracts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from coffers.infrastructure.db import types

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("assets", sa.Column("multiplier", types.ExactDecimal(), nullable=True))
    op.add_column("transactions", sa.Column("acquired_date", sa.Date(), nullable=True))
    op.add_column("transactions", sa.Column("lots", types.Json(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("transactions", schema=None) as batch_op:
        batch_op.drop_column("lots")
        batch_op.drop_column("acquired_date")
    with op.batch_alter_table("assets", schema=None) as batch_op:
        batch_op.drop_column("multiplier")

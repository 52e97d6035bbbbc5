"""old units of corporate actions: one for three is no decimal."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from coffers.infrastructure.db import types

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("corporate_actions", sa.Column("old_units", types.ExactDecimal(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("corporate_actions", schema=None) as batch_op:
        batch_op.drop_column("old_units")

"""security_rotations: each rotation is kept, so that a later one never revives what one voided."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from coffers.infrastructure.db import types

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "security_rotations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", types.UTCDateTime(), nullable=False),
        sa.Column("enforced_from", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_rotations")),
    )
    with op.batch_alter_table("security_rotations", schema=None) as batch_op:
        batch_op.create_index(
            "ix_security_rotations_enforced_from", ["enforced_from"], unique=False
        )

    op.drop_table("security_state")


def downgrade() -> None:
    op.create_table(
        "security_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tokens_valid_from", types.UTCDateTime(), nullable=True),
        sa.Column("enforced_from", types.UTCDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_security_state_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_state")),
    )
    op.execute("INSERT INTO security_state (id, version) VALUES (1, 1)")
    with op.batch_alter_table("security_rotations", schema=None) as batch_op:
        batch_op.drop_index("ix_security_rotations_enforced_from")

    op.drop_table("security_rotations")

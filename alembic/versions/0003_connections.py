"""connections."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from coffers.infrastructure.db import types

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:

    op.create_table(
        "connection_credentials",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", types.UTCDateTime(), nullable=True),
        sa.Column("refreshing_until", types.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "connection_id", name=op.f("pk_connection_credentials")),
    )
    op.create_table(
        "connections",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_slug", sa.String(length=60), nullable=False),
        sa.Column("alias", sa.String(length=100), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("connected_at", types.UTCDateTime(), nullable=True),
        sa.Column("last_sync_at", types.UTCDateTime(), nullable=True),
        sa.Column("next_sync_at", types.UTCDateTime(), nullable=True),
        sa.Column("sync_id", sa.Uuid(), nullable=True),
        sa.Column("sync_leased_until", types.UTCDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_connections")),
    )
    with op.batch_alter_table("connections", schema=None) as batch_op:
        batch_op.create_index("ix_connections_id", ["id"], unique=False)
        batch_op.create_index("ix_connections_next_sync_at", ["next_sync_at"], unique=False)

    op.create_table(
        "link_attempts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("provider_slug", sa.String(length=60), nullable=False),
        sa.Column("alias", sa.String(length=100), nullable=True),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("sealed_verifier", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", types.UTCDateTime(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_link_attempts")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_link_attempts_state_hash")),
    )
    with op.batch_alter_table("link_attempts", schema=None) as batch_op:
        batch_op.create_index("ix_link_attempts_expires_at", ["expires_at"], unique=False)

    op.create_table(
        "syncs",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("trigger", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("started_at", types.UTCDateTime(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("finished_at", types.UTCDateTime(), nullable=True),
        sa.Column("step", sa.String(length=100), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("problem", sa.String(length=60), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_syncs")),
    )
    with op.batch_alter_table("syncs", schema=None) as batch_op:
        batch_op.create_index(
            "ix_syncs_user_id_connection_id_started_at",
            ["user_id", "connection_id", "started_at"],
            unique=False,
        )


def downgrade() -> None:

    with op.batch_alter_table("syncs", schema=None) as batch_op:
        batch_op.drop_index("ix_syncs_user_id_connection_id_started_at")

    op.drop_table("syncs")
    with op.batch_alter_table("link_attempts", schema=None) as batch_op:
        batch_op.drop_index("ix_link_attempts_expires_at")

    op.drop_table("link_attempts")
    with op.batch_alter_table("connections", schema=None) as batch_op:
        batch_op.drop_index("ix_connections_next_sync_at")
        batch_op.drop_index("ix_connections_id")

    op.drop_table("connections")
    op.drop_table("connection_credentials")

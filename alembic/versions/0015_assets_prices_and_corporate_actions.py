"""assets, prices and corporate actions."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from coffers.infrastructure.db import types

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "asset_links",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=12), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("is_chosen", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "symbol", "currency", name=op.f("pk_asset_links")),
    )
    with op.batch_alter_table("asset_links", schema=None) as batch_op:
        batch_op.create_index("ix_asset_links_asset_id", ["asset_id"], unique=False)

    op.create_table(
        "assets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("asset_type", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.String(length=12), nullable=False),
        sa.Column("exchange", sa.String(length=20), nullable=False),
        sa.Column("isin", sa.String(length=12), nullable=True),
        sa.Column("cusip", sa.String(length=9), nullable=True),
        sa.Column("figi", sa.String(length=12), nullable=True),
        sa.Column("sector", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("market_cap", types.ExactDecimal(), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
    )
    with op.batch_alter_table("assets", schema=None) as batch_op:
        batch_op.create_index(
            "uq_assets_own", ["user_id", "symbol", "exchange", "currency"], unique=True
        )
        batch_op.create_index(
            "uq_assets_shared",
            ["symbol", "exchange", "currency"],
            unique=True,
            sqlite_where=sa.text("user_id IS NULL"),
            postgresql_where=sa.text("user_id IS NULL"),
        )

    op.create_table(
        "corporate_actions",
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ratio", types.ExactDecimal(), nullable=True),
        sa.Column("amount", types.ExactDecimal(), nullable=True),
        sa.Column("currency", sa.String(length=12), nullable=True),
        sa.Column("new_asset_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("asset_id", "id", name=op.f("pk_corporate_actions")),
        sa.UniqueConstraint(
            "asset_id", "day", "kind", name=op.f("uq_corporate_actions_asset_id_day_kind")
        ),
    )
    with op.batch_alter_table("corporate_actions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_corporate_actions_new_asset_id",
            ["new_asset_id"],
            unique=False,
            sqlite_where=sa.text("new_asset_id IS NOT NULL"),
            postgresql_where=sa.text("new_asset_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_corporate_actions_user_id",
            ["user_id"],
            unique=False,
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )

    op.create_table(
        "prices",
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("open", types.ExactDecimal(), nullable=True),
        sa.Column("high", types.ExactDecimal(), nullable=True),
        sa.Column("low", types.ExactDecimal(), nullable=True),
        sa.Column("close", types.ExactDecimal(), nullable=False),
        sa.Column("volume", types.ExactDecimal(), nullable=True),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("created_at", types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", types.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("asset_id", "day", name=op.f("pk_prices")),
    )
    with op.batch_alter_table("prices", schema=None) as batch_op:
        batch_op.create_index(
            "ix_prices_user_id",
            ["user_id"],
            unique=False,
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("prices", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_prices_user_id",
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )

    op.drop_table("prices")
    with op.batch_alter_table("corporate_actions", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_corporate_actions_user_id",
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_corporate_actions_new_asset_id",
            sqlite_where=sa.text("new_asset_id IS NOT NULL"),
            postgresql_where=sa.text("new_asset_id IS NOT NULL"),
        )

    op.drop_table("corporate_actions")
    with op.batch_alter_table("assets", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_assets_shared",
            sqlite_where=sa.text("user_id IS NULL"),
            postgresql_where=sa.text("user_id IS NULL"),
        )
        batch_op.drop_index("uq_assets_own")

    op.drop_table("assets")
    with op.batch_alter_table("asset_links", schema=None) as batch_op:
        batch_op.drop_index("ix_asset_links_asset_id")

    op.drop_table("asset_links")

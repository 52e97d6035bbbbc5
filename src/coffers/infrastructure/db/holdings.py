"""The holdings table and its repository."""

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.types import ExactDecimal, Id, UTCDateTime

holdings: Final = Table(
    "holdings",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("account_id", Id, nullable=False),
    Column("provider_holding_id", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("security_name", Text, nullable=False),
    Column("asset_type", String(20), nullable=False),
    Column("quantity", ExactDecimal, nullable=False),
    Column("cost_basis", ExactDecimal),
    Column("market_value", ExactDecimal, nullable=False),
    Column("currency", String(12), nullable=False),
    Column("average_price", ExactDecimal),
    Column("current_price", ExactDecimal),
    Column("cusip", String(12)),
    Column("isin", String(16)),
    Column("is_active", Boolean, nullable=False),
    Column("last_synced_at", UTCDateTime),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    UniqueConstraint("user_id", "account_id", "provider_holding_id"),
    Index("ix_holdings_id", "id"),
)

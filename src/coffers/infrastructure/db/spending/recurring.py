"""The table of recurring payments and its repository."""

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.types import ExactDecimal, Id, Json, UTCDateTime

recurring_series: Final = Table(
    "recurring_series",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("account_id", Id, nullable=False),
    #: Account, currency, direction, words, and the amount if that is what sets it apart; hashed.
    Column("key", String(64), nullable=False),
    Column("words", Text, nullable=False),
    Column("currency", String(12), nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("state", String(10), nullable=False),
    Column("cadence", String(12), nullable=False),
    Column("category_id", Id),
    #: What is expected next, below zero when it goes out, and the range of what was.
    Column("amount", ExactDecimal, nullable=False),
    Column("smallest", ExactDecimal, nullable=False),
    Column("largest", ExactDecimal, nullable=False),
    Column("is_fixed", Boolean, nullable=False),
    Column("previous_amount", ExactDecimal),
    Column("first_on", Date, nullable=False),
    Column("last_on", Date, nullable=False),
    Column("anchor", Integer, nullable=False),
    Column("occurrences", Integer, nullable=False),
    #: Ids of transactions, newest first.
    Column("evidence", Json, nullable=False),
    Column("regularity", ExactDecimal, nullable=False),
    Column("expected_on", Date),
    Column("missed_count", Integer, nullable=False),
    #: The last day for which a missed payment was told.
    Column("missed_on", Date),
    #: The fields that the owner set.
    Column("chosen", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    UniqueConstraint("user_id", "key"),
    Index("ix_recurring_series_id", "id"),
    Index("ix_recurring_series_expected_on", "expected_on"),
)

"""The categories table: each user's own; the system set is part of the program."""

from typing import Final

from sqlalchemy import Column, Index, Integer, String, Table, Text, UniqueConstraint

from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.types import Id, UTCDateTime

categories: Final = Table(
    "categories",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("value", String(100), nullable=False),
    Column("name", Text, nullable=False),
    Column("icon", String(40), nullable=False),
    Column("parent_id", Id),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    UniqueConstraint("user_id", "kind", "value"),
    Index("ix_categories_id", "id"),
)

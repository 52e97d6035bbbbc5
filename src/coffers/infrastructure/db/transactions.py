"""The transactions and transaction_tombstones tables and their repository."""

from typing import Final

from sqlalchemy import (
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
from coffers.infrastructure.db.types import ExactDecimal, Id, UTCDateTime

transactions: Final = Table(
    "transactions",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("account_id", Id, nullable=False),
    Column("provider_transaction_id", Text),
    #: Of the row as its file wrote it, where the file gave no id that can be trusted.
    Column("fingerprint", String(64)),
    Column("import_id", Id),
    Column("transaction_type", String(20), nullable=False),
    Column("subtype", String(20), nullable=False),
    Column("status", String(12), nullable=False),
    Column("amount", ExactDecimal, nullable=False),
    Column("currency", String(12), nullable=False),
    Column("description", Text, nullable=False),
    Column("asset_type", String(20)),
    Column("symbol", Text),
    Column("security_name", Text),
    Column("quantity", ExactDecimal),
    Column("unit_price", ExactDecimal),
    Column("commission", ExactDecimal),
    Column("transaction_date", Date, nullable=False),
    Column("settlement_date", Date),
    #: Description and security name, case-folded: what a search looks through, on both engines.
    Column("search_text", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    UniqueConstraint("user_id", "account_id", "provider_transaction_id"),
    Index("ix_transactions_id", "id"),
    Index("ix_transactions_user_id_transaction_date_id", "user_id", "transaction_date", "id"),
    Index("ix_transactions_account_day", "user_id", "account_id", "transaction_date", "id"),
)
Index(
    "ix_transactions_pending",
    transactions.c.user_id,
    transactions.c.account_id,
    sqlite_where=transactions.c.status == "pending",
    postgresql_where=transactions.c.status == "pending",
)
Index(
    "ix_transactions_fingerprint",
    transactions.c.user_id,
    transactions.c.account_id,
    transactions.c.fingerprint,
    sqlite_where=transactions.c.fingerprint.is_not(None),
    postgresql_where=transactions.c.fingerprint.is_not(None),
)
Index(
    "ix_transactions_import",
    transactions.c.user_id,
    transactions.c.import_id,
    sqlite_where=transactions.c.import_id.is_not(None),
    postgresql_where=transactions.c.import_id.is_not(None),
)

#: What its owner deleted: `key` is the source's id, or the fingerprint with the number deleted.
transaction_tombstones: Final = Table(
    "transaction_tombstones",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("account_id", Id, primary_key=True),
    Column("kind", String(12), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
)

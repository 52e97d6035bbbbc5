"""The balance_snapshots table and its repository."""

from typing import Final

from sqlalchemy import Column, Index, String, Table, insert

from coffers.domain.snapshots import Snapshot, Snapshots
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import ExactDecimal, Id, UTCDateTime

balance_snapshots: Final = Table(
    "balance_snapshots",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("account_id", Id, nullable=False),
    Column("balance", ExactDecimal, nullable=False),
    Column("available_balance", ExactDecimal),
    Column("holdings_value", ExactDecimal),
    Column("cash_value", ExactDecimal),
    Column("currency", String(12), nullable=False),
    Column("source", String(20), nullable=False),
    Column("captured_at", UTCDateTime, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Index("ix_balance_snapshots_account", "user_id", "account_id", "captured_at", "id"),
)


class SqlSnapshots(Snapshots):
    """Balance snapshots in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, *snapshots: Snapshot) -> None:
        """As the port says."""
        if snapshots:
            rows = [_row(snapshot) for snapshot in snapshots]
            await self._transaction.execute(insert(balance_snapshots), rows)


def _row(snapshot: Snapshot) -> dict[str, object]:
    return {name: getattr(snapshot, name) for name in Snapshot.__dataclass_fields__}

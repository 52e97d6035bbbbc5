"""The transfers table, and its rows as transfers."""

from typing import Any, Final

from sqlalchemy import Column, Index, Integer, Row, String, Table, UniqueConstraint

from coffers.domain.spending.transfers import MatchedBy, Transfer, TransferStatus
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.types import ExactDecimal, Id, UTCDateTime

transfers: Final = Table(
    "transfers",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("status", String(10), nullable=False),
    Column("matched_by", String(10), nullable=False),
    Column("outgoing_id", Id, nullable=False),
    Column("incoming_id", Id, nullable=False),
    Column("outgoing_amount", ExactDecimal, nullable=False),
    Column("outgoing_currency", String(12), nullable=False),
    Column("incoming_amount", ExactDecimal, nullable=False),
    Column("incoming_currency", String(12), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    UniqueConstraint("user_id", "outgoing_id", "incoming_id"),
    Index("ix_transfers_id", "id"),
    Index("ix_transfers_user_id_incoming_id", "user_id", "incoming_id"),
    Index("ix_transfers_user_id_status_id", "user_id", "status", "id"),
)
# Whatever else goes wrong: a movement is a leg of one confirmed transfer at most.
for _side in ("outgoing", "incoming"):
    Index(
        f"uq_transfers_confirmed_{_side}",
        transfers.c.user_id,
        transfers.c[f"{_side}_id"],
        unique=True,
        sqlite_where=transfers.c.status == TransferStatus.CONFIRMED.value,
        postgresql_where=transfers.c.status == TransferStatus.CONFIRMED.value,
    )


def record_of(transfer: Transfer) -> dict[str, object]:
    """The row that keeps it."""
    row = {name: getattr(transfer, name) for name in Transfer.__dataclass_fields__}
    return row | {"status": transfer.status.value, "matched_by": transfer.matched_by.value}


def transfer_from(row: Row[Any]) -> Transfer:  # Any: a row of the whole table
    """The transfer that a row keeps."""
    fields = {name: getattr(row, name) for name in Transfer.__dataclass_fields__}
    fields |= {"status": TransferStatus(row.status), "matched_by": MatchedBy(row.matched_by)}
    return Transfer(**fields)

"""Balance snapshots: what an account was worth at an instant. Never changed once written."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from coffers.domain.ids import UserId


class SnapshotSource(StrEnum):
    """How it was captured."""

    ACCOUNT_SYNC = "account_sync"
    HOLDINGS_SYNC = "holdings_sync"
    MANUAL_SYNC = "manual_sync"
    SCHEDULED_SYNC = "scheduled_sync"
    INITIAL_CONNECTION = "initial_connection"
    FILE_IMPORT = "file_import"
    MANUAL_ENTRY = "manual_entry"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A balance and, where the source says, what it is made of."""

    id: UUID
    user_id: UserId
    account_id: UUID
    balance: Decimal
    currency: str
    source: SnapshotSource
    captured_at: datetime
    created_at: datetime
    available_balance: Decimal | None = None
    holdings_value: Decimal | None = None
    cash_value: Decimal | None = None


class Snapshots(Protocol):
    """Where they are kept."""

    async def add(self, *snapshots: Snapshot) -> None:
        """Keep these for good."""
        ...

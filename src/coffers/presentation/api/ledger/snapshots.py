"""/balance-snapshots: how balances moved."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from coffers.application.ledger import snapshots
from coffers.application.ledger.snapshots import (
    DEFAULT_SHOWN,
    BalanceHistory,
    HistoryAsked,
    LatestSnapshots,
    RecentAsked,
)
from coffers.domain.ledger.snapshots import SnapshotSource
from coffers.presentation.calls import Caller
from coffers.presentation.paging import LimitIn
from coffers.presentation.schemas import InstantIn

From = Annotated[InstantIn, Query(description="The first instant.")]
To = Annotated[InstantIn, Query(description="The last instant.")]
OfSource = Annotated[
    SnapshotSource | None, Query(description="Only those that were captured this way.")
]


async def list_latest_snapshots(call: Caller) -> LatestSnapshots:
    """List the most recent snapshot of each account."""
    return await snapshots.list_latest_snapshots(call.services.snapshot_lookups, call.principal)


async def get_balance_history(
    call: Caller, account_id: UUID, start_date: From, end_date: To, source: OfSource = None
) -> BalanceHistory:
    """Show how the balance of an account moved, oldest first."""
    asked = HistoryAsked(account_id, start_date, end_date, source)
    return await snapshots.get_history(call.services.snapshot_lookups, call.principal, asked)


async def list_account_snapshots(
    call: Caller, account_id: UUID, limit: LimitIn = DEFAULT_SHOWN, source: OfSource = None
) -> BalanceHistory:
    """List the most recent snapshots of an account, newest first."""
    asked = RecentAsked(account_id, limit, source)
    return await snapshots.list_recent_snapshots(
        call.services.snapshot_lookups, call.principal, asked
    )

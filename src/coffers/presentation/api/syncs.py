"""…/syncs: reading providers on request."""

from datetime import date
from uuid import UUID

from coffers.application import sync_reports
from coffers.application.sync_reports import (
    AccountsSynced,
    ConnectionSynced,
    HoldingsSynced,
    SyncList,
    TransactionsSynced,
)
from coffers.application.syncs import SyncRequest, sync
from coffers.domain.syncs import SyncReport, SyncScope, SyncTrigger
from coffers.presentation.api.connections import charge_provider
from coffers.presentation.calls import Call, Caller
from coffers.presentation.schemas import Body


class SyncWish(Body):
    """`force` syncs even when the last sync is only minutes old."""

    force: bool = False


class AccountsSyncWish(SyncWish):
    """Whose accounts to read."""

    connection_id: UUID


class TransactionsSyncWish(SyncWish):
    """Whose transactions to read, of which account, from when to when (inclusive)."""

    connection_id: UUID
    account_id: UUID | None = None
    start_date: date | None = None
    end_date: date | None = None


async def sync_connection(
    call: Caller, connection_id: UUID, body: SyncWish | None = None
) -> ConnectionSynced:
    """Read accounts, holdings and transactions in one go."""
    wish = body or SyncWish()
    report = await _sync(call, connection_id, SyncScope.EVERYTHING, force=wish.force)
    return sync_reports.of_connection(report)


async def sync_accounts(call: Caller, body: AccountsSyncWish) -> AccountsSynced:
    """Read the accounts of a connection and their balances."""
    report = await _sync(call, body.connection_id, SyncScope.ACCOUNTS, force=body.force)
    return sync_reports.of_accounts(report)


async def sync_transactions(call: Caller, body: TransactionsSyncWish) -> TransactionsSynced:
    """Read the transactions of a connection, or of one of its accounts."""
    report = await _sync(
        call,
        body.connection_id,
        SyncScope.TRANSACTIONS,
        force=body.force,
        account_id=body.account_id,
        first=body.start_date,
        last=body.end_date,
    )
    return sync_reports.of_transactions(report)


async def sync_holdings(
    call: Caller, account_id: UUID, body: SyncWish | None = None
) -> HoldingsSynced:
    """Read the positions of an account, and its balance along with them."""
    connection_id = await sync_reports.connection_of(
        call.services.accounts_view, call.principal, account_id
    )
    wish = body or SyncWish()
    report = await _sync(
        call, connection_id, SyncScope.HOLDINGS, force=wish.force, account_id=account_id
    )
    return sync_reports.of_holdings(report)


async def list_syncs(call: Caller, connection_id: UUID) -> SyncList:
    """List the last syncs of a connection, newest first, with their reports."""
    return await sync_reports.list_syncs(
        call.services.sync_lookups, call.principal, connection_id
    )


async def _sync(
    call: Call,
    connection_id: UUID,
    scope: SyncScope,
    *,
    force: bool,
    account_id: UUID | None = None,
    first: date | None = None,
    last: date | None = None,
) -> SyncReport:
    await charge_provider(call, connection_id)
    request = SyncRequest(
        user_id=call.principal.user_id,
        connection_id=connection_id,
        scope=scope,
        trigger=SyncTrigger.FORCED if force else SyncTrigger.REQUEST,
        account_id=account_id,
        first=first,
        last=last,
    )
    return await sync(call.uow, call.services.provider_access, request)

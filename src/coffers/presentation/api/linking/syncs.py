"""…/syncs: reading providers on request."""

from dataclasses import replace
from uuid import UUID

from coffers.application.linking import sync_reports
from coffers.application.linking.claims import SyncRequest
from coffers.application.linking.sync_reports import (
    AccountsSynced,
    ConnectionSynced,
    HoldingsSynced,
    SyncList,
    TransactionsSynced,
)
from coffers.application.linking.syncs import connection_of, sync
from coffers.domain.linking.syncs import SyncReport, SyncScope, SyncTrigger
from coffers.presentation.api.linking.connections import charge_provider
from coffers.presentation.calls import Call, Caller
from coffers.presentation.schemas import Body, DateIn, FlagIn


class SyncWish(Body):
    """`force` syncs even when the last sync is only minutes old."""

    force: FlagIn = False


class AccountsSyncWish(SyncWish):
    """Whose accounts to read."""

    connection_id: UUID


class TransactionsSyncWish(SyncWish):
    """Whose transactions to read, of which account, from when to when (inclusive)."""

    connection_id: UUID
    account_id: UUID | None = None
    start_date: DateIn | None = None
    end_date: DateIn | None = None


async def sync_connection(
    call: Caller, connection_id: UUID, body: SyncWish | None = None
) -> ConnectionSynced:
    """Read accounts, holdings and transactions in one go."""
    wish = body or SyncWish()
    request = _request(call, connection_id, SyncScope.EVERYTHING, wish)
    return sync_reports.of_connection(await _sync(call, request))


async def sync_accounts(call: Caller, body: AccountsSyncWish) -> AccountsSynced:
    """Read the accounts of a connection and their balances."""
    request = _request(call, body.connection_id, SyncScope.ACCOUNTS, body)
    return sync_reports.of_accounts(await _sync(call, request))


async def sync_transactions(call: Caller, body: TransactionsSyncWish) -> TransactionsSynced:
    """Read the transactions of a connection, or of one of its accounts."""
    request = replace(
        _request(call, body.connection_id, SyncScope.TRANSACTIONS, body),
        account_id=body.account_id,
        first=body.start_date,
        last=body.end_date,
    )
    return sync_reports.of_transactions(await _sync(call, request))


async def sync_holdings(
    call: Caller, account_id: UUID, body: SyncWish | None = None
) -> HoldingsSynced:
    """Read the positions of an account, and its balance along with them."""
    connection_id = await connection_of(call.services.account_lookups, call.principal, account_id)
    request = _request(call, connection_id, SyncScope.HOLDINGS, body or SyncWish())
    return sync_reports.of_holdings(await _sync(call, replace(request, account_id=account_id)))


async def list_syncs(call: Caller, connection_id: UUID) -> SyncList:
    """List the last syncs of a connection, newest first, with their reports."""
    return await sync_reports.list_syncs(call.services.sync_lookups, call.principal, connection_id)


def _request(call: Call, connection_id: UUID, scope: SyncScope, wish: SyncWish) -> SyncRequest:
    trigger = SyncTrigger.FORCED if wish.force else SyncTrigger.REQUEST
    return SyncRequest(call.principal.user_id, connection_id, scope, trigger)


async def _sync(call: Call, request: SyncRequest) -> SyncReport:
    standing = await charge_provider(call, request.connection_id)
    # Asked again under the lock; here, without waiting for a sync that is just storing much.
    standing.check_idle(call.services.clock.now())
    return await sync(call.uow, call.services.provider_access, request)

"""Syncs: claim the connection, read the provider, store everything in one commit.

The provider is asked between two transactions, never inside one. Whatever goes wrong upstream,
what was stored before stays as it was.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from coffers.application.claims import (
    Claim,
    SyncRequest,
    claim_connection,
    fail,
    released,
    report_progress,
    still_ours,
    sync_events,
)
from coffers.application.connections import provider_of
from coffers.application.credentials import ProviderAccess
from coffers.application.ports import UnitOfWork
from coffers.application.readings import Reading, SourceOf, store_reading
from coffers.domain.accounts import Account
from coffers.domain.errors import Conflict, DomainError, Unavailable
from coffers.domain.principals import Principal
from coffers.domain.providers import (
    ProviderAnsweredNonsense,
    ProviderRefusedCredentials,
)
from coffers.domain.snapshots import SnapshotSource
from coffers.domain.statements import ReportedAccount, ReportedTransaction
from coffers.domain.syncs import (
    SyncReport,
    SyncScope,
    SyncStatus,
    SyncTrigger,
)


class SyncInterrupted(Unavailable):
    """The sync was stopped before it could store anything."""

    slug = "sync_interrupted"


async def sync(uow: UnitOfWork, access: ProviderAccess, request: SyncRequest) -> SyncReport:
    """Read what is asked for and store it, all or nothing; the report says what became of the rows.

    Raises ConnectionNotFound, AccountNotFound, NotYours, ConnectionNotActive, SyncTooRecent,
    SyncInProgress, AccountsNotSynced, SyncTakenOver, and what the provider refuses.
    """
    claim = await claim_connection(uow, access, request)
    try:
        reading = await _read_patiently(uow, access, request, claim)
        return await _store(uow, access, request, claim, reading)
    except DomainError as refusal:
        await fail(uow, access, claim, refusal)
        raise
    except BaseException:
        stopped = SyncInterrupted("The sync was stopped before it could store anything.")
        await asyncio.shield(fail(uow, access, claim, stopped))
        raise


async def _read_patiently(
    uow: UnitOfWork, access: ProviderAccess, request: SyncRequest, claim: Claim
) -> Reading:
    """A token that the provider ended before its time is renewed once, and everything read again."""
    try:
        return await _read(uow, access, request, claim)
    except ProviderRefusedCredentials:
        await access.renewed(uow, claim.connection)
        return await _read(uow, access, request, claim)


async def _read(
    uow: UnitOfWork, access: ProviderAccess, request: SyncRequest, claim: Claim
) -> Reading:
    provider = provider_of(access.catalogue, claim.connection)
    reading = Reading(is_whole=request.account_id is None)
    if request.scope is not SyncScope.TRANSACTIONS:
        credentials = await access.usable(uow, claim.connection)
        reading.accounts = await provider.accounts(credentials)
    for account in _accounts_to_read(request, claim, reading):
        await report_progress(uow, access, claim, account.name)
        credentials = await access.usable(uow, claim.connection)
        if request.scope in {SyncScope.EVERYTHING, SyncScope.HOLDINGS}:
            holdings = await provider.holdings(credentials, account)
            reading.holdings[account.provider_account_id] = holdings
        if request.scope in {SyncScope.EVERYTHING, SyncScope.TRANSACTIONS}:
            last = request.last or access.clock.now().date() + timedelta(days=1)
            pages = provider.transactions(credentials, account, claim.first, last)
            await _read_transactions(uow, access, claim, reading, account, pages)
    return reading


async def _read_transactions(
    uow: UnitOfWork,
    access: ProviderAccess,
    claim: Claim,
    reading: Reading,
    account: ReportedAccount,
    pages: AsyncIterator[list[ReportedTransaction]],
) -> None:
    reading.add(account.provider_account_id, [])
    async for page in pages:
        reading.add(account.provider_account_id, page)
        await report_progress(uow, access, claim, f"{account.name}: {reading.rows} transactions")


def _accounts_to_read(
    request: SyncRequest, claim: Claim, reading: Reading
) -> list[ReportedAccount]:
    if request.scope is SyncScope.ACCOUNTS:
        return []
    if request.scope is SyncScope.TRANSACTIONS:
        reading.is_whole, reading.known = False, claim.known
        return [_asked(account) for account in claim.known]
    if request.account_id is None:
        return reading.accounts
    wanted = {account.provider_account_id for account in claim.known}
    found = [one for one in reading.accounts if one.provider_account_id in wanted]
    if not found:
        raise ProviderAnsweredNonsense("The provider no longer reports this account.")
    reading.accounts = found
    return found


def _asked(account: Account) -> ReportedAccount:
    """What a provider has to know of an account to be asked about it."""
    return ReportedAccount(
        provider_account_id=account.provider_account_id or "",
        name=account.name,
        account_type=account.account_type,
        currency=account.currency,
        balance=account.balance,
    )


async def _store(
    uow: UnitOfWork, access: ProviderAccess, request: SyncRequest, claim: Claim, reading: Reading
) -> SyncReport:
    async with uow:
        now = access.clock.now()
        connection = await still_ours(uow, claim)
        source = _source(claim)
        report = await store_reading(uow, access.vault, connection, reading, source, now)
        finished = replace(
            claim.sync, status=SyncStatus.SUCCEEDED, finished_at=now, step="", report=report
        )
        await uow.syncs.update(finished)
        await uow.connections.update(replace(released(connection, now), last_sync_at=now))
        uow.record(*sync_events(request, "Succeeded", claim.sync.id))
        await uow.commit()
    return report


def _source(claim: Claim) -> SourceOf:
    """How the snapshots of this sync were captured.

    The first of a connection, by whose wish, of what.
    """
    if claim.is_first:
        return lambda _: SnapshotSource.INITIAL_CONNECTION
    if claim.request.trigger is SyncTrigger.FORCED:
        return lambda _: SnapshotSource.MANUAL_SYNC
    if claim.request.trigger is SyncTrigger.SCHEDULE:
        return lambda _: SnapshotSource.SCHEDULED_SYNC
    return lambda with_holdings: (
        SnapshotSource.HOLDINGS_SYNC if with_holdings else SnapshotSource.ACCOUNT_SYNC
    )


class AccountNotLinked(Conflict):
    """The account is kept by hand or from files: there is no provider to ask."""

    slug = "account_not_linked"


async def connection_of(uow: UnitOfWork, principal: Principal, account_id: UUID) -> UUID:
    """Which connection an account is read through.

    Raises AccountNotFound, NotYours, AccountNotLinked.
    """
    async with uow:
        account = await uow.accounts.get(principal.user_id, account_id)
    if account.connection_id is None:
        raise AccountNotLinked("This account has no provider to ask.")
    return account.connection_id

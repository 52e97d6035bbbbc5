"""Syncs: claim the connection, read the provider, store everything in one commit.

The provider is asked between two transactions, never inside one. Whatever goes wrong upstream,
what was stored before stays as it was.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from coffers.application.ledger.accounts import AccountLookups
from coffers.application.linking.claims import (
    Claim,
    SyncRequest,
    check_held,
    claim_connection,
    fail,
    report_progress,
    synced,
)
from coffers.application.linking.credentials import ProviderAccess, ends_soon
from coffers.application.linking.readings import Reading, SourceOf, store_reading
from coffers.application.linking.sync_events import sync_events
from coffers.application.markets.asset_links import link_symbols
from coffers.application.spending.transfer_matching import movements_changed
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.errors import DomainError
from coffers.domain.identity.principals import Principal
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.snapshots import SnapshotSource
from coffers.domain.ledger.statements import ReportedAccount, ReportedTransaction
from coffers.domain.linking.connections import Connection
from coffers.domain.linking.providers import (
    Credentials,
    OAuthProvider,
    ProviderAnsweredNonsense,
    ProviderRefusedCredentials,
    ProviderTimedOut,
)
from coffers.domain.linking.syncs import (
    AccountNotLinked,
    SyncInterrupted,
    SyncReport,
    SyncScope,
    SyncStatus,
    SyncTakenOver,
    SyncTrigger,
)
from coffers.domain.money import AmountInvalid

#: How long reading may take altogether: somebody waits, or nobody does.
READ_LIMIT_S: Final = {
    SyncTrigger.REQUEST: 150.0,
    SyncTrigger.FORCED: 150.0,
    SyncTrigger.SCHEDULE: 900.0,
}


async def sync(uow: UnitOfWork, access: ProviderAccess, request: SyncRequest) -> SyncReport:
    """Read what is asked for and store it, all or nothing; the report says what became of the rows.

    Raises RangeInvalid, ConnectionNotFound, AccountNotFound, NotYours, AccountElsewhere,
    ConnectionNotActive, ProviderNotOffered, NotReported, SyncTooRecent, SyncInProgress,
    AccountsNotSynced, SyncTakenOver, TooManyAccounts, and what the provider refuses.
    """
    claim = await claim_connection(uow, access, request)
    try:
        reading = await _read_in_time(uow, access, claim)
        return await _store(uow, access, claim, reading)
    except DomainError as refusal:
        # What cannot be remembered now ends with the lease; the refusal is the caller's anyway.
        with suppress(DomainError):
            await fail(uow, access, claim, refusal)
        raise
    except BaseException:
        stopped = SyncInterrupted("The sync was stopped before it could store anything.")
        with suppress(DomainError):
            await asyncio.shield(fail(uow, access, claim, stopped))
        raise


async def _read_in_time(uow: UnitOfWork, access: ProviderAccess, claim: Claim) -> Reading:
    limit_s = READ_LIMIT_S[claim.request.trigger]
    try:
        async with asyncio.timeout(limit_s):
            return await _read_patiently(uow, access, claim)
    except TimeoutError as error:
        raise ProviderTimedOut(f"Reading took longer than {limit_s:.0f} s.") from error


async def _read_patiently(uow: UnitOfWork, access: ProviderAccess, claim: Claim) -> Reading:
    """A token that the provider ended too early is renewed once, and everything read again."""
    begun_at = access.clock.now()
    try:
        return await _read(uow, access, claim)
    except ProviderRefusedCredentials:
        if not isinstance(claim.provider, OAuthProvider):
            raise
        await access.renewed(uow, claim.connection, begun_at)
        return await _read(uow, access, claim)


async def _read(uow: UnitOfWork, access: ProviderAccess, claim: Claim) -> Reading:
    credentials = await access.usable(uow, claim.connection)
    reading = Reading(is_whole=claim.request.account_id is None)
    if claim.request.scope is not SyncScope.TRANSACTIONS:
        reading.accounts = await claim.provider.accounts(credentials)
    for account in _accounts_to_read(claim, reading):
        await report_progress(uow, access, claim, account.name)
        if ends_soon(credentials, access.clock.now()):
            credentials = await access.usable(uow, claim.connection)
        if claim.reads(SyncScope.HOLDINGS):
            held = await claim.provider.holdings(credentials, account)
            reading.add_holdings(account.provider_account_id, held)
        if claim.reads(SyncScope.TRANSACTIONS):
            pages = _pages(access, claim, credentials, account)
            await _read_transactions(uow, access, claim, reading, account, pages)
    return reading


async def _pages(
    access: ProviderAccess, claim: Claim, credentials: Credentials, account: ReportedAccount
) -> AsyncIterator[list[ReportedTransaction]]:
    first, last = claim.first_day(account.provider_account_id), _last_day(access, claim)
    if first is not None and first > last:
        return
    async for page in claim.provider.transactions(credentials, account, first, last):
        yield page


def _last_day(access: ProviderAccess, claim: Claim) -> date:
    """Tomorrow at most: that is today everywhere on earth, and nothing later has happened."""
    tomorrow = access.clock.now().date() + timedelta(days=1)
    return min(claim.request.last or tomorrow, tomorrow)


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
        await report_progress(uow, access, claim, f"{account.name}: {reading.rows} rows")


def _accounts_to_read(claim: Claim, reading: Reading) -> list[ReportedAccount]:
    if claim.request.scope is SyncScope.ACCOUNTS:
        return []
    if claim.request.scope is SyncScope.TRANSACTIONS:
        reading.is_whole, reading.known = False, claim.known
        return [_asked(account) for account in claim.known]
    if claim.request.account_id is None:
        return reading.accounts
    wanted = {account.provider_account_id for account in claim.known}
    reading.accounts = [one for one in reading.accounts if one.provider_account_id in wanted]
    if not reading.accounts:
        raise ProviderAnsweredNonsense("The provider no longer reports this account.")
    return reading.accounts


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
    uow: UnitOfWork, access: ProviderAccess, claim: Claim, reading: Reading
) -> SyncReport:
    async with uow:
        now = access.clock.now()
        connection = await _held(uow, claim)
        try:
            report = await store_reading(
                uow, access.vault, connection, reading, _source(claim), now
            )
        except AmountInvalid as error:
            detail = "The provider reports amounts that cannot be kept exactly."
            raise ProviderAnsweredNonsense(detail) from error
        if report.transactions.created or report.transactions.updated:
            await movements_changed(uow, connection.user_id, now=now)
        if _brought_news(report):
            await link_symbols(uow, connection.user_id, now=now)
        if claim.reads(SyncScope.TRANSACTIONS) and not claim.request.is_dated:
            await uow.syncs.note_read(connection.user_id, reading.read, claim.sync.started_at)
        finished = replace(
            claim.sync, status=SyncStatus.SUCCEEDED, finished_at=now, step="", report=report
        )
        await uow.syncs.update(finished)
        await uow.connections.update(synced(connection, claim, now))
        uow.record(*sync_events(finished, "Succeeded"))
        await uow.commit()
    return report


def _brought_news(report: SyncReport) -> bool:
    """Whether a symbol may have come that was not there before."""
    both = (report.holdings, report.transactions)
    return any(counts.created or counts.updated for counts in both)


async def _held(uow: UnitOfWork, claim: Claim) -> Connection:
    """The connection, locked with all of the user's to the same provider; raises SyncTakenOver.

    Two of them that report the same account store one after the other.
    """
    links = await uow.connections.to_provider(claim.sync.user_id, claim.connection.provider_slug)
    for link in links:
        if link.id == claim.connection.id:
            check_held(link, claim)
            return link
    raise SyncTakenOver("The connection is gone: nothing was stored.")


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


async def connection_of(lookups: AccountLookups, principal: Principal, account_id: UUID) -> UUID:
    """Which connection an account is read through.

    Raises AccountNotFound, NotYours, AccountNotLinked.
    """
    account = await lookups.get(principal.user_id, account_id)
    if account.connection_id is None:
        raise AccountNotLinked("This account has no provider to ask.")
    return account.connection_id

"""Syncs: claim the connection, read the provider, store everything in one commit.

The provider is asked between two transactions, never inside one. Whatever goes wrong upstream, what was stored before
stays as it was.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from coffers.application.connections import provider_of
from coffers.application.credentials import ProviderAccess, mark_expired
from coffers.application.ports import UnitOfWork
from coffers.application.readings import Reading, SourceOf, store_reading
from coffers.domain.accounts import Account, AccountOrigin
from coffers.domain.connections import SYNC_INTERVAL, SYNC_LEASE, Connection
from coffers.domain.errors import DomainError, Unavailable
from coffers.domain.events import Event
from coffers.domain.ids import UserId, new_id
from coffers.domain.providers import (
    ProviderAnsweredNonsense,
    ProviderRefusedCredentials,
)
from coffers.domain.snapshots import SnapshotSource
from coffers.domain.statements import ReportedAccount, ReportedTransaction
from coffers.domain.syncs import (
    OVERLAP,
    RECENT,
    AccountsNotSynced,
    Sync,
    SyncInProgress,
    SyncReport,
    SyncScope,
    SyncStatus,
    SyncTakenOver,
    SyncTooRecent,
    SyncTrigger,
)

#: A sync in progress says so, and renews its lease, no more often than this.
RENEW_EVERY: Final = timedelta(seconds=3)

_EVENT_NAMES: Final = {
    SyncScope.EVERYTHING: ("AccountsSync", "HoldingsSync", "TransactionsSync"),
    SyncScope.ACCOUNTS: ("AccountsSync",),
    SyncScope.HOLDINGS: ("HoldingsSync",),
    SyncScope.TRANSACTIONS: ("TransactionsSync",),
}


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """What is to be read. Dates bound transactions, inclusive; absent, the rule of the contract decides."""

    user_id: UserId
    connection_id: UUID
    scope: SyncScope
    trigger: SyncTrigger
    account_id: UUID | None = None
    first: date | None = None
    last: date | None = None


@dataclass(slots=True)
class Claim:
    """A sync that holds its connection, and what it found there."""

    request: SyncRequest
    sync: Sync
    connection: Connection
    known: list[Account]
    first: date | None
    is_first: bool
    renewed_at: datetime


class SyncInterrupted(Unavailable):
    """The sync was stopped before it could store anything."""

    slug = "sync_interrupted"


async def sync(uow: UnitOfWork, access: ProviderAccess, request: SyncRequest) -> SyncReport:
    """Read what is asked for and store it, all or nothing; the report says what became of the rows.

    Raises ConnectionNotFound, AccountNotFound, NotYours, ConnectionNotActive, SyncTooRecent,
    SyncInProgress, AccountsNotSynced, SyncTakenOver, and what the provider refuses.
    """
    claim = await _claim(uow, access, request)
    try:
        reading = await _read_patiently(uow, access, request, claim)
        return await _store(uow, access, request, claim, reading)
    except DomainError as refusal:
        await _fail(uow, access, claim, refusal)
        raise
    except BaseException:
        stopped = SyncInterrupted("The sync was stopped before it could store anything.")
        await asyncio.shield(_fail(uow, access, claim, stopped))
        raise


async def _claim(uow: UnitOfWork, access: ProviderAccess, request: SyncRequest) -> Claim:
    async with uow:
        now = access.clock.now()
        connection = await uow.connections.get(request.user_id, request.connection_id)
        provider_of(access.catalogue, connection)
        if connection.is_syncing(now):
            raise SyncInProgress("Another sync of this connection is running.")
        await _refuse_recent(uow, request, now)
        known = await _known_accounts(uow, request)
        first = request.first or await _first_date(uow, request, now)
        await uow.syncs.abandon_running(request.user_id, request.connection_id, now)
        started = _sync_of(request, now)
        await uow.syncs.add(started)
        leased = replace(connection, sync_id=started.id, sync_leased_until=now + SYNC_LEASE)
        leased = await uow.connections.update(leased)
        uow.record(*_events(request, "Attempted", started.id))
        await uow.commit_claim()
    is_first = connection.last_sync_at is None
    return Claim(request, started, leased, known, first, is_first, renewed_at=now)


async def _refuse_recent(uow: UnitOfWork, request: SyncRequest, now: datetime) -> None:
    if request.trigger is SyncTrigger.FORCED:
        return
    scopes = (request.scope, SyncScope.EVERYTHING)
    last = await uow.syncs.last_success(
        request.user_id, request.connection_id, scopes, request.account_id
    )
    if last is not None and now - last < RECENT:
        wait_s = int((last + RECENT - now).total_seconds()) + 1
        detail = f"The last sync is only minutes old: wait {wait_s} s, or force it."
        raise SyncTooRecent(detail, retry_after_s=wait_s)


async def _known_accounts(uow: UnitOfWork, request: SyncRequest) -> list[Account]:
    connection = await uow.connections.get(request.user_id, request.connection_id)
    origin = AccountOrigin(request.user_id, connection.provider_slug, connection.id)
    known = [account for account in await uow.accounts.of_origin(origin) if account.is_active]
    if request.account_id is not None:
        known = [account for account in known if account.id == request.account_id]
    if not known and request.scope is SyncScope.TRANSACTIONS:
        raise AccountsNotSynced("No accounts are known yet: sync the accounts first.")
    return known


async def _first_date(uow: UnitOfWork, request: SyncRequest, now: datetime) -> date | None:
    scopes = (SyncScope.TRANSACTIONS, SyncScope.EVERYTHING)
    last = await uow.syncs.last_success(
        request.user_id, request.connection_id, scopes, request.account_id
    )
    return None if last is None else (min(last, now) - OVERLAP).date()


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
        await _progress(uow, access, claim, account.name)
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
        await _progress(uow, access, claim, f"{account.name}: {reading.rows} transactions")


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


async def _progress(uow: UnitOfWork, access: ProviderAccess, claim: Claim, step: str) -> None:
    """Say how far it has come and renew the lease, at most every few seconds."""
    now = access.clock.now()
    if now - claim.renewed_at < RENEW_EVERY:
        return
    claim.renewed_at = now
    claim.sync = replace(claim.sync, step=step[:100])
    async with uow:
        connection = await _still_ours(uow, claim)
        leased = replace(connection, sync_leased_until=now + SYNC_LEASE)
        await uow.connections.update(leased)
        await uow.syncs.update(claim.sync)
        details = {"sync_id": str(claim.sync.id), "step": claim.sync.step}
        uow.record(Event("SyncProgressed", connection.user_id, connection.id, details))
        await uow.commit_claim()


async def _still_ours(uow: UnitOfWork, claim: Claim) -> Connection:
    connection = await uow.connections.get(claim.sync.user_id, claim.sync.connection_id)
    if connection.sync_id != claim.sync.id:
        raise SyncTakenOver("This sync was overtaken: nothing of it was stored.")
    return connection


async def _store(
    uow: UnitOfWork, access: ProviderAccess, request: SyncRequest, claim: Claim, reading: Reading
) -> SyncReport:
    async with uow:
        now = access.clock.now()
        connection = await _still_ours(uow, claim)
        source = _source(claim)
        report = await store_reading(uow, access.vault, connection, reading, source, now)
        finished = replace(
            claim.sync, status=SyncStatus.SUCCEEDED, finished_at=now, step="", report=report
        )
        await uow.syncs.update(finished)
        await uow.connections.update(replace(_released(connection, now), last_sync_at=now))
        uow.record(*_events(request, "Succeeded", claim.sync.id))
        await uow.commit()
    return report


def _source(claim: Claim) -> SourceOf:
    """How the snapshots of this sync were captured: the first of a connection, by whose wish, of what."""
    if claim.is_first:
        return lambda _: SnapshotSource.INITIAL_CONNECTION
    if claim.request.trigger is SyncTrigger.FORCED:
        return lambda _: SnapshotSource.MANUAL_SYNC
    if claim.request.trigger is SyncTrigger.SCHEDULE:
        return lambda _: SnapshotSource.SCHEDULED_SYNC
    return lambda with_holdings: (
        SnapshotSource.HOLDINGS_SYNC if with_holdings else SnapshotSource.ACCOUNT_SYNC
    )


def _released(connection: Connection, now: datetime) -> Connection:
    jitter = random.uniform(0.9, 1.1)  # noqa: S311 - spreads load, guards nothing
    return replace(
        connection,
        sync_id=None,
        sync_leased_until=None,
        next_sync_at=now + SYNC_INTERVAL * jitter,
        updated_at=now,
    )


async def _fail(
    uow: UnitOfWork, access: ProviderAccess, claim: Claim, refusal: DomainError
) -> None:
    """Remember why, and let go of the connection if it is still ours."""
    async with uow:
        now = access.clock.now()
        connection = await uow.connections.get(claim.sync.user_id, claim.sync.connection_id)
        failed = replace(
            claim.sync,
            status=SyncStatus.FAILED,
            finished_at=now,
            problem=refusal.slug,
            detail=refusal.detail,
        )
        if connection.sync_id == claim.sync.id:
            await uow.syncs.update(failed)
            await uow.connections.update(_released(connection, now))
        if isinstance(refusal, ProviderRefusedCredentials):
            await mark_expired(uow, access.clock, connection)
        uow.record(*_events(claim.request, "Failed", claim.sync.id, problem=refusal.slug))
        await uow.commit_claim()


def _events(request: SyncRequest, outcome: str, sync_id: UUID, **more: str) -> list[Event]:
    subject = request.account_id or request.connection_id
    details = {"sync_id": str(sync_id), "connection_id": str(request.connection_id), **more}
    return [
        Event(name + outcome, request.user_id, subject, details)
        for name in _EVENT_NAMES[request.scope]
    ]


def _sync_of(request: SyncRequest, now: datetime) -> Sync:
    return Sync(
        id=new_id(),
        user_id=request.user_id,
        connection_id=request.connection_id,
        scope=request.scope,
        trigger=request.trigger,
        status=SyncStatus.RUNNING,
        started_at=now,
        account_id=request.account_id,
    )

"""Sync claims: who holds a connection, since when, and what the log says of it."""

import random
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from coffers.application.connections import provider_of
from coffers.application.credentials import ProviderAccess, mark_expired
from coffers.application.ports import UnitOfWork
from coffers.domain.accounts import Account, AccountOrigin
from coffers.domain.connections import SYNC_INTERVAL, SYNC_LEASE, Connection
from coffers.domain.errors import DomainError
from coffers.domain.events import Event
from coffers.domain.ids import UserId, new_id
from coffers.domain.providers import ProviderRefusedCredentials
from coffers.domain.syncs import (
    OVERLAP,
    RECENT,
    AccountsNotSynced,
    Sync,
    SyncInProgress,
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
    """What is to be read.

    Dates bound transactions, inclusive; absent, the rule of the contract decides.
    """

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


async def claim_connection(uow: UnitOfWork, access: ProviderAccess, request: SyncRequest) -> Claim:
    """Take the connection for this sync and commit that; raises what `sync` refuses beforehand."""
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
        uow.record(*sync_events(request, "Attempted", started.id))
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


async def report_progress(uow: UnitOfWork, access: ProviderAccess, claim: Claim, step: str) -> None:
    """Say how far it has come and renew the lease, at most every few seconds."""
    now = access.clock.now()
    if now - claim.renewed_at < RENEW_EVERY:
        return
    claim.renewed_at = now
    claim.sync = replace(claim.sync, step=step[:100])
    async with uow:
        connection = await still_ours(uow, claim)
        leased = replace(connection, sync_leased_until=now + SYNC_LEASE)
        await uow.connections.update(leased)
        await uow.syncs.update(claim.sync)
        details = {"sync_id": str(claim.sync.id), "step": claim.sync.step}
        uow.record(Event("SyncProgressed", connection.user_id, connection.id, details))
        await uow.commit_claim()


async def still_ours(uow: UnitOfWork, claim: Claim) -> Connection:
    """The connection, locked, if this sync still holds it; raises SyncTakenOver."""
    connection = await uow.connections.get(claim.sync.user_id, claim.sync.connection_id)
    if connection.sync_id != claim.sync.id:
        raise SyncTakenOver("This sync was overtaken: nothing of it was stored.")
    return connection


def released(connection: Connection, now: datetime) -> Connection:
    """The connection without its sync, the next one due in about six hours."""
    jitter = random.uniform(0.9, 1.1)  # noqa: S311 - spreads load, guards nothing
    return replace(
        connection,
        sync_id=None,
        sync_leased_until=None,
        next_sync_at=now + SYNC_INTERVAL * jitter,
        updated_at=now,
    )


async def fail(uow: UnitOfWork, access: ProviderAccess, claim: Claim, refusal: DomainError) -> None:
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
            await uow.connections.update(released(connection, now))
        if isinstance(refusal, ProviderRefusedCredentials):
            await mark_expired(uow, access.clock, connection)
        uow.record(*sync_events(claim.request, "Failed", claim.sync.id, problem=refusal.slug))
        await uow.commit_claim()


def sync_events(request: SyncRequest, outcome: str, sync_id: UUID, **more: str) -> list[Event]:
    """One event of this outcome for each kind of row that the sync is about."""
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

"""Sync claims: who holds a connection, since when, and how it lets go."""

import random
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from coffers.application.linking.connections import expired, provider_of
from coffers.application.linking.credentials import ProviderAccess
from coffers.application.linking.sync_events import abandon_running, sync_events
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.errors import DomainError
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.accounts import Account, AccountOrigin
from coffers.domain.linking.connections import Connection
from coffers.domain.linking.providers import Capability, Provider, ProviderRefusedCredentials
from coffers.domain.linking.schedules import next_after_failure, next_regular
from coffers.domain.linking.syncs import (
    OVERLAP,
    RECENT,
    AccountElsewhere,
    AccountsNotSynced,
    NotReported,
    Sync,
    SyncInProgress,
    SyncInterrupted,
    SyncScope,
    SyncStatus,
    SyncTakenOver,
    SyncTooRecent,
    SyncTrigger,
)
from coffers.domain.live.events import Event
from coffers.domain.ranges import check_range

#: A sync in progress says so, and renews its lease, no more often than this.
RENEW_EVERY: Final = timedelta(seconds=3)
_MAX_STEP: Final = 100
_KINDS: Final = {
    SyncScope.ACCOUNTS: Capability.ACCOUNTS,
    SyncScope.HOLDINGS: Capability.HOLDINGS,
    SyncScope.TRANSACTIONS: Capability.TRANSACTIONS,
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

    @property
    def is_dated(self) -> bool:
        """Whether it asks for a period of its own, which may leave gaps."""
        return self.first is not None or self.last is not None


@dataclass(slots=True)
class Claim:
    """A sync that holds its connection, and what it found there.

    `known` are the ledger's accounts that it is about, where it does not ask for them; `read_until`
    says up to when each account's movements are known.
    """

    request: SyncRequest
    sync: Sync
    connection: Connection
    provider: Provider
    known: list[Account]
    read_until: dict[str, datetime]
    is_first: bool
    renewed_at: datetime

    def reads(self, scope: SyncScope) -> bool:
        """Whether rows of this kind are to be read, and the provider reports such."""
        is_wanted = self.request.scope in {scope, SyncScope.EVERYTHING}
        return is_wanted and _KINDS[scope] in self.provider.profile.capabilities

    def first_day(self, provider_account_id: str) -> date | None:
        """From when on the account's movements are to be read; None is from their beginning."""
        known = self.read_until.get(provider_account_id)
        if self.request.first is not None or known is None:
            return self.request.first
        return (known - OVERLAP).date()


async def claim_connection(uow: UnitOfWork, access: ProviderAccess, request: SyncRequest) -> Claim:
    """Take the connection for this sync and commit that; raises what `sync` refuses beforehand."""
    check_range(request.first, request.last)
    async with uow:
        now = access.clock.now()
        connection = await uow.connections.get(request.user_id, request.connection_id)
        provider = provider_of(access.catalogue, connection)
        _check_capability(provider, request)
        if connection.is_syncing(now):
            raise SyncInProgress("Another sync of this connection is running.")
        await _refuse_recent(uow, request, now)
        known = await _known_accounts(uow, connection, request)
        read_until = await uow.syncs.read_until(connection.user_id, connection.id)
        await abandon_running(uow, connection, now)
        started = _sync_of(request, now)
        await uow.syncs.add(started)
        leased = replace(connection, sync_id=started.id, sync_leased_until=now + access.sync_lease)
        await uow.connections.hold(leased)
        uow.record(*sync_events(started, "Attempted"))
        await uow.commit_claim()
    return Claim(
        request,
        started,
        leased,
        provider,
        known,
        read_until,
        is_first=connection.last_sync_at is None,
        renewed_at=now,
    )


def _check_capability(provider: Provider, request: SyncRequest) -> None:
    kind = _KINDS.get(request.scope, Capability.ACCOUNTS)
    if kind not in provider.profile.capabilities:
        raise NotReported(f"{provider.profile.name} does not report {kind.value}.")


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


async def _known_accounts(
    uow: UnitOfWork, connection: Connection, request: SyncRequest
) -> list[Account]:
    if request.account_id is not None:
        account = await uow.accounts.get(request.user_id, request.account_id)
        if account.connection_id != connection.id:
            detail = "The account does not belong to this connection."
            raise AccountElsewhere(detail, field="account_id")
        return [account]
    if request.scope is not SyncScope.TRANSACTIONS:
        return []
    origin = AccountOrigin(request.user_id, connection.provider_slug, connection.id)
    known = [account for account in await uow.accounts.of_origin(origin) if account.is_active]
    if not known:
        raise AccountsNotSynced("No accounts are known yet: sync the accounts first.")
    return known


async def report_progress(uow: UnitOfWork, access: ProviderAccess, claim: Claim, step: str) -> None:
    """Say how far it has come and renew the lease, at most every few seconds.

    Raises SyncTakenOver.
    """
    now = access.clock.now()
    if now - claim.renewed_at < min(RENEW_EVERY, access.sync_lease / 3):
        return
    claim.renewed_at = now
    claim.sync = replace(claim.sync, step=step[:_MAX_STEP])
    async with uow:
        connection = await uow.connections.get(claim.sync.user_id, claim.sync.connection_id)
        check_held(connection, claim)
        await uow.connections.hold(replace(connection, sync_leased_until=now + access.sync_lease))
        await uow.syncs.update(claim.sync)
        details = {"sync_id": str(claim.sync.id), "step": claim.sync.step}
        uow.record(Event("SyncProgressed", connection.user_id, connection.id, details))
        await uow.commit_claim()


def check_held(connection: Connection, claim: Claim) -> None:
    """Raises SyncTakenOver unless this sync still holds the connection."""
    if connection.sync_id != claim.sync.id:
        raise SyncTakenOver("This sync was overtaken: nothing of it was stored.")


def synced(connection: Connection, claim: Claim, now: datetime) -> Connection:
    """The connection after a sync that went well.

    One of everything is the turn of the schedule, too.
    """
    is_turn = claim.request.scope is SyncScope.EVERYTHING
    next_sync_at = next_regular(now, chance()) if is_turn else connection.next_sync_at
    done = replace(
        connection, last_sync_at=now, next_sync_at=next_sync_at, failures=0, updated_at=now
    )
    return _released(done)


async def fail(uow: UnitOfWork, access: ProviderAccess, claim: Claim, refusal: DomainError) -> None:
    """Remember why, and let go of the connection.

    If it is not ours any more, whoever took it has told what became of this sync.
    """
    async with uow:
        now = access.clock.now()
        connection = await uow.connections.get(claim.sync.user_id, claim.sync.connection_id)
        if connection.sync_id != claim.sync.id:
            return
        failed = replace(
            claim.sync,
            status=SyncStatus.FAILED,
            finished_at=now,
            problem=refusal.slug,
            detail=refusal.detail,
        )
        await uow.syncs.update(failed)
        await uow.connections.update(_after_failure(connection, refusal, now))
        if isinstance(refusal, ProviderRefusedCredentials):
            uow.record(Event("ConnectionExpired", connection.user_id, connection.id))
        uow.record(*sync_events(failed, "Failed", problem=refusal.slug))
        await uow.commit_claim()


def _after_failure(connection: Connection, refusal: DomainError, now: datetime) -> Connection:
    freed = _released(replace(connection, updated_at=now))
    if isinstance(refusal, SyncInterrupted):
        return freed
    if isinstance(refusal, ProviderRefusedCredentials):
        return expired(freed, now)
    failures = connection.failures + 1
    again = next_after_failure(now, failures, refusal, chance())
    return replace(freed, failures=failures, next_sync_at=max(again, freed.next_sync_at or again))


def _released(connection: Connection) -> Connection:
    return replace(connection, sync_id=None, sync_leased_until=None)


def chance() -> float:
    """By how much to spread what would otherwise come together, from 0 to 1."""
    return random.random()  # noqa: S311 - spreads load, guards nothing


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
        start_date=request.first,
        end_date=request.last,
    )

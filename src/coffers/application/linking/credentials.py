"""Credentials at work: opened when needed, renewed just before they end, by one process only."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from coffers.application.linking.connections import expired, provider_of, seal, unseal
from coffers.application.linking.providers import Catalogue
from coffers.application.ports import Clock, Vault
from coffers.application.uninterrupted import uninterrupted
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import Instant
from coffers.domain.errors import DomainError
from coffers.domain.identity.principals import Principal
from coffers.domain.linking.connections import (
    REFRESH_AHEAD,
    REFRESH_LEASE,
    SYNC_LEASE,
    Connection,
    ConnectionNotActive,
    ConnectionStatus,
    SealedCredentials,
)
from coffers.domain.linking.providers import (
    Credentials,
    OAuthProvider,
    ProviderFailed,
    ProviderRefusedCredentials,
)
from coffers.domain.live.events import Event

#: How often, in seconds, a process looks whether another's refresh is done.
LOOK_EVERY_S: Final = 0.1


class TokenRefreshed(msgspec.Struct, frozen=True):
    """The outcome of asking for fresh tokens.

    `expires_at` is null for credentials that do not end.
    """

    success: bool
    message: str
    expires_at: Instant | None


@dataclass(frozen=True, slots=True)
class ProviderAccess:
    """The ports that working with providers takes, and credentials opened or renewed with them."""

    vault: Vault
    clock: Clock
    catalogue: Catalogue
    #: How long a sync may be silent before it is taken for dead.
    sync_lease: timedelta = SYNC_LEASE

    async def usable(self, uow: UnitOfWork, connection: Connection) -> Credentials:
        """Credentials that are not about to end.

        Raises ConnectionNotActive, ProviderNotOffered, and what the provider refuses; one that
        refuses them for good turns the connection `expired`.
        """
        return await self._fresh(uow, connection, None)

    async def renewed(
        self, uow: UnitOfWork, connection: Connection, since: datetime
    ) -> Credentials:
        """Credentials obtained after this instant, by whomever, now if need be; raises likewise."""
        return await self._fresh(uow, connection, since)

    async def _fresh(
        self, uow: UnitOfWork, connection: Connection, since: datetime | None
    ) -> Credentials:
        seen: SealedCredentials | None = None
        while True:
            async with uow:
                current = await uow.connections.get(connection.user_id, connection.id)
                provider = provider_of(self.catalogue, current)
                kept = await _kept(uow, current)
                now = self.clock.now()
                if not isinstance(provider, OAuthProvider) or _is_good(kept, now, since):
                    return unseal(self.vault, kept)
                if not kept.is_refreshing(now):
                    _check_waited(seen, kept)
                    claimed = replace(kept, refreshing_until=now + REFRESH_LEASE)
                    await uow.connections.keep_credentials(claimed)
                    uow.record(Event("TokenRefreshAttempted", current.user_id, current.id))
                    await uow.commit_claim()
                    break
            seen = kept
            await asyncio.sleep(LOOK_EVERY_S)
        # To its end even when nobody waits any more: a provider that rotates its tokens has
        # forgotten the old ones by the time that its answer is lost.
        return await uninterrupted(self._refresh(uow, current, provider, claimed))

    async def _refresh(
        self,
        uow: UnitOfWork,
        connection: Connection,
        provider: OAuthProvider,
        claimed: SealedCredentials,
    ) -> Credentials:
        try:
            fresh = await provider.refresh(unseal(self.vault, claimed))
        except DomainError as refusal:
            replaced = await self._failed(uow, connection, claimed, refusal)
            if replaced is None:
                raise
            return unseal(self.vault, replaced)
        return await self._succeeded(uow, connection, claimed, fresh)

    async def _succeeded(
        self,
        uow: UnitOfWork,
        connection: Connection,
        claimed: SealedCredentials,
        fresh: Credentials,
    ) -> Credentials:
        async with uow:
            await uow.connections.get(connection.user_id, connection.id)
            kept = await _kept(uow, connection)
            if kept.obtained_at != claimed.obtained_at:
                # Its owner signed in again meanwhile: those credentials are the better ones.
                return unseal(self.vault, kept)
            sealed = replace(
                claimed,
                sealed=seal(self.vault, connection.id, fresh),
                expires_at=fresh.expires_at,
                obtained_at=self.clock.now(),
                refreshing_until=None,
            )
            await uow.connections.keep_credentials(sealed)
            uow.record(Event("TokenRefreshSucceeded", connection.user_id, connection.id))
            await uow.commit_claim()
        return fresh

    async def _failed(
        self,
        uow: UnitOfWork,
        connection: Connection,
        claimed: SealedCredentials,
        refusal: DomainError,
    ) -> SealedCredentials | None:
        """Let go, and expire the connection if that is what it means.

        Answers credentials that replaced the refused ones meanwhile.
        """
        async with uow:
            current = await uow.connections.get(connection.user_id, connection.id)
            kept = await uow.connections.credentials(connection.user_id, connection.id)
            if kept is not None and kept.obtained_at != claimed.obtained_at:
                return kept
            if kept is not None:
                await uow.connections.keep_credentials(replace(kept, refreshing_until=None))
            details = {"problem": refusal.slug}
            uow.record(Event("TokenRefreshFailed", connection.user_id, connection.id, details))
            if isinstance(refusal, ProviderRefusedCredentials):
                await mark_expired(uow, current, self.clock.now())
            await uow.commit_claim()
        return None


def ends_soon(credentials: Credentials, now: datetime) -> bool:
    """Whether it is time to see whether there are fresher ones."""
    return credentials.expires_at is not None and credentials.expires_at <= now + REFRESH_AHEAD


def _is_good(kept: SealedCredentials, now: datetime, since: datetime | None) -> bool:
    return not kept.is_due(now) and (since is None or kept.obtained_at > since)


def _check_waited(seen: SealedCredentials | None, kept: SealedCredentials) -> None:
    """Whoever waited for a refresh that failed does not try it again: the next caller may."""
    if seen is not None and kept.refreshing_until is None and kept.obtained_at == seen.obtained_at:
        raise ProviderFailed("The provider's tokens were just asked for, in vain: try again.")


async def _kept(uow: UnitOfWork, connection: Connection) -> SealedCredentials:
    kept = await uow.connections.credentials(connection.user_id, connection.id)
    if kept is None:
        raise ConnectionNotActive("The connection has no credentials any more: connect again.")
    return kept


async def mark_expired(uow: UnitOfWork, connection: Connection, now: datetime) -> None:
    """Within the open transaction, the connection locked."""
    if connection.status is ConnectionStatus.ACTIVE:
        await uow.connections.update(expired(connection, now))
        uow.record(Event("ConnectionExpired", connection.user_id, connection.id))


async def refresh_provider_tokens(
    uow: UnitOfWork,
    access: ProviderAccess,
    principal: Principal,
    connection_id: UUID,
    *,
    force: bool,
) -> TokenRefreshed:
    """Make sure that the provider's tokens are good, or with `force` fetch new ones now.

    Raises ConnectionNotFound, NotYours, ConnectionNotActive, ProviderNotOffered, and what the
    provider refuses.
    """
    since = access.clock.now() if force else None
    async with uow:
        connection = await uow.connections.get(principal.user_id, connection_id)
    credentials = await (
        access.usable(uow, connection) if since is None else access.renewed(uow, connection, since)
    )
    async with uow:
        await uow.commit()
    return TokenRefreshed(
        success=True, message="The provider's tokens are good.", expires_at=credentials.expires_at
    )

"""Credentials at work: opened when needed, renewed just before they end, by one process only."""

import asyncio
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import msgspec

from coffers.application.connections import provider_of, seal, unseal
from coffers.application.ports import Clock, UnitOfWork, Vault
from coffers.application.providers import Catalogue
from coffers.application.views import Instant
from coffers.domain.connections import (
    REFRESH_LEASE,
    Connection,
    ConnectionNotActive,
    ConnectionStatus,
    SealedCredentials,
)
from coffers.domain.errors import DomainError
from coffers.domain.events import Event
from coffers.domain.principals import Principal
from coffers.domain.providers import Credentials, OAuthProvider, ProviderRefusedCredentials

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

    async def usable(self, uow: UnitOfWork, connection: Connection) -> Credentials:
        """Credentials good for at least two minutes.

        Raises ConnectionNotActive, and what the provider refuses; one that refuses them for good
        turns the connection `expired`.
        """
        return await self._fresh(uow, connection, is_forced=False)

    async def renewed(self, uow: UnitOfWork, connection: Connection) -> Credentials:
        """Fresh credentials, whatever the present ones are still good for; raises likewise."""
        return await self._fresh(uow, connection, is_forced=True)

    async def _fresh(
        self, uow: UnitOfWork, connection: Connection, *, is_forced: bool
    ) -> Credentials:
        provider = provider_of(self.catalogue, connection)
        while True:
            async with uow:
                kept = await self._kept(uow, connection)
                now = self.clock.now()
                if not isinstance(provider, OAuthProvider):
                    return unseal(self.vault, kept)
                if not (is_forced or kept.is_due(now)):
                    return unseal(self.vault, kept)
                if not kept.is_refreshing(now):
                    claimed = replace(kept, refreshing_until=now + REFRESH_LEASE)
                    await uow.connections.keep_credentials(claimed)
                    await uow.commit_claim()
                    break
            # Somebody else is at it: what they fetch is as fresh as anybody could wish.
            is_forced = False
            await asyncio.sleep(LOOK_EVERY_S)
        return await self._refresh(uow, connection, provider, claimed)

    async def _kept(self, uow: UnitOfWork, connection: Connection) -> SealedCredentials:
        kept = await uow.connections.credentials(connection.user_id, connection.id)
        if kept is None:
            raise ConnectionNotActive("The connection has no credentials any more: connect again.")
        return kept

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
            await self._failed(uow, connection, claimed, refusal)
            raise
        sealed = replace(
            claimed,
            sealed=seal(self.vault, connection.id, fresh),
            expires_at=fresh.expires_at,
            refreshing_until=None,
        )
        async with uow:
            await self._kept(uow, connection)
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
    ) -> None:
        async with uow:
            # Unless its owner disconnected meanwhile: what was wiped stays wiped.
            if await uow.connections.credentials(connection.user_id, connection.id) is not None:
                await uow.connections.keep_credentials(replace(claimed, refreshing_until=None))
            details = {"problem": refusal.slug}
            uow.record(Event("TokenRefreshFailed", connection.user_id, connection.id, details))
            if isinstance(refusal, ProviderRefusedCredentials):
                await mark_expired(uow, self.clock, connection)
            await uow.commit_claim()


async def mark_expired(uow: UnitOfWork, clock: Clock, connection: Connection) -> None:
    """Within the open transaction: only its owner, signing in again, brings the connection back."""
    current = await uow.connections.get(connection.user_id, connection.id)
    if current.status is ConnectionStatus.ACTIVE:
        expired = replace(
            current,
            status=ConnectionStatus.EXPIRED,
            next_sync_at=None,
            updated_at=clock.now(),
        )
        await uow.connections.update(expired)
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

    Raises ConnectionNotFound, NotYours, ConnectionNotActive, and what the provider refuses.
    """
    async with uow:
        connection = await uow.connections.get(principal.user_id, connection_id)
    renew = access.renewed if force else access.usable
    credentials = await renew(uow, connection)
    async with uow:
        await uow.commit()
    return TokenRefreshed(
        success=True, message="The provider's tokens are good.", expires_at=credentials.expires_at
    )

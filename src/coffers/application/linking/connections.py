"""Connections: listing, renaming, letting go; what their credentials look like at rest."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from coffers.application.linking.providers import Catalogue
from coffers.application.linking.sync_events import abandon_running
from coffers.application.ports import Clock, Vault
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import Instant, Versioned
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.linking.connections import (
    Connection,
    ConnectionNotActive,
    ConnectionStatus,
    ProviderNotOffered,
    SealedCredentials,
)
from coffers.domain.linking.providers import Credentials, Provider
from coffers.domain.linking.syncs import SyncInProgress
from coffers.domain.live.events import Event


class ConnectionView(msgspec.Struct, frozen=True):
    """A link to a provider."""

    id: UUID
    provider_slug: str
    alias: str | None
    status: ConnectionStatus
    is_connected: bool
    needs_reauthentication: bool
    connected_at: Instant | None
    last_sync_at: Instant | None
    created_at: Instant
    updated_at: Instant


class ConnectionList(msgspec.Struct, frozen=True):
    """The user's links, newest first."""

    connections: list[ConnectionView]
    total_count: int
    active_count: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What asking the provider depends on: whom to ask, and until when a sync is at it."""

    provider_slug: str
    sync_leased_until: datetime | None

    def check_idle(self, now: datetime) -> None:
        """Raises SyncInProgress."""
        if self.sync_leased_until is not None and now < self.sync_leased_until:
            raise SyncInProgress("Another sync of this connection is running.")


class ConnectionLookups(Protocol):
    """Connections to read."""

    async def standing(self, user_id: UserId, connection_id: UUID) -> Standing:
        """Raises ConnectionNotFound, NotYours."""
        ...

    async def of_user(self, user_id: UserId) -> list[ConnectionView]:
        """Newest first."""
        ...

    async def one(self, user_id: UserId, connection_id: UUID) -> Versioned[ConnectionView]:
        """Raises ConnectionNotFound, NotYours."""
        ...


async def list_connections(lookups: ConnectionLookups, principal: Principal) -> ConnectionList:
    """The caller's links."""
    views = await lookups.of_user(principal.user_id)
    return ConnectionList(views, len(views), sum(view.is_connected for view in views))


async def get_connection(
    lookups: ConnectionLookups, principal: Principal, connection_id: UUID
) -> Versioned[ConnectionView]:
    """One of the caller's links; raises ConnectionNotFound, NotYours."""
    return await lookups.one(principal.user_id, connection_id)


async def rename_connection(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    connection_id: UUID,
    alias: str | None,
    expected_version: int | None,
) -> Versioned[ConnectionView]:
    """Give it another alias; raises ConnectionNotFound, NotYours, PreconditionFailed."""
    async with uow:
        connection = await uow.connections.get(principal.user_id, connection_id)
        renamed = replace(connection, alias=alias, updated_at=clock.now())
        stored = await uow.connections.update(renamed, expected_version=expected_version)
        uow.record(Event("ConnectionRenamed", principal.user_id, connection_id))
        await uow.commit()
    return view_of(stored)


async def disconnect(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    connection_id: UUID,
    expected_version: int | None,
) -> None:
    """Forget the credentials for good and keep the history; raises ConnectionNotFound, NotYours.

    A sync that is under way finds its lease gone and stores nothing.
    """
    async with uow:
        now = clock.now()
        connection = await uow.connections.get(principal.user_id, connection_id)
        gone = replace(
            connection,
            status=ConnectionStatus.DISCONNECTED,
            next_sync_at=None,
            sync_id=None,
            sync_leased_until=None,
            updated_at=now,
        )
        await uow.connections.update(gone, expected_version=expected_version)
        await uow.connections.wipe_credentials(principal.user_id, connection_id)
        await abandon_running(uow, connection, now)
        uow.record(Event("ConnectionDisconnected", principal.user_id, connection_id))
        await uow.commit()


def expired(connection: Connection, now: datetime) -> Connection:
    """The connection once its provider refused the credentials: only its owner can renew it."""
    return replace(connection, status=ConnectionStatus.EXPIRED, next_sync_at=None, updated_at=now)


def provider_of(catalogue: Catalogue, connection: Connection) -> Provider:
    """Whom to ask; raises ProviderNotOffered, or ConnectionNotActive when it cannot be asked."""
    provider = catalogue.get(connection.provider_slug)
    if not isinstance(provider, Provider):
        detail = f"This installation does not offer '{connection.provider_slug}' any more."
        raise ProviderNotOffered(detail)
    if connection.status is not ConnectionStatus.ACTIVE:
        detail = f"The connection is {connection.status.value}: connect again."
        raise ConnectionNotActive(detail)
    return provider


def seal(vault: Vault, connection_id: UUID, credentials: Credentials) -> bytes:
    """Encrypted, and readable only beside this connection's id."""
    return vault.seal(json.dumps(dict(credentials.secrets)).encode(), bound_to=connection_id)


def unseal(vault: Vault, kept: SealedCredentials) -> Credentials:
    """As they were; raises VaultRefused."""
    opened = vault.open(kept.sealed, bound_to=kept.connection_id)
    return Credentials(json.loads(opened), kept.expires_at)


def view_of(connection: Connection) -> Versioned[ConnectionView]:
    """The view of an entity at hand."""
    return Versioned(
        ConnectionView(
            id=connection.id,
            provider_slug=connection.provider_slug,
            alias=connection.alias,
            status=connection.status,
            is_connected=connection.status is ConnectionStatus.ACTIVE,
            needs_reauthentication=needs_reauthentication(connection.status),
            connected_at=connection.connected_at,
            last_sync_at=connection.last_sync_at,
            created_at=connection.created_at,
            updated_at=connection.updated_at,
        ),
        connection.version,
    )


def needs_reauthentication(status: ConnectionStatus) -> bool:
    """Whether only its owner, signing in at the provider, can bring it back."""
    return status in {ConnectionStatus.EXPIRED, ConnectionStatus.REVOKED, ConnectionStatus.FAILED}

"""Connections: a user's link to a provider, and how far it can be relied on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import BadRequest, Conflict, Invalid, NotFound
from coffers.domain.ids import UserId

#: How long the owner may take on the provider's page.
LINK_LIFE: Final = timedelta(minutes=10)
#: Tokens are refreshed this long before they end, so that none ends in the middle of a request;
#: short-lived ones in the last quarter of their life.
REFRESH_AHEAD: Final = timedelta(minutes=2)
#: Who refreshes holds the others back this long at most.
REFRESH_LEASE: Final = timedelta(seconds=45)
#: A sync renews its lease at every step; after this long without, its process is taken for dead.
SYNC_LEASE: Final = timedelta(seconds=90)
#: Of one user; those that were disconnected do not count.
MAX_CONNECTIONS: Final = 100


class ConnectionStatus(StrEnum):
    """Where the link stands.

    `expired`: the owner must sign in again; `revoked`: the provider ended it.
    """

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"
    FAILED = "failed"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True)
class Connection:
    """A link to a provider.

    While `sync_leased_until` lies ahead, the sync `sync_id` works on it. `failures` counts the
    syncs that failed in a row.
    """

    id: UUID
    user_id: UserId
    provider_slug: str
    alias: str | None
    status: ConnectionStatus
    connected_at: datetime | None
    last_sync_at: datetime | None
    next_sync_at: datetime | None
    created_at: datetime
    updated_at: datetime
    sync_id: UUID | None = None
    sync_leased_until: datetime | None = None
    failures: int = 0
    version: int = 1

    def is_syncing(self, now: datetime) -> bool:
        """Whether a sync holds it at this instant."""
        return self.sync_leased_until is not None and now < self.sync_leased_until


@dataclass(frozen=True, slots=True)
class LinkAttempt:
    """An owner sent to a provider's page.

    Only the state's SHA-256 is kept; the verifier is sealed.
    """

    id: UUID
    user_id: UserId
    state_hash: str
    provider_slug: str
    alias: str | None
    redirect_uri: str
    sealed_verifier: bytes
    expires_at: datetime
    connection_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class SealedCredentials:
    """A connection's credentials, encrypted, as the provider gave them at `obtained_at`.

    While `refreshing_until` lies ahead, somebody fetches fresh ones.
    """

    user_id: UserId
    connection_id: UUID
    sealed: bytes
    expires_at: datetime | None
    obtained_at: datetime
    refreshing_until: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether the access token ends too soon to begin anything with it."""
        if self.expires_at is None:
            return False
        return now >= self.expires_at - min(REFRESH_AHEAD, (self.expires_at - self.obtained_at) / 4)

    def is_refreshing(self, now: datetime) -> bool:
        """Whether somebody else fetches fresh ones at this instant."""
        return self.refreshing_until is not None and now < self.refreshing_until


class Connections(Protocol):
    """Where links, their credentials and their beginnings are kept."""

    async def check_room(self, user_id: UserId) -> None:
        """Raises TooManyConnections when there is no room for another."""
        ...

    async def add(self, connection: Connection) -> None:
        """Raises TooManyConnections."""
        ...

    async def get(self, user_id: UserId, connection_id: UUID) -> Connection:
        """Locked for this transaction.

        Raises ConnectionNotFound, or NotYours for someone else's.
        """
        ...

    async def to_provider(self, user_id: UserId, provider_slug: str) -> list[Connection]:
        """All of the user's links to this provider, locked for this transaction, by id."""
        ...

    async def hold(self, connection: Connection) -> None:
        """Store which sync has it until when. No new version: nobody's view of it changes."""
        ...

    async def update(
        self, connection: Connection, *, expected_version: int | None = None
    ) -> Connection:
        """As stored, its version one higher.

        Raises PreconditionFailed when it is not the expected one.
        """
        ...

    async def keep_credentials(self, credentials: SealedCredentials) -> None:
        """In place of any earlier ones."""
        ...

    async def credentials(self, user_id: UserId, connection_id: UUID) -> SealedCredentials | None:
        """Locked for this transaction; None when there are none (any more)."""
        ...

    async def wipe_credentials(self, user_id: UserId, connection_id: UUID) -> None:
        """Nothing of them remains."""
        ...

    async def keep_attempt(self, attempt: LinkAttempt) -> None:
        """Remember it for its callback."""
        ...

    async def take_attempt(self, user_id: UserId, state_hash: str) -> LinkAttempt | None:
        """Remove and return it.

        None when there is none of this user. Two takers never both get it.
        """
        ...


class ConnectionNotFound(NotFound):
    """No such connection."""


class TooManyConnections(Invalid):
    """The user has as many connections as one may have."""


class ConnectionNotActive(Conflict):
    """The connection has to be renewed on the provider's page before it can be used."""

    slug = "connection_not_active"


class ProviderNotOffered(Conflict):
    """This installation does not offer the connection's provider any more."""

    slug = "provider_not_offered"


class RedirectNotAllowed(Invalid):
    """The redirect URI is not on this installation's allow-list."""


class WrongCredentialType(Invalid):
    """This provider is connected in another way."""


class OAuthStateInvalid(BadRequest):
    """The state is unknown, used, expired or belongs to somebody else."""

    slug = "oauth_state_invalid"

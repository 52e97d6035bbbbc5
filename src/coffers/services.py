"""What the inside needs from the outside: a field per port, filled once by `wiring`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coffers.application.api_keys import ApiKeyLookups
from coffers.application.connections import ConnectionLookups
from coffers.application.credentials import ProviderAccess
from coffers.application.ports import (
    AccessTokens,
    Clock,
    HeldUnitOfWork,
    IdempotencyClaim,
    IdempotencyKeys,
    Passwords,
    RateLimiter,
)
from coffers.application.sessions import SessionLists
from coffers.application.sync_reports import SyncLookups
from coffers.application.users import Letters, Profiles
from coffers.domain.events import Origin

UnitOfWorkFactory = Callable[[Origin, IdempotencyClaim | None], HeldUnitOfWork]


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a use case may ask for."""

    clock: Clock
    unit_of_work: UnitOfWorkFactory
    idempotency_keys: IdempotencyKeys
    passwords: Passwords
    access_tokens: AccessTokens
    rate_limiter: RateLimiter
    letters: Letters
    profiles: Profiles
    session_lists: SessionLists
    api_key_lookups: ApiKeyLookups
    provider_access: ProviderAccess
    redirect_uris: Sequence[str]
    connection_lookups: ConnectionLookups
    sync_lookups: SyncLookups

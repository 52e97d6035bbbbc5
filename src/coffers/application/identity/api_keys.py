"""API keys: making, listing, deleting, and recognising them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.identity.opaque_tokens import hash_token, new_token
from coffers.application.ports import Clock
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import Instant
from coffers.domain.identity.api_keys import PREFIX, ApiKey, check_expiry, check_scopes
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.live.events import Event


class ApiKeyView(msgspec.Struct, frozen=True):
    """A key without its secret. `hint` is its beginning."""

    id: UUID
    name: str
    hint: str
    scopes: list[str]
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None


class CreatedApiKey(msgspec.Struct, frozen=True):
    """A new key. `key` is shown this once and never again."""

    id: UUID
    name: str
    key: Annotated[str, Meta(description="Send it as a Bearer token.")]
    scopes: list[str]
    created_at: Instant
    expires_at: Instant | None


class ApiKeyList(msgspec.Struct, frozen=True):
    """The user's keys, newest first."""

    api_keys: list[ApiKeyView]
    total_count: int


class ApiKeyLookups(Protocol):
    """Keys to read."""

    async def find(self, token: str, now: datetime) -> Principal | None:
        """Whoever this key stands for, if it exists, has not expired and its user is active.

        Its use is noted.
        """
        ...

    async def of_user(self, user_id: UserId) -> list[ApiKeyView]:
        """The user's keys, newest first."""
        ...


async def create_api_key(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    *,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
) -> CreatedApiKey:
    """A key with these scopes, shown once. Raises ScopeInvalid, ExpiryInvalid, TooManyApiKeys."""
    now = clock.now()
    secret = PREFIX + new_token()
    key = ApiKey(
        id=new_id(),
        user_id=principal.user_id,
        name=name,
        hint=secret[:10],
        key_hash=hash_token(secret),
        scopes=check_scopes(scopes),
        created_at=now,
        expires_at=check_expiry(expires_at, now),
    )
    async with uow:
        await uow.users.get(key.user_id)
        await uow.api_keys.add(key)
        uow.record(Event("ApiKeyCreated", key.user_id, key.id, {"scopes": sorted(key.scopes)}))
        await uow.commit()
    return CreatedApiKey(key.id, key.name, secret, sorted(key.scopes), now, key.expires_at)


async def list_api_keys(lookups: ApiKeyLookups, principal: Principal) -> ApiKeyList:
    """The caller's keys."""
    keys = await lookups.of_user(principal.user_id)
    return ApiKeyList(keys, len(keys))


async def delete_api_key(uow: UnitOfWork, principal: Principal, key_id: UUID) -> None:
    """End a key at once. Raises ApiKeyNotFound, NotYours."""
    async with uow:
        await uow.api_keys.delete(principal.user_id, key_id)
        uow.record(Event("ApiKeyDeleted", principal.user_id, key_id))
        await uow.commit()

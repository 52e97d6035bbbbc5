"""API keys: long-lived tokens for scripts, narrowed by scopes."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import Invalid, NotFound
from coffers.domain.ids import UserId

#: What every key begins with, so that leaked ones can be found.
PREFIX: Final = "cof_"
MAX_KEYS: Final = 50
MAX_SCOPES: Final = 50
MAX_LIFE: Final = timedelta(days=3_660)
#: `read`, `write`, or one of them for a resource family (the first segment of its paths):
#: `accounts:read`.
_SCOPE = re.compile(r"([a-z-]{1,40}:)?(read|write)")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of which only the SHA-256 is kept; `hint` is its beginning, to recognise it by."""

    id: UUID
    user_id: UserId
    name: str
    hint: str
    key_hash: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = None


class ApiKeys(Protocol):
    """Where keys are kept."""

    async def add(self, key: ApiKey) -> None:
        """Raises TooManyApiKeys when the user, who must be locked, has 50."""
        ...

    async def delete(self, user_id: UserId, key_id: UUID) -> None:
        """Raises ApiKeyNotFound, and NotYours when it is somebody else's."""
        ...


class ApiKeyNotFound(NotFound):
    """No such key of this user."""


class TooManyApiKeys(Invalid):
    """The user has as many keys as one may have."""


class ScopeInvalid(Invalid):
    """Not a scope, none at all, or too many."""


class ExpiryInvalid(Invalid):
    """A key ends after it begins, and within ten years."""


def check_scopes(scopes: Collection[str]) -> frozenset[str]:
    """The scopes, if there are 1 to 50 and each is one; raises ScopeInvalid."""
    if not 0 < len(scopes) <= MAX_SCOPES:
        raise ScopeInvalid(f"Name 1 to {MAX_SCOPES} scopes.", field="scopes")
    if not all(map(_SCOPE.fullmatch, scopes)):
        raise ScopeInvalid("A scope is read, write, or family:read, family:write.", field="scopes")
    return frozenset(scopes)


def check_expiry(expires_at: datetime | None, now: datetime) -> datetime | None:
    """The end of a key, in UTC; None for one without. Raises ExpiryInvalid."""
    if expires_at is None:
        return None
    if not now < expires_at <= now + MAX_LIFE:
        raise ExpiryInvalid("The expiry lies ahead, within ten years.", field="expires_at")
    return expires_at.astimezone(UTC)


def allows(scopes: frozenset[str], *, family: str, writing: bool) -> bool:
    """Whether these scopes open this family of resources; to write includes to read."""
    wanted = {"write", f"{family}:write"}
    if not writing:
        wanted |= {"read", f"{family}:read"}
    return not wanted.isdisjoint(scopes)

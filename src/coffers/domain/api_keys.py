"""API keys: long-lived tokens for scripts, narrowed by scopes."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import Invalid, NotFound
from coffers.domain.ids import UserId

#: What every key begins with, so that leaked ones can be found.
PREFIX: Final = "cof_"
MAX_KEYS: Final = 50
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
        """Raises TooManyApiKeys when the user has 50."""
        ...

    async def delete(self, user_id: UserId, key_id: UUID) -> None:
        """Raises ApiKeyNotFound."""
        ...


class ApiKeyNotFound(NotFound):
    """No such key of this user."""


class TooManyApiKeys(Invalid):
    """The user has as many keys as one may have."""


class ScopeInvalid(Invalid):
    """Not a scope."""


def check_scope(scope: str) -> str:
    """The scope, if it is one; raises ScopeInvalid."""
    if not _SCOPE.fullmatch(scope):
        raise ScopeInvalid("A scope is read, write, or family:read, family:write.", field="scopes")
    return scope


def allows(scopes: frozenset[str], *, family: str, writing: bool) -> bool:
    """Whether these scopes open this family of resources; to write includes to read."""
    wanted = {"write", f"{family}:write"}
    if not writing:
        wanted |= {"read", f"{family}:read"}
    return not wanted.isdisjoint(scopes)

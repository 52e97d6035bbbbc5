"""Sessions: one sign-in on one device, kept alive by rotating refresh tokens."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import NotFound, Unauthenticated
from coffers.domain.ids import SessionId, UserId

ACCESS_TOKEN_LIFE: Final = timedelta(minutes=15)
REFRESH_TOKEN_LIFE: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. It ends by `expires_at`, which each refresh moves on, or at `revoked_at`."""

    id: SessionId
    user_id: UserId
    ip_address: str | None
    user_agent: str | None
    device_info: str | None
    created_at: datetime
    last_activity_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A single-use token of a session's family; only its SHA-256 is kept."""

    id: UUID
    user_id: UserId
    session_id: SessionId
    token_hash: str
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


class Sessions(Protocol):
    """Where sessions and their refresh tokens are kept."""

    async def add(self, session: Session, token: RefreshToken) -> None:
        """A new session with its first token."""
        ...

    async def get(self, user_id: UserId, session_id: SessionId) -> Session:
        """Raises SessionNotFound."""
        ...

    async def find_token(self, token_hash: str) -> RefreshToken | None:
        """The token with this hash, locked until the end of the transaction."""
        ...

    async def rotate(self, used: RefreshToken, fresh: RefreshToken) -> None:
        """Mark the used token (at the fresh one's instant), keep the fresh one, and extend the session to its end."""
        ...

    async def revoke(
        self,
        user_id: UserId,
        *,
        at: datetime,
        only: SessionId | None = None,
        but: SessionId | None = None,
    ) -> list[SessionId]:
        """End the user's live sessions (one only; all but one; or all), and say which ended."""
        ...


class SessionNotFound(NotFound):
    """No such session of this user."""


class TokenInvalid(Unauthenticated):
    """The token is unknown, expired or revoked: which of them is not told."""

    slug = "invalid_token"


class TokenReuse(Unauthenticated):
    """A refresh token came back after its use: whoever holds it, the whole session is over."""

    slug = "token_reuse"

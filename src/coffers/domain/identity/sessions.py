"""Sessions: one sign-in on one device, kept alive by rotating refresh tokens."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import NotFound, Unauthenticated
from coffers.domain.ids import SessionId, UserId

ACCESS_TOKEN_LIFE: Final = timedelta(minutes=15)
REFRESH_TOKEN_LIFE: Final = timedelta(days=30)
_MAX_DEVICE: Final = 40
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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

    def version(self, *, is_current: bool) -> int:
        """Which state of it is seen, and whether from within: the instant of its last change."""
        last_change = self.revoked_at or self.last_activity_at
        return (last_change - _EPOCH) // timedelta(microseconds=1) * 2 + is_current


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
        """Raises SessionNotFound, and NotYours when it is somebody else's."""
        ...

    async def find_token(self, token_hash: str) -> RefreshToken | None:
        """The token with this hash; its user stays locked until the end of the transaction."""
        ...

    async def rotate(self, used: RefreshToken, fresh: RefreshToken) -> None:
        """Mark the used token at the fresh one's instant, and extend the session to its end."""
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


def device_of(user_agent: str | None) -> str | None:
    """A few words to recognise a device by, from its User-Agent."""
    if not user_agent:
        return None
    systems = ("Windows", "Android", "iPhone", "iPad", "Mac OS", "Linux")
    programs = ("Edg", "Firefox", "Chrome", "Safari", "curl", "python")
    system = next((name for name in systems if name in user_agent), None)
    program = next((name for name in programs if name in user_agent), None)
    words = [word for word in (program, system) if word]
    return " on ".join(words) or user_agent[:_MAX_DEVICE]

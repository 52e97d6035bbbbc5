"""One-time tokens that travel by mail: to confirm an address, to set a new password."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import BadRequest
from coffers.domain.ids import UserId


class Purpose(StrEnum):
    """What the token is good for."""

    EMAIL_VERIFICATION = "email_verification"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a purpose, not a password


LIFE: Final = {
    Purpose.EMAIL_VERIFICATION: timedelta(days=1),
    Purpose.PASSWORD_RESET: timedelta(hours=1),
}


@dataclass(frozen=True, slots=True)
class OneTimeToken:
    """A token of which only the SHA-256 is kept."""

    id: UUID
    user_id: UserId
    purpose: Purpose
    token_hash: str
    created_at: datetime
    expires_at: datetime


class OneTimeTokens(Protocol):
    """Where they wait for their one use."""

    async def replace(self, token: OneTimeToken) -> None:
        """Keep this one; earlier ones of the same user and purpose end."""
        ...

    async def take(self, token_hash: str, purpose: Purpose) -> OneTimeToken | None:
        """Remove and return it, its user locked until the end of the transaction.

        None when there is none. Two takers never both get it.
        """
        ...


class OneTimeTokenInvalid(BadRequest):
    """The token is unknown, used or expired: which of them is not told."""

    slug = "token_invalid"

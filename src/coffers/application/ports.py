"""The ports that belong to no noun: what the use cases need from the world around them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from coffers.domain.errors import Unavailable, UpstreamFailed
from coffers.domain.identity.users import Role
from coffers.domain.ids import SessionId, UserId


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """This instant, in UTC."""
        ...


class Passwords(Protocol):
    """Password hashing, slow on purpose and bounded in how much of it runs at once."""

    async def hash(self, password: str) -> str:
        """A salted hash to keep."""
        ...

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether they belong together; without a hash it costs the same time and is False."""
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than those of today."""
        ...


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a verified access token says."""

    user_id: UserId
    session_id: SessionId
    roles: frozenset[Role]
    expires_at: float


class AccessTokens(Protocol):
    """Signed access tokens (JWT, RFC 7519)."""

    def issue(
        self, user_id: UserId, session_id: SessionId, roles: frozenset[Role], *, now: datetime
    ) -> str:
        """A token that ends in 15 minutes."""
        ...

    def verify(self, token: str, *, now: datetime) -> AccessClaims:
        """Its claims; raises TokenInvalid for every flaw whatsoever."""
        ...

    def key_set(self) -> list[dict[str, str]]:
        """The public keys as a JSON Web Key Set (RFC 7517); empty for a symmetric algorithm."""
        ...


class Vault(Protocol):
    """Authenticated encryption of secrets at rest."""

    def seal(self, secret: bytes, *, bound_to: UUID) -> bytes:
        """Ciphertext that opens only with the id of its own row."""
        ...

    def open(self, sealed: bytes, *, bound_to: UUID) -> bytes:
        """The secret again; raises VaultRefused."""
        ...

    def reseal(self, sealed: bytes, *, bound_to: UUID) -> bytes:
        """The same under the current key, untouched if it is already; raises VaultRefused."""
        ...


class VaultRefused(Unavailable):
    """A stored secret does not open: its key is gone, or it was tampered with."""

    slug = "vault_refused"


@dataclass(frozen=True, slots=True)
class Mail:
    """A plain-text letter."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """How letters leave."""

    async def send(self, mail: Mail, *, letter_id: UUID) -> None:
        """Hand it over; the same id again is the same letter. Raises MailUndeliverable."""
        ...


class MailUndeliverable(UpstreamFailed):
    """The letter did not leave. If `is_final`, it never will."""

    slug = "mail_undeliverable"

    def __init__(self, detail: str, *, is_final: bool = False) -> None:
        super().__init__(detail)
        self.is_final = is_final

"""Secrets at rest, whatever they are of, for the day on which their key is changed."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from coffers.domain.ids import UserId


class SecretKind(StrEnum):
    """What is kept sealed for longer than a few days."""

    ACCOUNT_NUMBER = "account_number"
    CREDENTIALS = "credentials"


class SealedSecret(NamedTuple):
    """A ciphertext; `id` is what it is bound to."""

    user_id: UserId
    id: UUID
    sealed: bytes


class SealedSecrets(Protocol):
    """All of them, whosever they are."""

    async def page(
        self, kind: SecretKind, after: UUID | None, limit: int
    ) -> Sequence[SealedSecret]:
        """The next ones by their ids, locked for this transaction."""
        ...

    async def put(self, kind: SecretKind, secret: SealedSecret) -> None:
        """The same secret in another ciphertext: nothing else of its row is touched."""
        ...

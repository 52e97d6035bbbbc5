"""Tombstones: identities that the ledger gave up and must not take for new when a file brings them.

What its owner deleted stays deleted; what was posted under another name stays posted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.entries import Entry


class Burial(StrEnum):
    """Why an identity was given up, and what kind it was: the source's id, or a fingerprint."""

    DELETED_ID = "id"
    DELETED_FINGERPRINT = "fingerprint"
    SETTLED_ID = "settled_id"
    SETTLED_FINGERPRINT = "settled_fingerprint"


@dataclass(frozen=True, slots=True)
class Tombstone:
    """One identity that a movement of the account had.

    `import_id` is the import that goes back on it when it is reverted: the one that brought the
    deleted movement, or the one that posted the pending one.
    """

    user_id: UserId
    account_id: UUID
    transaction_id: UUID
    burial: Burial
    key: str
    import_id: UUID | None
    created_at: datetime


def deletion(provider_id: str | None, fingerprint: str | None) -> tuple[Burial, str] | None:
    """How a deleted movement with these identities is remembered; None if it had none."""
    if provider_id:
        return Burial.DELETED_ID, provider_id
    return (Burial.DELETED_FINGERPRINT, fingerprint) if fingerprint else None


def tombstones_of(entry: Entry, now: datetime) -> list[Tombstone]:
    """What remembers a deleted entry: nothing if no source has a name for it."""
    name = deletion(entry.provider_transaction_id, entry.fingerprint)
    if name is None:
        return []
    return [Tombstone(entry.user_id, entry.account_id, entry.id, *name, entry.import_id, now)]


def settlement(provider_id: str | None, fingerprint: str | None) -> tuple[Burial, str] | None:
    """The same for a pending movement that was posted under another name."""
    if provider_id:
        return Burial.SETTLED_ID, provider_id
    return (Burial.SETTLED_FINGERPRINT, fingerprint) if fingerprint else None


class Tombstones(Protocol):
    """Where they stand."""

    async def add(self, tombstones: Iterable[Tombstone]) -> None:
        """Remember these."""
        ...

    async def of_account(self, account: Account) -> Mapping[tuple[Burial, str], int]:
        """How often the account gave up which identity."""
        ...

    async def rename(self, user_id: UserId, names: Mapping[UUID, tuple[Burial, str]]) -> None:
        """Remember these deleted movements, by their ids, under other identities."""
        ...

    async def lift(self, user_id: UserId, transaction_ids: Sequence[UUID]) -> None:
        """These movements are there again."""
        ...

    async def forget(self, user_id: UserId, import_id: UUID) -> None:
        """Those that this import goes back on."""
        ...

"""Transfers: money between two accounts of one owner, neither earned nor spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from coffers.domain.errors import Conflict, Invalid, NotFound
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.transactions import TransactionStatus, TransactionType
from coffers.domain.live.events import Event

NEVER: frozenset[TransactionStatus] = frozenset(
    {TransactionStatus.FAILED, TransactionStatus.CANCELLED}
)


class TransferStatus(StrEnum):
    """What holds of a pair of movements. Only a confirmed one counts as a transfer."""

    SUGGESTED = "suggested"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class MatchedBy(StrEnum):
    """Who said so: the rule, or the owner."""

    RULE = "rule"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Leg:
    """A movement as far as it may be one side of a transfer; an amount below zero went out."""

    id: UUID
    account_id: UUID
    amount: Decimal
    currency: str
    day: date
    status: TransactionStatus
    transaction_type: TransactionType
    transfer_id: UUID | None = None

    @property
    def is_pending(self) -> bool:
        """Whether its source may still take it back."""
        return self.status is TransactionStatus.PENDING


@dataclass(frozen=True, slots=True)
class Pair:
    """What went out of one account and what came into another."""

    outgoing: Leg
    incoming: Leg

    @property
    def key(self) -> tuple[UUID, UUID]:
        """The ids of both, the outgoing one first."""
        return self.outgoing.id, self.incoming.id


@dataclass(frozen=True, slots=True)
class Transfer:
    """What is held of a pair; the amounts are those that it was said of."""

    id: UUID
    user_id: UserId
    status: TransferStatus
    matched_by: MatchedBy
    outgoing_id: UUID
    incoming_id: UUID
    outgoing_amount: Decimal
    outgoing_currency: str
    incoming_amount: Decimal
    incoming_currency: str
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def key(self) -> tuple[UUID, UUID]:
        """The ids of both legs, the outgoing one first."""
        return self.outgoing_id, self.incoming_id


def check_pair(pair: Pair) -> None:
    """Raises TransferInvalid unless an owner may call these two a transfer.

    Whatever lies between their days; in one currency to the cent, across currencies on the owner's
    word.
    """
    out, into = pair.outgoing, pair.incoming
    if out.amount >= 0 or into.amount <= 0:
        raise TransferInvalid("A transfer takes money out of one account and into another.")
    if out.account_id == into.account_id:
        raise TransferInvalid("Both transactions are in the same account.")
    if out.currency == into.currency and out.amount.copy_negate() != into.amount:
        raise TransferInvalid("In one currency, as much comes in as went out.")
    if NEVER & {out.status, into.status}:
        raise TransferInvalid("What failed or was cancelled moved no money.")
    if TransactionType.TRADE in {out.transaction_type, into.transaction_type}:
        raise TransferInvalid("A trade is not a transfer.")


def transfer_of(
    user_id: UserId, pair: Pair, status: TransferStatus, matched_by: MatchedBy, now: datetime
) -> Transfer:
    """What is held of a pair from now on."""
    out, into = pair.outgoing, pair.incoming
    return Transfer(
        id=new_id(),
        user_id=user_id,
        status=status,
        matched_by=matched_by,
        outgoing_id=out.id,
        incoming_id=into.id,
        outgoing_amount=out.amount,
        outgoing_currency=out.currency,
        incoming_amount=into.amount,
        incoming_currency=into.currency,
        created_at=now,
        updated_at=now,
    )


def event_of(name: str, transfer: Transfer) -> Event:
    """What happened to a transfer."""
    legs = {
        "outgoing_transaction_id": str(transfer.outgoing_id),
        "incoming_transaction_id": str(transfer.incoming_id),
    }
    return Event(name, transfer.user_id, transfer.id, legs)


class Transfers(Protocol):
    """Where transfers are kept. A leg of a confirmed one names it in its own row."""

    async def lock(self, user_id: UserId) -> None:
        """One at a time judges a user's movements, until the end of the transaction."""
        ...

    async def changed_days(self, user_id: UserId, since: datetime) -> list[date]:
        """The days of the movements that changed since then, each once, in order."""
        ...

    async def candidates(self, user_id: UserId, first: date, last: date) -> list[Leg]:
        """What the rule may match of these days, by day and id.

        Settled or pending, not of nothing, no trade, not ignored, not split, in no transfer yet.
        """
        ...

    async def legs(self, user_id: UserId, ids: Sequence[UUID]) -> dict[UUID, Leg]:
        """Those of them that are this user's, whatever they are, locked with their accounts."""
        ...

    async def judged(self, user_id: UserId, first: date, last: date) -> list[Transfer]:
        """The suggested and the rejected with a leg in these days."""
        ...

    async def get(self, user_id: UserId, transfer_id: UUID) -> Transfer:
        """Locked for this transaction; raises TransferNotFound, NotYours."""
        ...

    async def of_pair(self, user_id: UserId, key: tuple[UUID, UUID]) -> Transfer | None:
        """What is held of this pair, if anything."""
        ...

    async def add(self, transfers: Sequence[Transfer]) -> None:
        """Keep new ones; the legs of the confirmed ones name them from now on."""
        ...

    async def update(self, transfer: Transfer, *, expected_version: int | None = None) -> Transfer:
        """As stored, its version one higher; its legs name it if it is confirmed, else nothing.

        Raises PreconditionFailed.
        """
        ...

    async def remove(self, transfers: Sequence[Transfer], *, now: datetime) -> None:
        """Forget them; their legs are free."""
        ...

    async def others_of(self, transfer: Transfer) -> list[Transfer]:
        """Suggestions that share a leg with it."""
        ...

    async def broken(
        self, user_id: UserId, transaction_ids: Sequence[UUID] | None = None
    ) -> list[Transfer]:
        """Those that cannot stand: a leg is gone, or its amount or status is not what it was.

        Of these movements only, or of all. A rejection stands as long as both legs are there.
        """
        ...


class TransferNotFound(NotFound):
    """There is no such transfer."""


class TransferInvalid(Invalid):
    """The two transactions cannot be a transfer."""


class LegTaken(Conflict):
    """A transaction is a leg of another transfer already."""

    slug = "already_transferred"

"""Recurring payments: what comes back regularly, what it costs, and when it is due again."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import NotFound
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from coffers.domain.spending.cadences import RHYTHMS, Cadence, due_days, following

#: Series that one user has at most; the latest ones are kept.
MAX_SERIES: Final = 500


class RecurringKind(StrEnum):
    """What comes back."""

    SALARY = "salary"
    SUBSCRIPTION = "subscription"
    BILL = "bill"
    OTHER = "other"


class RecurringState(StrEnum):
    """What its owner says of it. What is dismissed is looked at no more."""

    DETECTED = "detected"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A settled movement as far as it may be one of a series; `text` is merchant or description."""

    id: UUID
    account_id: UUID
    amount: Decimal
    currency: str
    day: date
    text: str
    transaction_type: TransactionType
    subtype: TransactionSubtype
    category_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What the movements of a series have in common; the amount only if nothing else sets apart."""

    account_id: UUID
    currency: str
    is_outgoing: bool
    words: str
    amount: Decimal | None = None

    @property
    def hash(self) -> str:
        """SHA-256 over all of it, in hexadecimal."""
        amount = "" if self.amount is None else format(self.amount, "f")
        parts = (str(self.account_id), self.currency, str(self.is_outgoing), self.words, amount)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Found:
    """A series as its evidence tells it; `evidence` are its movements, newest first.

    `amount` is what is expected next, below zero when it goes out; `regularity` the part of the
    steps that keep to the cadence. `has_new_price`: the latest one costs other than those before.
    """

    key: SeriesKey
    name: str
    kind: RecurringKind
    cadence: Cadence
    category_id: UUID | None
    amount: Decimal
    smallest: Decimal
    largest: Decimal
    is_fixed: bool
    previous_amount: Decimal | None
    has_new_price: bool
    first_on: date
    last_on: date
    anchor: int
    occurrences: int
    evidence: tuple[UUID, ...]
    regularity: Decimal


@dataclass(frozen=True, slots=True)
class Series:
    """A series that is kept. `expected_on` is None once it has ended.

    `chosen` are the fields that its owner set: no evidence changes them.
    """

    id: UUID
    user_id: UserId
    account_id: UUID
    key: str
    words: str
    currency: str
    name: str
    kind: RecurringKind
    state: RecurringState
    cadence: Cadence
    category_id: UUID | None
    amount: Decimal
    smallest: Decimal
    largest: Decimal
    is_fixed: bool
    previous_amount: Decimal | None
    first_on: date
    last_on: date
    anchor: int
    occurrences: int
    evidence: tuple[UUID, ...]
    regularity: Decimal
    expected_on: date | None
    missed_count: int
    missed_on: date | None
    chosen: frozenset[str]
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def grace(self) -> timedelta:
        """How late the next one may be before it counts as missed."""
        return timedelta(days=RHYTHMS[self.cadence].grace)

    def told(self, found: Found, today: date) -> "Series":
        """As its evidence now tells it; what its owner chose stays.

        A later payment sets anew when the next is due; without one, what was missed stays missed.
        """
        ours = {name: getattr(found, name) for name in _TOLD if name not in self.chosen}
        told = replace(self, **ours, key=found.key.hash)
        is_news = not self.evidence or found.evidence[0] != self.evidence[0]
        return told.awaited(today) if is_news and found.last_on >= self.last_on else told

    def awaited(self, today: date) -> "Series":
        """Its next payment is due after the last one.

        What a series that nobody knew of missed until today is not told any more.
        """
        first = following(self.cadence, self.last_on, self.anchor)
        waiting = replace(self, expected_on=first, missed_count=0)
        if self.version == 0:
            while waiting.is_late(today):
                waiting = waiting.missed()
        return waiting

    def is_late(self, today: date) -> bool:
        """Whether the payment that is due can be called missed."""
        return self.expected_on is not None and self.expected_on + self.grace < today

    def missed(self) -> "Series":
        """With the payment that is due given up; the next one is awaited, unless it has ended."""
        if self.expected_on is None:
            return self
        count, due = self.missed_count + 1, self.expected_on
        has_ended = count >= RHYTHMS[self.cadence].patience
        after = None if has_ended else following(self.cadence, due, self.anchor)
        return replace(self, expected_on=after, missed_count=count, missed_on=due)

    def without_evidence(self) -> "Series":
        """None of its movements is there any more, or they are regular no longer."""
        return replace(self, evidence=(), occurrences=0, expected_on=None)

    def due(self, until: date) -> Iterator[date]:
        """The days on which payments are awaited until that day, the overdue one first."""
        if self.expected_on is not None and self.state is not RecurringState.DISMISSED:
            yield from due_days(self.cadence, self.expected_on, self.anchor, until)


_TOLD: Final = (
    *("name", "kind", "cadence", "category_id", "amount", "smallest", "largest", "is_fixed"),
    *("previous_amount", "first_on", "last_on", "anchor", "occurrences", "evidence", "regularity"),
)


def series_of(user_id: UserId, found: Found, today: date, now: datetime) -> Series:
    """A series that nobody knew of."""
    new = Series(
        id=new_id(),
        user_id=user_id,
        account_id=found.key.account_id,
        key=found.key.hash,
        words=found.key.words,
        currency=found.key.currency,
        state=RecurringState.DETECTED,
        expected_on=None,
        missed_count=0,
        missed_on=None,
        chosen=frozenset(),
        created_at=now,
        updated_at=now,
        version=0,
        **{name: getattr(found, name) for name in _TOLD},
    )
    return replace(new.awaited(today), version=1)


class RecurringSeries(Protocol):
    """Where series are kept."""

    async def lock(self, user_id: UserId) -> None:
        """One at a time judges a user's series, until the end of the transaction."""
        ...

    async def all(self, user_id: UserId) -> list[Series]:
        """All of a user's, oldest first, locked."""
        ...

    async def get(self, user_id: UserId, series_id: UUID) -> Series:
        """Locked for this transaction; raises RecurringNotFound, NotYours."""
        ...

    async def add(self, series: Sequence[Series]) -> None:
        """Keep new ones."""
        ...

    async def update(self, series: Series, *, expected_version: int | None = None) -> Series:
        """As stored, its version one higher; raises PreconditionFailed."""
        ...

    async def remove(self, series: Sequence[Series]) -> None:
        """Forget them."""
        ...

    async def late(self, before: date, after: UserId, limit: int) -> list[UserId]:
        """The users behind that one who await a payment since before that day, in their order."""
        ...

    async def heard_until(self, user_id: UserId) -> dict[UUID, datetime | None]:
        """For each account that is not kept by hand, when it was last heard of."""
        ...


class RecurringNotFound(NotFound):
    """There is no such recurring payment."""

"""A user's ledger read through once, for files that other programs understand."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.entries import VOID
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import TransactionStatus
from coffers.domain.spending.categories import Category


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a movement, or the whole of one that was not split."""

    amount: Decimal
    category: Category | None
    notes: str | None


@dataclass(frozen=True, slots=True)
class OtherLeg:
    """What moved on the other side of a confirmed transfer."""

    account_id: UUID
    amount: Decimal
    currency: str
    is_outgoing: bool


@dataclass(frozen=True, slots=True)
class Movement:
    """A movement with everything that is said of it; `parts` add up to its amount."""

    id: UUID
    account_id: UUID
    transaction_date: date
    settlement_date: date | None
    transaction_type: str
    subtype: str
    status: str
    amount: Decimal
    currency: str
    description: str
    asset_type: str | None
    symbol: str | None
    security_name: str | None
    quantity: Decimal | None
    unit_price: Decimal | None
    commission: Decimal | None
    acquired_date: date | None
    lots: Sequence[Mapping[str, str]] | None
    merchant: str | None
    notes: str | None
    tags: Sequence[str]
    is_ignored: bool
    parts: Sequence[Part]
    other_leg: OtherLeg | None

    @property
    def counts(self) -> bool:
        """Whether it moved anything."""
        return TransactionStatus(self.status) not in VOID


@dataclass(frozen=True, slots=True)
class Position:
    """What is held of one security in one account."""

    account_id: UUID
    symbol: str
    security_name: str
    asset_type: str
    quantity: Decimal
    cost_basis: Decimal | None
    market_value: Decimal
    currency: str
    current_price: Decimal | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class Outline:
    """What a file must know before its first movement.

    `moved` adds up the amounts that count, by account and currency; `traded` the quantities of
    trades and transfers, by account and symbol. `multipliers` are assets' own, and their types, by
    what the ledger calls them: symbol and currency. The days are those of the first and the last
    movement, None without any.
    """

    base_currency: str
    accounts: Sequence[Account]
    categories: Sequence[Category]
    positions: Sequence[Position]
    moved: Mapping[tuple[UUID, str], Decimal]
    traded: Mapping[tuple[UUID, str], Decimal]
    first_day: date | None
    last_day: date | None
    multipliers: Mapping[tuple[str, str], tuple[Decimal | None, AssetType]]


class Book(Protocol):
    """One state of a ledger."""

    async def outline(self) -> Outline:
        """Everything but the movements."""
        ...

    def movements(self) -> AsyncGenerator[Sequence[Movement], None]:
        """All of them by day, a page at a time."""
        ...


class Books(Protocol):
    """Ledgers to read through."""

    def open(self, user_id: UserId) -> AbstractAsyncContextManager[Book]:
        """All that is read inside is of one instant; raises ExportsBusy."""
        ...

"""Entries: movements as their owner writes, edits and annotates them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import Conflict, Invalid
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.annotations import AnnotatedTransaction, Annotation, one_line
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import (
    TYPE_OF,
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.spending.categories import Category, CategoryKind

#: How far ahead an entry may be dated: what is further is a slip of the pen.
AHEAD: Final = timedelta(days=366)
MAX_DESCRIPTION: Final = 200
#: Lots that one sale may name.
MAX_LOTS: Final = 100
#: What moves no money, and so no balance.
VOID: Final = frozenset({TransactionStatus.FAILED, TransactionStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class NamedLot:
    """How much of one purchase a sale takes, in units of the day of the sale."""

    transaction_id: UUID
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Entry:
    """A movement whole: what its source says, and what is said of it.

    Its amount counts in the balance of an account kept by hand unless it failed or was cancelled.
    `quantity` has the sign of what it adds to the position. `acquired_date` is when securities that
    came from elsewhere were bought; `lots` are those that a sale takes, where its owner names them.
    """

    id: UUID
    user_id: UserId
    account_id: UUID
    transaction_type: TransactionType
    subtype: TransactionSubtype
    status: TransactionStatus
    amount: Decimal
    currency: str
    description: str
    transaction_date: date
    created_at: datetime
    updated_at: datetime
    annotation: Annotation = field(default_factory=Annotation)
    settlement_date: date | None = None
    asset_type: AssetType | None = None
    symbol: str | None = None
    security_name: str | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    commission: Decimal | None = None
    acquired_date: date | None = None
    lots: tuple[NamedLot, ...] = ()
    provider_transaction_id: str | None = None
    fingerprint: str | None = None
    import_id: UUID | None = None
    transfer_id: UUID | None = None
    reconciliation_id: UUID | None = None
    version: int = 1

    @property
    def is_by_hand(self) -> bool:
        """Whether its owner wrote it: no provider and no file names it."""
        return (
            self.provider_transaction_id is None
            and self.fingerprint is None
            and self.import_id is None
        )

    @property
    def annotated(self) -> AnnotatedTransaction:
        """As far as annotating it needs."""
        return AnnotatedTransaction(
            id=self.id,
            account_id=self.account_id,
            description=self.description,
            amount=self.amount,
            currency=self.currency,
            transaction_type=self.transaction_type,
            transaction_date=self.transaction_date,
            annotation=self.annotation,
            version=self.version,
        )

    @property
    def counted(self) -> Decimal:
        """What it adds to the balance of its account."""
        return Decimal(0) if self.status in VOID else self.amount


def check_amount(amount: Decimal) -> None:
    """Raises EntryInvalid for zero."""
    if not amount:
        raise EntryInvalid("An amount of zero moves nothing.", field="amount")


def described(text: str) -> str:
    """On one line; raises EntryInvalid for a description that says nothing."""
    line = one_line(text)
    if not line:
        raise EntryInvalid("A description says something.", field="description")
    return line


def check_day(day: date, today: date) -> None:
    """Raises EntryInvalid for a day more than a year ahead."""
    if day > today + AHEAD:
        raise EntryInvalid("More than a year ahead.", field="transaction_date")


def kind_of(
    amount: Decimal,
    category: Category | None,
    told: TransactionType | None,
    finer: TransactionSubtype | None,
) -> tuple[TransactionType, TransactionSubtype]:
    """Type and subtype: as told; else by the category, else by the sign.

    The subtype `unknown` goes with every type. Raises EntryInvalid for a subtype of another type.
    """
    if finer is None:
        kind = told or _kind(amount, category)
        return kind, _finer(kind, amount, category)
    if told is None or finer is TransactionSubtype.UNKNOWN:
        return told or TYPE_OF[finer], finer
    if TYPE_OF[finer] is not told:
        raise EntryInvalid(f"{finer.value} is no subtype of {told.value}.", field="subtype")
    return told, finer


def _kind(amount: Decimal, category: Category | None) -> TransactionType:
    if category is not None:
        return _BY_CATEGORY[category.kind]
    return TransactionType.INCOME if amount > 0 else TransactionType.EXPENSE


def _finer(kind: TransactionType, amount: Decimal, category: Category | None) -> TransactionSubtype:
    if kind is TransactionType.INCOME:
        value = None if category is None else category.value
        return _INCOMES.get(value, TransactionSubtype.UNKNOWN)
    return _USUAL[kind][amount < 0]


_BY_CATEGORY: Final = {
    CategoryKind.EXPENSE: TransactionType.EXPENSE,
    CategoryKind.INCOME: TransactionType.INCOME,
}
_INCOMES: Final[Mapping[str | None, TransactionSubtype]] = {
    "salary": TransactionSubtype.SALARY,
    "deposit_interest": TransactionSubtype.INTEREST,
}
#: What it usually is when money comes in, and when it goes out.
_USUAL: Final = {
    TransactionType.TRADE: (TransactionSubtype.SELL, TransactionSubtype.BUY),
    TransactionType.TRANSFER: (TransactionSubtype.TRANSFER_IN, TransactionSubtype.TRANSFER_OUT),
    TransactionType.EXPENSE: (TransactionSubtype.PURCHASE, TransactionSubtype.PURCHASE),
    TransactionType.FEE: (TransactionSubtype.OTHER_FEE, TransactionSubtype.OTHER_FEE),
    TransactionType.OTHER: (TransactionSubtype.UNKNOWN, TransactionSubtype.UNKNOWN),
}


class Entries(Protocol):
    """Where movements are kept, one at a time."""

    async def account_of(self, user_id: UserId, transaction_id: UUID) -> UUID:
        """The account that it is in, not locked; raises TransactionNotFound, NotYours."""
        ...

    async def get(self, user_id: UserId, transaction_id: UUID) -> Entry:
        """Locked for this transaction, its account before it; raises TransactionNotFound."""
        ...

    async def add(self, entry: Entry) -> None:
        """Keep a new one."""
        ...

    async def put(self, entry: Entry) -> Entry:
        """As stored, its version one higher; it is locked already."""
        ...

    async def delete(self, entry: Entry) -> None:
        """It is locked already."""
        ...

    async def total(self, account: Account) -> Decimal:
        """What all entries of the account, in its currency, add to its balance."""
        ...

    async def settled_until(self, account: Account, day: date) -> Decimal:
        """Likewise those that are settled, up to the end of this day."""
        ...


class EntryInvalid(Invalid):
    """Something about the entry cannot be."""


class TransactionReconciled(Conflict):
    """A reconciliation stands on the movement."""

    slug = "transaction_reconciled"

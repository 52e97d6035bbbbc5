"""Movements to read: one, or the pages of a filtered and sorted list."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.views import DecimalText, Instant, Versioned
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.paging import Cursors, Page
from coffers.domain.ranges import check_range


class SplitView(msgspec.Struct, frozen=True, gc=False):
    """A part of a movement and what it was for; the parts add up to the movement's amount."""

    amount_value: DecimalText
    category_id: UUID | None
    category: str | None
    notes: str | None


class NamedLotView(msgspec.Struct, frozen=True, gc=False):
    """How much of one purchase a sale takes, in units of the day of the sale."""

    transaction_id: UUID
    quantity: DecimalText


class TransactionView(msgspec.Struct, frozen=True, gc=False):
    """A movement of money or securities. An amount below zero is money out.

    Where securities move, the quantity is what that adds to the position: below zero where they
    leave.
    """

    id: UUID
    account_id: UUID
    provider_transaction_id: str | None
    transaction_type: TransactionType
    subtype: TransactionSubtype
    status: TransactionStatus
    amount_value: DecimalText
    amount_currency: str
    description: str
    asset_type: AssetType | None
    symbol: str | None
    security_name: str | None
    quantity: DecimalText | None
    unit_price_amount: DecimalText | None
    unit_price_currency: str | None
    commission_amount: DecimalText | None
    commission_currency: str | None
    transaction_date: date
    settlement_date: date | None
    is_trade: bool
    is_transfer: bool
    is_income: bool
    is_fee: bool
    is_debit: bool
    is_credit: bool
    is_settled: bool
    category_id: UUID | None
    category: Annotated[
        str | None, Meta(description="The category's value. With splits, only these count.")
    ]
    merchant: str | None
    notes: str | None
    tags: list[str]
    splits: list[SplitView]
    is_ignored: Annotated[bool, Meta(description="Whether reports leave it out.")]
    transfer_id: UUID | None
    reconciliation_id: UUID | None
    annotated_by: Annotated[
        dict[str, str],
        Meta(description="Who said what: `user`, `rule:<id>` or `edit:<id>`, by field."),
    ]
    acquired_date: Annotated[
        date | None, Meta(description="When securities that came from elsewhere were bought.")
    ]
    lots: Annotated[
        list[NamedLotView], Meta(description="The purchases that a sale names; empty for none.")
    ]
    created_at: Instant
    updated_at: Instant


class TransactionList(msgspec.Struct, frozen=True):
    """One page; `total_count` is of the whole filter, `next_cursor` null on the last page."""

    transactions: list[TransactionView]
    total_count: int
    next_cursor: str | None
    has_more: bool


class TransactionSort(StrEnum):
    """By what; a minus means the latest or largest first."""

    NEWEST = "-date"
    OLDEST = "date"
    LARGEST = "-amount"
    SMALLEST = "amount"


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """Which movements; None does not filter, ranges include both ends.

    `q` is looked for in description, security name, merchant, notes and tags; it, `symbol` and
    `merchant` disregard case. `category` is a value, which expense and income may share, or an id,
    or `none`; of what is split, the parts are looked at.
    """

    account_id: UUID | None = None
    transaction_type: TransactionType | None = None
    status: TransactionStatus | None = None
    symbol: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    updated_from: datetime | None = None
    updated_to: datetime | None = None
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    q: str | None = None
    category: str | None = None
    merchant: str | None = None
    tag: str | None = None
    is_ignored: bool | None = None


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """Which page of what: at most `limit` rows behind the sort key."""

    wanted: TransactionFilter
    sort: TransactionSort
    limit: int
    behind: Sequence[str] | None = None


class TransactionLookups(Protocol):
    """Movements to read."""

    async def page(self, user_id: UserId, asked: TransactionPage) -> Page[TransactionView]:
        """Equal dates or amounts are ordered by id, in the direction of the sort.

        Raises AccountNotFound or NotYours for the account of the filter, CategoryUnknown for its
        category.
        """
        ...

    async def get(self, user_id: UserId, transaction_id: UUID) -> Versioned[TransactionView]:
        """Raises TransactionNotFound, NotYours."""
        ...


@dataclass(frozen=True, slots=True)
class TransactionsAsked:
    """What a caller asks for; the cursor continues an earlier page of the same question."""

    wanted: TransactionFilter
    limit: int
    sort: TransactionSort = TransactionSort.NEWEST
    cursor: str | None = None


async def list_transactions(
    lookups: TransactionLookups, cursors: Cursors, principal: Principal, asked: TransactionsAsked
) -> TransactionList:
    """A page of the caller's movements; raises CursorInvalid, RangeInvalid and as `page` does."""
    wanted = asked.wanted
    check_range(wanted.start_date, wanted.end_date)
    check_range(wanted.updated_from, wanted.updated_to)
    check_range(wanted.min_amount, wanted.max_amount)
    binding = (principal.user_id, "transactions", asked.sort, *astuple(wanted))
    behind = None if asked.cursor is None else cursors.open(asked.cursor, binding)
    page = await lookups.page(
        principal.user_id, TransactionPage(wanted, asked.sort, asked.limit, behind)
    )
    following = None if page.next_key is None else cursors.seal(page.next_key, binding)
    return TransactionList(page.rows, page.total_count, following, following is not None)


async def get_transaction(
    lookups: TransactionLookups, principal: Principal, transaction_id: UUID
) -> Versioned[TransactionView]:
    """One of the caller's movements; raises TransactionNotFound, NotYours."""
    return await lookups.get(principal.user_id, transaction_id)

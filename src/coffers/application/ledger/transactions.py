"""Movements to read: one, or the pages of a filtered and sorted list."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import msgspec

from coffers.application.ports import Clock, UnitOfWork
from coffers.application.views import DecimalText, Instant, Versioned
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.tombstones import Tombstone, deletion
from coffers.domain.ledger.transactions import (
    KeptTransaction,
    TransactionReported,
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.live.events import Event
from coffers.domain.paging import Cursors, Page
from coffers.domain.ranges import check_range


class TransactionView(msgspec.Struct, frozen=True, gc=False):
    """A movement of money or securities. An amount below zero is money out."""

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

    `q` is looked for in description and security name; it and `symbol` disregard case.
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

        Raises AccountNotFound or NotYours for the account of the filter.
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


async def delete_transaction(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    transaction_id: UUID,
    expected_version: int | None,
) -> None:
    """Delete a movement that no provider reports; a file that has it does not bring it back.

    Raises TransactionNotFound, NotYours, TransactionReported, PreconditionFailed.
    """
    async with uow:
        kept = await uow.transactions.find(principal.user_id, transaction_id)
        account = await uow.accounts.get(principal.user_id, kept.account_id)
        if account.connection_id is not None and kept.import_id is None:
            raise TransactionReported("A provider reports this movement: what it says, stands.")
        version = kept.version if expected_version is None else expected_version
        await uow.transactions.delete(replace(kept, version=version))
        await uow.tombstones.add(_tombstones(kept, clock.now()))
        uow.record(Event("TransactionDeleted", principal.user_id, transaction_id))
        await uow.commit()


def _tombstones(kept: KeptTransaction, now: datetime) -> list[Tombstone]:
    name = deletion(kept.provider_transaction_id, kept.fingerprint)
    if name is None:
        return []
    where = (kept.user_id, kept.account_id, kept.id)
    return [Tombstone(*where, *name, kept.import_id, now)]

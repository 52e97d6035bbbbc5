"""A user's ledger read through once, from one snapshot of the database."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Date, Row, bindparam, case, func, select, tuple_

from coffers.application.portability.books import (
    Book,
    Books,
    Movement,
    OtherLeg,
    Outline,
    Part,
    Position,
)
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account, AccountType
from coffers.domain.ledger.entries import VOID
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import TransactionType
from coffers.domain.spending.categories import SYSTEM_CATEGORIES, Category, CategoryKind
from coffers.domain.spending.transfers import TransferStatus
from coffers.infrastructure.db.identity.users import users
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.ledger.holdings import holdings
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.markets.assets import asset_links, assets
from coffers.infrastructure.db.portability.exports import SqlExports
from coffers.infrastructure.db.portability.tables import PAGE
from coffers.infrastructure.db.reader import Snapshot
from coffers.infrastructure.db.spending.categories import categories
from coffers.infrastructure.db.spending.transfer_rows import transfers
from coffers.infrastructure.db.types import Id, exact_sum

_VOID: Final = [status.value for status in VOID]
_T: Final = transactions.c
_OTHER: Final = transactions.alias("other")


class SqlBooks(Books):
    """Ledgers in SQL."""

    def __init__(self, exports: SqlExports) -> None:
        self._exports = exports

    @asynccontextmanager
    async def open(self, user_id: UserId) -> AsyncIterator[Book]:
        """As the port says."""
        async with self._exports.snapshot() as snapshot:
            yield _SqlBook(snapshot, user_id)


class _SqlBook(Book):
    def __init__(self, snapshot: Snapshot, user_id: UserId) -> None:
        self._snapshot = snapshot
        self._mine = {"user_id": user_id}
        self._categories: dict[UUID, Category] = {}

    async def outline(self) -> Outline:
        """As the port says."""
        own = [_category(row) for row in await self._rows(_CATEGORIES)]
        self._categories = {each.id: each for each in (*SYSTEM_CATEGORIES, *own)}
        moved = await self._rows(_MOVED)
        return Outline(
            base_currency=(await self._rows(_BASE))[0].base_currency,
            accounts=[_account(row) for row in await self._rows(_ACCOUNTS)],
            categories=list(self._categories.values()),
            positions=[Position(**row._asdict()) for row in await self._rows(_POSITIONS)],
            moved={(row.account_id, row.currency): row.total for row in moved},
            traded={(row.account_id, row.symbol): row.total for row in await self._rows(_TRADED)},
            first_day=min((row.first_day for row in moved), default=None),
            last_day=max((row.last_day for row in moved), default=None),
            multipliers={
                (row.symbol, row.currency): (row.multiplier, AssetType(row.asset_type))
                for row in await self._rows(_MULTIPLIERS)
            },
        )

    async def movements(self) -> AsyncGenerator[Sequence[Movement], None]:
        """As the port says."""
        rows = await self._rows(_FIRST)
        while rows:
            yield [self._movement(row) for row in rows]
            # The work on a page is others' waiting.
            await asyncio.sleep(0)
            if len(rows) < PAGE:
                return
            last = rows[-1]
            rows = await self._rows(_NEXT, {"day": last.transaction_date, "row_id": last.id})

    async def _rows(
        self, statement: Any, more: Mapping[str, Any] | None = None
    ) -> Sequence[Row[Any]]:  # Any: a select, values of columns, rows of any shape
        return await self._snapshot.rows(statement, {**self._mine, **(more or {})})

    def _movement(self, row: Row[Any]) -> Movement:  # Any: a row of _FIRST
        fields = {name: getattr(row, name) for name in _TOLD}
        return Movement(
            **fields,
            tags=row.tags or (),
            parts=self._parts(row),
            other_leg=_other_leg(row),
        )

    def _parts(self, row: Row[Any]) -> list[Part]:  # Any: a row of _FIRST
        if not row.splits:
            return [Part(row.amount, self._categories.get(row.category_id), None)]
        return [
            Part(
                Decimal(part["amount"]),
                self._categories.get(UUID(part["category_id"])) if part["category_id"] else None,
                part["notes"],
            )
            for part in row.splits
        ]


def _other_leg(row: Row[Any]) -> OtherLeg | None:  # Any: a row of _FIRST
    if row.other_account_id is None:
        return None
    is_outgoing = row.outgoing_id == row.id
    return OtherLeg(row.other_account_id, row.other_amount, row.other_currency, is_outgoing)


def _account(row: Row[Any]) -> Account:  # Any: a row of the whole table
    fields = {name: getattr(row, name) for name in Account.__dataclass_fields__}
    return Account(**fields | {"account_type": AccountType(row.account_type)})


def _category(row: Row[Any]) -> Category:  # Any: a row of the whole table
    fields = {name: getattr(row, name) for name in Category.__dataclass_fields__}
    return Category(**fields | {"kind": CategoryKind(row.kind)})


_USER: Final = bindparam("user_id", type_=Id)
_COUNTS: Final = _T.status.not_in(_VOID)
_BASE: Final = select(users.c.base_currency).where(users.c.id == _USER)
_ACCOUNTS: Final = select(accounts).where(accounts.c.user_id == _USER).order_by(accounts.c.id)
_CATEGORIES: Final = (
    select(categories).where(categories.c.user_id == _USER).order_by(categories.c.id)
)
_POSITIONS: Final = (
    select(*(holdings.c[name] for name in Position.__dataclass_fields__))
    .where(holdings.c.user_id == _USER)
    .order_by(holdings.c.id)
)
_MOVED: Final = (
    select(
        _T.account_id,
        _T.currency,
        exact_sum(_T.amount).label("total"),
        func.min(_T.transaction_date, type_=Date).label("first_day"),
        func.max(_T.transaction_date, type_=Date).label("last_day"),
    )
    .where(_T.user_id == _USER, _COUNTS)
    .group_by(_T.account_id, _T.currency)
)
_MOVES_UNITS: Final = (TransactionType.TRADE.value, TransactionType.TRANSFER.value)
_TRADED: Final = (
    select(_T.account_id, _T.symbol, exact_sum(_T.quantity).label("total"))
    .where(
        _T.user_id == _USER,
        _COUNTS,
        _T.transaction_type.in_(_MOVES_UNITS),
        _T.symbol.is_not(None),
        _T.quantity.is_not(None),
    )
    .group_by(_T.account_id, _T.symbol)
)
_MULTIPLIERS: Final = (
    select(asset_links.c.symbol, asset_links.c.currency, assets.c.multiplier, assets.c.asset_type)
    .join(assets, assets.c.id == asset_links.c.asset_id)
    .where(asset_links.c.user_id == _USER)
)
_TOLD: Final = [
    name for name in Movement.__dataclass_fields__ if name not in {"tags", "parts", "other_leg"}
]
_PAIR: Final = (
    (transfers.c.user_id == _USER)
    & (transfers.c.id == _T.transfer_id)
    & (transfers.c.status == TransferStatus.CONFIRMED.value)
    & _COUNTS
)
_OTHER_ID: Final = case(
    (transfers.c.outgoing_id == _T.id, transfers.c.incoming_id), else_=transfers.c.outgoing_id
)
_FIRST: Final = (
    select(
        *(_T[name] for name in _TOLD),
        _T.category_id,
        _T.tags,
        _T.splits,
        transfers.c.outgoing_id,
        _OTHER.c.account_id.label("other_account_id"),
        _OTHER.c.amount.label("other_amount"),
        _OTHER.c.currency.label("other_currency"),
    )
    .select_from(
        transactions.outerjoin(transfers, _PAIR).outerjoin(
            _OTHER,
            (_OTHER.c.user_id == _USER)
            & (_OTHER.c.id == _OTHER_ID)
            & _OTHER.c.status.not_in(_VOID),
        )
    )
    .where(_T.user_id == _USER)
    .order_by(_T.transaction_date, _T.id)
    .limit(PAGE)
)
_NEXT: Final = _FIRST.where(
    tuple_(_T.transaction_date, _T.id)
    > tuple_(bindparam("day", type_=Date), bindparam("row_id", type_=Id))
)

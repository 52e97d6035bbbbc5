"""Transactions to read: filters, orders and pages in SQL."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    bindparam,
    func,
    literal,
    select,
    true,
    tuple_,
)

from coffers.application.ledger.transactions import (
    TransactionFilter,
    TransactionLookups,
    TransactionPage,
    TransactionSort,
    TransactionView,
)
from coffers.application.views import Versioned
from coffers.domain.ids import UserId
from coffers.domain.ledger.transactions import TransactionNotFound
from coffers.domain.paging import Page
from coffers.domain.spending.categories import UNCATEGORISED, CategoryUnknown
from coffers.infrastructure.db.ledger.accounts import check_account
from coffers.infrastructure.db.ledger.transaction_filters import (
    Condition,
    conditions,
    named,
    system_ids,
)
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.ledger.transaction_views import COLUMNS, category_names, view_of
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.spending.categories import categories
from coffers.infrastructure.db.types import ExactDecimal, Id, ordered


class SqlTransactionLookups(TransactionLookups):
    """Movements to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, user_id: UserId, asked: TransactionPage) -> Page[TransactionView]:
        """As the port says; one statement, so that rows and total agree."""
        rows: Sequence[Sequence[Any]] = await self._reader.rows(_page(user_id, asked))
        total = rows[0][0]
        found = [row for row in rows if row[1] is not None]
        if not total:
            await self._check(user_id, asked.wanted)
        shown = found[: asked.limit]
        is_last = len(found) <= asked.limit
        key = None if is_last else _key(asked.sort, shown[-1])
        return Page([view_of(row[1:]) for row in shown], total, key)

    async def get(self, user_id: UserId, transaction_id: UUID) -> Versioned[TransactionView]:
        """As the port says."""
        rows = await self._reader.rows(_ONE, {"user_id": user_id, "transaction_id": transaction_id})
        if not rows:
            refusal = TransactionNotFound("Transaction not found")
            raise await missing(self._reader, transactions, transaction_id, refusal)
        return Versioned(view_of(rows[0][:-1]), rows[0].version)

    async def _check(self, user_id: UserId, wanted: TransactionFilter) -> None:
        """Nothing was found: whether that could be."""
        if wanted.account_id is not None:
            await check_account(self._reader, user_id, wanted.account_id)
        category = wanted.category
        if category is None or category == UNCATEGORISED or system_ids(category):
            return
        mine = select(categories.c.id).where(named(user_id, category)).limit(1)
        if not await self._reader.rows(mine):
            raise CategoryUnknown("There is no such category.", field="category")


_ONE: Final = select(*COLUMNS, *category_names(transactions.c), transactions.c.version).where(
    transactions.c.user_id == bindparam("user_id"), transactions.c.id == bindparam("transaction_id")
)


def _page(user_id: UserId, asked: TransactionPage) -> Select[Any]:
    """The total in every row, and beside it the page, one row longer than asked, or nothing."""
    meant = conditions(user_id, asked.wanted)
    total = select(func.count().label("total")).select_from(transactions).where(*meant)
    order = _ORDERS[asked.sort]
    owner = transactions.c.user_id.label("user_id")
    keys = (column.label(f"key_{n}") for n, column in enumerate(order))
    page = select(*COLUMNS, owner, *keys)
    page = page.where(*meant, *_behind(asked)).order_by(*_directed(asked.sort, order))
    counted, listed = total.subquery("counted"), page.limit(asked.limit + 1).subquery("listed")
    columns = [listed.c[column.name] for column in COLUMNS] + category_names(listed.c)
    places = [listed.c[f"key_{n}"] for n in range(len(order))]
    both = select(counted.c.total, *columns).select_from(counted.outerjoin(listed, true()))
    return both.order_by(*_directed(asked.sort, places))


_ORDERS: Final = {
    TransactionSort.NEWEST: (transactions.c.transaction_date, transactions.c.id),
    TransactionSort.OLDEST: (transactions.c.transaction_date, transactions.c.id),
    TransactionSort.LARGEST: (ordered(transactions.c.amount), transactions.c.id),
    TransactionSort.SMALLEST: (ordered(transactions.c.amount), transactions.c.id),
}
_DESCENDING: Final = frozenset({TransactionSort.NEWEST, TransactionSort.LARGEST})
_BY_DATE: Final = frozenset({TransactionSort.NEWEST, TransactionSort.OLDEST})


def _directed(
    sort: TransactionSort, columns: Sequence[ColumnElement[Any]]
) -> list[ColumnElement[Any]]:
    return [column.desc() if sort in _DESCENDING else column.asc() for column in columns]


def _behind(asked: TransactionPage) -> list[Condition]:
    if asked.behind is None:
        return []
    value, row_id = asked.behind
    first: ColumnElement[Any]  # Any: by what is sorted
    if asked.sort in _BY_DATE:
        first = literal(date.fromisoformat(value), Date)
    else:
        first = ordered(literal(Decimal(value), ExactDecimal))
    here = tuple_(first, literal(UUID(row_id), Id))
    place = tuple_(*_ORDERS[asked.sort])
    return [place < here if asked.sort in _DESCENDING else place > here]


def _key(sort: TransactionSort, row: Sequence[Any]) -> list[str]:  # Any: total, then the columns
    value = row[16] if sort in _BY_DATE else row[7]
    return [str(value), row[1]]

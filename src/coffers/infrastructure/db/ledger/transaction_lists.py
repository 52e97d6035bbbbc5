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
from coffers.domain.ledger.transactions import (
    TransactionNotFound,
    TransactionStatus,
    TransactionType,
)
from coffers.domain.paging import Page
from coffers.infrastructure.db.ledger.accounts import check_account
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.types import ExactDecimal, Id, as_text, ordered
from coffers.infrastructure.db.wire import id_text, instant, plain

Condition = ColumnElement[bool]


class SqlTransactionLookups(TransactionLookups):
    """Movements to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, user_id: UserId, asked: TransactionPage) -> Page[TransactionView]:
        """As the port says; one statement, so that rows and total agree."""
        rows: Sequence[Sequence[Any]] = await self._reader.rows(_page(user_id, asked))
        total = rows[0][0]
        found = [row for row in rows if row[1] is not None]
        if not total and asked.wanted.account_id is not None:
            await check_account(self._reader, user_id, asked.wanted.account_id)
        shown = found[: asked.limit]
        is_last = len(found) <= asked.limit
        key = None if is_last else _key(asked.sort, shown[-1])
        return Page([_view(row[1:]) for row in shown], total, key)

    async def get(self, user_id: UserId, transaction_id: UUID) -> Versioned[TransactionView]:
        """As the port says."""
        rows = await self._reader.rows(_ONE, {"user_id": user_id, "transaction_id": transaction_id})
        if not rows:
            refusal = TransactionNotFound("Transaction not found")
            raise await missing(self._reader, transactions, transaction_id, refusal)
        return Versioned(_view(rows[0][:-1]), rows[0].version)


_COLUMNS: Final = [
    id_text(transactions.c.id).label("id"),
    id_text(transactions.c.account_id).label("account_id"),
    *(
        transactions.c[name]
        for name in ("provider_transaction_id", "transaction_type", "subtype", "status")
    ),
    as_text(transactions.c.amount).label("amount"),
    *(
        transactions.c[name]
        for name in ("currency", "description", "asset_type", "symbol", "security_name")
    ),
    *(
        as_text(transactions.c[name]).label(name)
        for name in ("quantity", "unit_price", "commission")
    ),
    *(plain(transactions.c[name]).label(name) for name in ("transaction_date", "settlement_date")),
    *(instant(transactions.c[name]).label(name) for name in ("created_at", "updated_at")),
]
_ONE: Final = select(*_COLUMNS, transactions.c.version).where(
    transactions.c.user_id == bindparam("user_id"), transactions.c.id == bindparam("transaction_id")
)


def _view(row: Sequence[Any]) -> TransactionView:  # Any: the columns above
    kind, status, amount, currency = row[3], row[5], row[6], row[7]
    sign = Decimal(amount)
    price, commission = row[13], row[14]
    fields = (
        *row[:13],
        price,
        None if price is None else currency,
        commission,
        None if commission is None else currency,
        *row[15:17],
        kind == TransactionType.TRADE,
        kind == TransactionType.TRANSFER,
        kind == TransactionType.INCOME,
        kind == TransactionType.FEE,
        sign < 0,
        sign > 0,
        status == TransactionStatus.SETTLED,
        *row[17:],
    )
    return TransactionView(*fields)


def _page(user_id: UserId, asked: TransactionPage) -> Select[Any]:
    """The total in every row, and beside it the page, one row longer than asked, or nothing."""
    conditions = [transactions.c.user_id == user_id, *_conditions(asked.wanted)]
    total = select(func.count().label("total")).select_from(transactions).where(*conditions)
    order = _ORDERS[asked.sort]
    page = select(*_COLUMNS, *(column.label(f"key_{n}") for n, column in enumerate(order)))
    page = page.where(*conditions, *_behind(asked)).order_by(*_directed(asked.sort, order))
    counted, listed = total.subquery("counted"), page.limit(asked.limit + 1).subquery("listed")
    columns = [listed.c[column.name] for column in _COLUMNS]
    keys = [listed.c[f"key_{n}"] for n in range(len(order))]
    both = select(counted.c.total, *columns).select_from(counted.outerjoin(listed, true()))
    return both.order_by(*_directed(asked.sort, keys))


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


def _conditions(wanted: TransactionFilter) -> list[Condition]:
    c = transactions.c
    tests = (
        (wanted.account_id, lambda value: c.account_id == value),
        (wanted.transaction_type, lambda value: c.transaction_type == value.value),
        (wanted.status, lambda value: c.status == value.value),
        (wanted.symbol, lambda value: func.upper(c.symbol) == value.upper()),
        (wanted.start_date, lambda value: c.transaction_date >= value),
        (wanted.end_date, lambda value: c.transaction_date <= value),
        (wanted.updated_from, lambda value: c.updated_at >= value),
        (wanted.updated_to, lambda value: c.updated_at <= value),
        (wanted.min_amount, lambda value: ordered(c.amount) >= ordered(_amount(value))),
        (wanted.max_amount, lambda value: ordered(c.amount) <= ordered(_amount(value))),
        (wanted.q, lambda value: c.search_text.contains(value.casefold(), autoescape=True)),
    )
    return [test(value) for value, test in tests if value is not None]


def _amount(value: Decimal) -> ColumnElement[Decimal]:
    return literal(value, ExactDecimal)

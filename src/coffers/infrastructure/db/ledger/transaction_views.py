"""From rows of the transactions table to what is shown of them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, case, select

from coffers.application.ledger.transactions import NamedLotView, SplitView, TransactionView
from coffers.domain.ledger.transactions import TransactionStatus, TransactionType
from coffers.domain.spending.categories import SYSTEM_CATEGORIES
from coffers.infrastructure.db.json_lists import by_key, has_part_of
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.spending.categories import categories
from coffers.infrastructure.db.types import as_text
from coffers.infrastructure.db.wire import id_text, instant, plain

#: `category_names` come behind them.
COLUMNS: Final = [
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
    *(
        transactions.c[name]
        for name in ("category_id", "merchant", "notes", "tags", "splits", "is_ignored")
    ),
    transactions.c.is_transfer,
    *(transactions.c[name] for name in ("transfer_id", "reconciliation_id", "annotated_by")),
    plain(transactions.c.acquired_date).label("acquired_date"),
    transactions.c.lots,
]


def category_names(rows: Any) -> list[ColumnElement[Any]]:  # Any: columns, of a table or subquery
    """The value of the user's own category, and those of the parts by their ids.

    Looked up for the rows that are shown; the system's are known without.
    """
    mine = categories.c.user_id == rows.user_id
    whole = select(categories.c.value).where(mine, categories.c.id == rows.category_id)
    own_id = id_text(categories.c.id)
    parts = select(by_key(own_id, categories.c.value)).where(mine, has_part_of(rows.splits, own_id))
    if_split = case((rows.splits.is_not(None), parts.scalar_subquery()))
    return [whole.scalar_subquery().label("own_value"), if_split.label("own_values")]


def view_of(row: Sequence[Any]) -> TransactionView:  # Any: the columns above
    """One movement as it is shown; amounts and instants as the database wrote them."""
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
        kind == TransactionType.TRANSFER or bool(row[25]),
        kind == TransactionType.INCOME,
        kind == TransactionType.FEE,
        sign < 0,
        sign > 0,
        status == TransactionStatus.SETTLED,
        *_said((*row[19:29], *row[31:33])),
        row[29],
        [NamedLotView(UUID(each["transaction_id"]), each["quantity"]) for each in row[30] or ()],
        *row[17:19],
    )
    return TransactionView(*fields)


def _said(row: Sequence[Any]) -> Sequence[Any]:  # Any: the annotations among the columns above
    category_id, merchant, notes, tags, splits, is_ignored, _, *ours, said_by, value, values = row
    return (
        category_id,
        _SYSTEM.get(category_id, value),
        merchant,
        notes,
        tags or [],
        [_part(part, values or {}) for part in splits or ()],
        is_ignored,
        *ours,
        said_by or {},
    )


def _part(stored: Mapping[str, Any], own: Mapping[str, str]) -> SplitView:  # Any: JSON values
    text = stored["category_id"]
    category_id = None if text is None else UUID(text)
    value = _SYSTEM.get(category_id) or own.get(text)
    return SplitView(stored["amount"], category_id, value, stored["notes"])


_SYSTEM: Final[dict[UUID | None, str]] = {each.id: each.value for each in SYSTEM_CATEGORIES}

"""Which transactions: the conditions of a filter in SQL."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal, null, or_, select
from sqlalchemy.sql.elements import SQLCoreOperations

from coffers.application.ledger.transactions import TransactionFilter
from coffers.domain.ids import UserId
from coffers.domain.ledger.annotations import one_line, tag_of
from coffers.domain.spending.categories import SYSTEM_CATEGORIES, UNCATEGORISED
from coffers.infrastructure.db.json_lists import has_part_of, has_word
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.spending.categories import categories
from coffers.infrastructure.db.types import ExactDecimal, ordered
from coffers.infrastructure.db.wire import id_text

Condition = ColumnElement[bool]


def conditions(user_id: UserId, wanted: TransactionFilter) -> list[Condition]:
    """The user's movements that the filter means."""
    c = transactions.c
    # Any: what the caller asks, by field.
    tests: Sequence[tuple[Any, Callable[[Any], Condition]]] = (
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
        (wanted.q, _says),
        (wanted.category, lambda value: _in_category(user_id, value)),
        (wanted.merchant, _from_merchant),
        (wanted.tag, lambda value: has_word(c.tags, literal(tag_of(value)))),
        (wanted.is_ignored, c.is_ignored.is_),
    )
    return [c.user_id == user_id, *(test(value) for value, test in tests if value is not None)]


def category_id(text: str) -> UUID | None:
    """The id that this is, if it is none of a category's names."""
    try:
        return UUID(text) if len(text) == _UUID_LENGTH else None
    except ValueError:
        return None


def named(user_id: UserId, value: str) -> Condition:
    """The user's own categories of this name or id."""
    wanted = category_id(value)
    same = categories.c.value == value if wanted is None else categories.c.id == wanted
    return and_(categories.c.user_id == user_id, same)


def system_ids(value: str) -> list[UUID]:
    """Of the system's categories, those of this name or id."""
    wanted = category_id(value)
    return [each.id for each in SYSTEM_CATEGORIES if value == each.value or wanted == each.id]


_UUID_LENGTH: Final = 36


def _says(text: str) -> Condition:
    c, folded = transactions.c, text.casefold()
    return or_(
        c.search_text.contains(folded, autoescape=True),
        c.annotation_text.contains(folded, autoescape=True),
    )


def _from_merchant(name: str) -> Condition:
    """In any case: the merchant comes first in what a search looks through."""
    folded, text = one_line(name).casefold(), transactions.c.annotation_text
    is_first = or_(text == folded, text.startswith(f"{folded}\n", autoescape=True))
    return and_(transactions.c.merchant.is_not(None), is_first)


def _in_category(user_id: UserId, value: str) -> Condition:
    """What is split counts by its parts alone."""
    c = transactions.c
    if value == UNCATEGORISED:
        return or_(and_(c.category_id.is_(None), c.splits.is_(None)), has_part_of(c.splits, null()))
    known, own = system_ids(value), select(categories.c.id).where(named(user_id, value))
    whole = and_(c.splits.is_(None), or_(c.category_id.in_(known), c.category_id.in_(own)))
    part = select(categories.c.id).where(
        named(user_id, value), has_part_of(c.splits, id_text(categories.c.id))
    )
    parts = [has_part_of(c.splits, literal(str(each))) for each in known]
    return or_(whole, *parts, and_(c.splits.is_not(None), part.correlate(transactions).exists()))


def _amount(value: Decimal) -> SQLCoreOperations[Decimal]:
    return literal(value, ExactDecimal)

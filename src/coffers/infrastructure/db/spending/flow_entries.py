"""Entries in SQL: unsplit movements, and each part of split ones.

What is income, what is an expense and what counts nowhere stands here once, for every report and
every budget. Two indexes hold all that the sums need, so that no row of the table is looked up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Index,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    null,
    or_,
    true,
)

from coffers.domain.ledger.transactions import TransactionStatus as Status
from coffers.domain.ledger.transactions import TransactionType as Type
from coffers.domain.spending.flows import Flow
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.spellings import is_among
from coffers.infrastructure.db.spending.sums import (
    has_minus,
    part_amount,
    part_category,
)
from coffers.infrastructure.db.types import Ids

Expression = ColumnElement[Any]  # Any: of whichever type
_T: Final = transactions.c


def word(text: str) -> Expression:
    """A constant, written out: a partial index serves only statements that name its own."""
    return literal_column(f"'{text}'")


SETTLED: Final = word(Status.SETTLED)
PENDING: Final = word(Status.PENDING)
#: What may count at all; the rest is what reports leave out.
MAY_COUNT: Final = _T.status.in_([SETTLED, PENDING])
_COUNTS: Final = (
    _T.is_ignored == false(),
    _T.transfer_id.is_(None),
    _T.is_transfer == false(),
)
IS_TRANSFER: Final = or_(_T.transfer_id.is_not(None), _T.is_transfer == true())
DOES_NOT: Final = or_(_T.status != SETTLED, _T.is_ignored == true(), IS_TRANSFER)
_UNSPLIT: Final = (*_COUNTS, _T.splits.is_(None))
_SPLIT: Final = (*_COUNTS, _T.splits.is_not(None))
Index(
    "ix_transactions_flows",
    *(_T.user_id, _T.transaction_date, _T.currency, _T.category_id, _T.transaction_type),
    *(_T.account_id, _T.status, _T.amount, _T.merchant, _T.is_ignored, _T.transfer_id),
    *(_T.is_transfer, _T.splits),
    sqlite_where=and_(MAY_COUNT, *_UNSPLIT),
    postgresql_where=and_(MAY_COUNT, *_UNSPLIT),
)
Index(
    "ix_transactions_split",
    *(_T.user_id, _T.transaction_date),
    sqlite_where=and_(MAY_COUNT, *_SPLIT),
    postgresql_where=and_(MAY_COUNT, *_SPLIT),
)
Index(
    "ix_transactions_left_out",
    *(_T.user_id, _T.transaction_date, _T.account_id, _T.currency, _T.status),
    *(_T.is_ignored, _T.transfer_id, _T.is_transfer),
    sqlite_where=DOES_NOT,
    postgresql_where=DOES_NOT,
)


@dataclass(frozen=True, slots=True)
class Entries:
    """One kind of entries: where they are, what is true of them, and what they are of.

    What is true of them says nothing of their status.
    """

    source: FromClause
    conditions: Sequence[ColumnElement[bool]]
    category_id: Expression
    amount: Expression

    @property
    def flow(self) -> Expression:
        """Which flow an entry belongs to; NULL for trades and movements between accounts.

        The statement takes `expenses` and `incomes`, the categories of each kind.
        """
        by_sign = case((has_minus(self.amount), word(Flow.EXPENSE)), else_=word(Flow.INCOME))
        kind = _T.transaction_type
        return case(
            (is_among(self.category_id, bindparam("expenses", type_=Ids)), word(Flow.EXPENSE)),
            (is_among(self.category_id, bindparam("incomes", type_=Ids)), word(Flow.INCOME)),
            (kind == word(Type.INCOME), word(Flow.INCOME)),
            (kind.in_([word(Type.EXPENSE), word(Type.FEE)]), word(Flow.EXPENSE)),
            (kind == word(Type.OTHER), by_sign),
            else_=null(),
        )


@cache
def entries(*, is_sqlite: bool) -> Sequence[Entries]:
    """The unsplit movements, and the parts of split ones."""
    unroll = func.json_each if is_sqlite else func.jsonb_array_elements
    part = unroll(_T.splits).table_valued("value", name="part", joins_implicitly=True)
    parts = transactions.join(part, true())
    return (
        Entries(transactions, _UNSPLIT, _T.category_id, _T.amount),
        Entries(parts, _SPLIT, part_category(part.c.value), part_amount(part.c.value)),
    )

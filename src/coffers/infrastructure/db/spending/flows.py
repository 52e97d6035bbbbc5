"""Entries in SQL: unsplit movements, and each part of split ones; what they add up to.

What is income, what is an expense and what counts nowhere stands here once, for every report and
every budget. Two indexes hold all that the sums need, so that no row of the table is looked up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Index,
    Row,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)

from coffers.application.spending.flows import (
    FlowFilter,
    FlowLookups,
    FlowsAsked,
    FlowSums,
    Grouping,
    LeftOut,
)
from coffers.domain.ids import UserId
from coffers.domain.ledger.transactions import TransactionStatus as Status
from coffers.domain.ledger.transactions import TransactionType as Type
from coffers.domain.paging import TooManyRows
from coffers.domain.spending.flows import Flow, FlowSum
from coffers.infrastructure.db.ledger.accounts import check_account
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.reader import Reader, Reads
from coffers.infrastructure.db.spending.sums import (
    first_day,
    has_minus,
    month_of,
    part_amount,
    part_category,
    swift_sum,
    week_of,
)

#: Sums in one answer.
MAX_SUMS: Final = 50_000

Expression = ColumnElement[Any]  # Any: of whichever type
_T: Final = transactions.c


def _word(text: str) -> Expression:
    # Written out, because a partial index serves only statements that name its own constants.
    return literal_column(f"'{text}'")


_SETTLED: Final = _word(Status.SETTLED)
_PENDING: Final = _word(Status.PENDING)
#: Dressed up, or SQLite would take the index of the account's days and look up every row.
_ACCOUNT: Final = case((_T.account_id.is_not(None), _T.account_id))
#: What may count at all; the rest is what reports leave out.
_COUNTS: Final = (
    _T.status.in_([_SETTLED, _PENDING]),
    _T.is_ignored == false(),
    _T.transfer_id.is_(None),
    _T.is_transfer == false(),
)
_IS_TRANSFER: Final = or_(_T.transfer_id.is_not(None), _T.is_transfer == true())
_DOES_NOT: Final = or_(_T.status != _SETTLED, _T.is_ignored == true(), _IS_TRANSFER)
_UNSPLIT: Final = and_(*_COUNTS, _T.splits.is_(None))
_SPLIT: Final = and_(*_COUNTS, _T.splits.is_not(None))
Index(
    "ix_transactions_flows",
    *(_T.user_id, _T.transaction_date, _T.currency, _T.category_id, _T.transaction_type),
    *(_T.account_id, _T.status, _T.amount, _T.merchant, _T.is_ignored, _T.transfer_id),
    *(_T.is_transfer, _T.splits),
    sqlite_where=_UNSPLIT,
    postgresql_where=_UNSPLIT,
)
Index(
    "ix_transactions_split",
    *(_T.user_id, _T.transaction_date),
    sqlite_where=_SPLIT,
    postgresql_where=_SPLIT,
)
Index(
    "ix_transactions_left_out",
    *(_T.user_id, _T.transaction_date, _T.account_id, _T.currency, _T.status),
    *(_T.is_ignored, _T.transfer_id, _T.is_transfer),
    sqlite_where=_DOES_NOT,
    postgresql_where=_DOES_NOT,
)


@dataclass(frozen=True, slots=True)
class Entries:
    """One kind of entries: where they are, what is true of them, and what they are of."""

    source: FromClause
    condition: ColumnElement[bool]
    category_id: Expression
    amount: Expression

    @property
    def flow(self) -> Expression:
        """Which flow an entry belongs to; NULL for trades and movements between accounts.

        The statement takes `expenses` and `incomes`, the categories of each kind.
        """
        by_sign = case((has_minus(self.amount), _word(Flow.EXPENSE)), else_=_word(Flow.INCOME))
        kind = _T.transaction_type
        return case(
            (self.category_id.in_(bindparam("expenses", expanding=True)), _word(Flow.EXPENSE)),
            (self.category_id.in_(bindparam("incomes", expanding=True)), _word(Flow.INCOME)),
            (kind == _word(Type.INCOME), _word(Flow.INCOME)),
            (kind.in_([_word(Type.EXPENSE), _word(Type.FEE)]), _word(Flow.EXPENSE)),
            (kind == _word(Type.OTHER), by_sign),
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


class SqlFlowLookups(FlowLookups):
    """Sums of entries, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def sums(self, user_id: UserId, asked: FlowsAsked) -> FlowSums:
        """As the port says."""
        if asked.wanted.account_id is not None:
            await check_account(self._reader, user_id, asked.wanted.account_id)
        async with self._reader.snapshot() as snapshot:
            statements = Statements(user_id, asked, is_sqlite=self._reader.is_sqlite)
            kinds = {"expenses": asked.kinds.expenses, "incomes": asked.kinds.incomes}
            found = await _sums(snapshot, statements.by_currency(), kinds)
            foreign: Sequence[FlowSum] = ()
            if any(each.currency != asked.base for each in found):
                foreign = await _sums(snapshot, statements.foreign(), kinds)
            rows = await snapshot.rows(statements.left_out())
        left_out = LeftOut(**{row.reason: row.number for row in rows})
        return FlowSums(found, foreign, left_out)


async def _sums(
    reads: Reads, statement: Select[Any], kinds: Mapping[str, Sequence[UUID]]
) -> list[FlowSum]:
    rows = await reads.rows(statement, kinds)
    if len(rows) > MAX_SUMS:
        raise TooManyRows(f"More than {MAX_SUMS} sums: choose a shorter range or a filter.")
    return [_sum(row) for row in rows]


def _sum(row: Row[Any]) -> FlowSum:  # Any: a row of such a statement
    key = None if row.key is None else str(row.key)
    flow = None if row.flow is None else Flow(row.flow)
    return FlowSum(key, row.currency, flow, row.total, row.number, row.day)


class Statements:
    """The statements behind one report."""

    def __init__(self, user_id: UserId, asked: FlowsAsked, *, is_sqlite: bool) -> None:
        self._asked = asked
        self._is_sqlite = is_sqlite
        self._where = [_T.user_id == user_id, *_conditions(asked.wanted)]

    def by_currency(self) -> Select[Any]:
        """Sums by key, currency and flow."""
        return self._both(None, [])

    def foreign(self) -> Select[Any]:
        """The same by day, of what is neither in the base currency nor without a flow."""
        return self._both(_T.transaction_date, [_T.currency != self._asked.base])

    def left_out(self) -> Select[Any]:
        """How many movements do not count, by reason."""
        pending = _word("pending") if not self._asked.wanted.include_pending else null()
        reason = case(
            (_T.status.in_([_word(Status.FAILED), _word(Status.CANCELLED)]), _word("failed")),
            (_T.is_ignored == true(), _word("ignored")),
            (_IS_TRANSFER, _word("transfers")),
            (_T.status == _PENDING, pending),
        ).label("reason")
        found = select(reason, func.count().label("number")).where(*self._where, _DOES_NOT)
        reasons = found.group_by(reason).subquery()
        return select(reasons).where(reasons.c.reason.is_not(None))

    def _both(
        self, day: Expression | None, conditions: Sequence[ColumnElement[bool]]
    ) -> Select[Any]:
        arms = [self._arm(each, day, conditions) for each in entries(is_sqlite=self._is_sqlite)]
        c = union_all(*arms).subquery("sums").c
        # Once for each sum, not for each entry.
        key = first_day(c.key) if self._asked.by in _SPANS else c.key
        shown = (key.label("key"), c.currency, c.flow, c.day, c.total, c.number)
        return select(*shown).limit(MAX_SUMS + 1)

    def _arm(
        self, each: Entries, day: Expression | None, conditions: Sequence[ColumnElement[bool]]
    ) -> Select[Any]:
        source, key = self._keyed(each)
        status = [] if self._asked.wanted.include_pending else [_T.status == _SETTLED]
        groups = [key.label("key"), _T.currency, each.flow.label("flow")]
        # What is no key makes no groups: sorting by it would take its time.
        days = [null().label("day")] if day is None else [day.label("day")]
        groups += [] if day is None else days
        total = swift_sum(each.amount).label("total")
        columns = (*groups[:3], *days, total, func.count().label("number"))
        statement = select(*columns).select_from(source)
        named = self._asked.wanted.category_ids
        category = [] if named is None else [each.category_id.in_(named)]
        where = [*self._where, each.condition, *status, *category, *conditions]
        return statement.where(*where).group_by(*_named(groups))

    def _keyed(self, each: Entries) -> tuple[FromClause, Expression]:
        by = self._asked.by
        if by is Grouping.TAG:
            unroll = func.json_each if self._is_sqlite else func.jsonb_array_elements_text
            tag = unroll(_T.tags).table_valued("value", name="tag", joins_implicitly=True)
            return each.source.outerjoin(tag, true()), tag.c.value
        keys: dict[Grouping, Expression] = {
            Grouping.NOTHING: null(),
            Grouping.CATEGORY: each.category_id,
            Grouping.MERCHANT: _T.merchant,
            Grouping.ACCOUNT: _ACCOUNT,
            Grouping.DAY: _T.transaction_date,
            Grouping.WEEK: week_of(_T.transaction_date),
            Grouping.MONTH: month_of(_T.transaction_date),
        }
        return each.source, keys[by]


#: Grouped by whatever is quick, and shown by their first days.
_SPANS: Final = frozenset({Grouping.WEEK, Grouping.MONTH})


def _named(groups: Sequence[Any]) -> list[Any]:  # Any: labels
    return [literal_column(str(number)) for number in range(1, len(groups) + 1)]


def _conditions(wanted: FlowFilter) -> list[ColumnElement[bool]]:
    tests = (
        (wanted.start, _T.transaction_date.__ge__),
        (wanted.end, _T.transaction_date.__le__),
        (wanted.account_id, _ACCOUNT.__eq__),
        (wanted.currency, _T.currency.__eq__),
    )
    return [test(value) for value, test in tests if value is not None]

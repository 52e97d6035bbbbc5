"""Flows in SQL: what entries add up to, by whatever they have in common.

A statement depends on what is asked for and not on who asks, so that each is made once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    bindparam,
    case,
    func,
    literal_column,
    null,
    select,
    true,
    union_all,
)

from coffers.application.spending.flows import (
    FlowLookups,
    FlowsAsked,
    FlowSums,
    Grouping,
    LeftOut,
)
from coffers.domain.ids import UserId
from coffers.domain.ledger.transactions import TransactionStatus as Status
from coffers.domain.paging import TooManyRows
from coffers.domain.spending.flows import Flow, FlowSum
from coffers.infrastructure.db.ledger.accounts import check_account
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.reader import Reader, Reads
from coffers.infrastructure.db.spellings import is_among
from coffers.infrastructure.db.spending.flow_entries import (
    DOES_NOT,
    IS_TRANSFER,
    MAY_COUNT,
    PENDING,
    SETTLED,
    Entries,
    Expression,
    entries,
    word,
)
from coffers.infrastructure.db.spending.sums import (
    first_day,
    month_of,
    swift_sum,
    week_of,
)
from coffers.infrastructure.db.types import Id, Ids

#: Sums in one answer.
MAX_SUMS: Final = 50_000

_T: Final = transactions.c
#: Dressed up, or SQLite would take the index of the account's days and look up every row.
_ACCOUNT: Final = case((_T.account_id.is_not(None), _T.account_id))
#: What a filter may name, and the condition that it stands for.
_FILTERS: Final[Mapping[str, ColumnElement[bool]]] = {
    "start": _T.transaction_date >= bindparam("start"),
    "end": _T.transaction_date <= bindparam("end"),
    "account_id": bindparam("account_id", type_=Id) == _ACCOUNT,
    "currency": _T.currency == bindparam("currency"),
}
#: Grouped by whatever is quick, and shown by their first days.
_SPANS: Final = frozenset({Grouping.WEEK, Grouping.MONTH})
#: Texts of any length.
_NAMES: Final = frozenset({Grouping.MERCHANT, Grouping.TAG})
_SUBJECT: Final = "subject"
_FLOWS: Final = {None: None} | {flow.value: flow for flow in Flow}


class SqlFlowLookups(FlowLookups):
    """Sums of entries, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def sums(self, user_id: UserId, asked: FlowsAsked) -> FlowSums:
        """As the port says."""
        if asked.wanted.account_id is not None:
            await check_account(self._reader, user_id, asked.wanted.account_id)
        shape = Shape.of(asked, is_sqlite=self._reader.is_sqlite)
        parameters = shape.parameters(user_id, asked)
        async with self._reader.snapshot() as snapshot:
            found = await _sums(snapshot, by_currency(shape), parameters)
            foreign: Sequence[FlowSum] = ()
            if any(each.currency != asked.base for each in found):
                foreign = await _sums(snapshot, by_day(shape), parameters)
            rows = await snapshot.rows(left_out(shape), parameters)
        reasons = LeftOut(**{row.reason: row.number for row in rows})
        return FlowSums(found, foreign, reasons)


async def _sums(
    reads: Reads,
    statement: Select[Any],
    parameters: Mapping[str, Any],  # Any: whatever the columns take
) -> list[FlowSum]:
    rows = await reads.rows(statement, parameters)
    if len(rows) > MAX_SUMS:
        raise TooManyRows(f"More than {MAX_SUMS} sums: choose a shorter range or a filter.")
    return [
        FlowSum(None if key is None else str(key), currency, _FLOWS[flow], total, number, day)
        for key, currency, flow, day, total, number in map(tuple, rows)
    ]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the statements of a report depend on; all else are their parameters."""

    by: Grouping
    filters: frozenset[str]
    includes_pending: bool
    names_categories: bool
    is_sqlite: bool

    @classmethod
    def of(cls, asked: FlowsAsked, *, is_sqlite: bool) -> "Shape":
        """That of this question."""
        wanted = asked.wanted
        filters = frozenset(name for name in _FILTERS if getattr(wanted, name) is not None)
        named = wanted.category_ids is not None
        return cls(asked.by, filters, wanted.include_pending, named, is_sqlite)

    def parameters(self, user_id: UserId, asked: FlowsAsked) -> dict[str, Any]:
        """What the statements take."""  # Any: whatever the columns take
        return {
            "user_id": user_id,
            "base": asked.base,
            "expenses": asked.kinds.expenses,
            "incomes": asked.kinds.incomes,
            "category_ids": asked.wanted.category_ids or (),
        } | {name: getattr(asked.wanted, name) for name in self.filters}

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """What is true of the movements, counted or not."""
        named = [condition for name, condition in _FILTERS.items() if name in self.filters]
        return [_T.user_id == bindparam("user_id"), *named]

    @property
    def counting(self) -> list[ColumnElement[bool]]:
        """Which status counts."""
        if self.includes_pending:
            return [MAY_COUNT]
        # SQLite takes a partial index for its very words only; for PostgreSQL they are work.
        return [MAY_COUNT, _T.status == SETTLED] if self.is_sqlite else [_T.status == SETTLED]


@cache
def by_currency(shape: Shape) -> Select[Any]:
    """Sums by key, currency and flow."""
    return _both(shape, None, [])


@cache
def by_day(shape: Shape) -> Select[Any]:
    """The same by day, of what is not in the base currency."""
    return _both(shape, _T.transaction_date, [_T.currency != bindparam("base")])


@cache
def left_out(shape: Shape) -> Select[Any]:
    """How many movements do not count, by reason."""
    pending = null() if shape.includes_pending else word("pending")
    reason = case(
        (_T.status.in_([word(Status.FAILED), word(Status.CANCELLED)]), word("failed")),
        (_T.is_ignored == true(), word("ignored")),
        (IS_TRANSFER, word("transfers")),
        (_T.status == PENDING, pending),
    ).label("reason")
    found = select(reason, func.count().label("number")).where(*shape.conditions, DOES_NOT)
    reasons = found.group_by(reason).subquery()
    return select(reasons).where(reasons.c.reason.is_not(None))


def _both(
    shape: Shape, day: Expression | None, conditions: Sequence[ColumnElement[bool]]
) -> Select[Any]:
    arms = [_arm(shape, each, day, conditions) for each in entries(is_sqlite=shape.is_sqlite)]
    c = union_all(*arms).subquery("sums").c
    # Once for each sum, not for each entry.
    key = first_day(c.subject) if shape.by in _SPANS else c.subject
    shown = (key.label("key"), c.currency, c.flow, c.day, c.total, c.number)
    return select(*shown).limit(literal_column(str(MAX_SUMS + 1)))


def _arm(
    shape: Shape,
    each: Entries,
    day: Expression | None,
    conditions: Sequence[ColumnElement[bool]],
) -> Select[Any]:
    source, key = _keyed(shape, each)
    groups = [_T.currency, each.flow.label("flow"), key.label(_SUBJECT)]
    groups += [] if day is None else [day.label("day")]
    # What is no key makes no groups: sorting by it would take its time.
    shown_day = null().label("day") if day is None else groups[-1]
    total = swift_sum(each.amount).label("total")
    number = func.count().label("number")
    named = is_among(each.category_id, bindparam("category_ids", type_=Ids))
    where = [*shape.conditions, *shape.counting, *each.conditions, *conditions]
    where += [named] if shape.names_categories else []
    statement = select(groups[2], *groups[:2], shown_day, total, number).select_from(source)
    return statement.where(*where).group_by(*_together(shape, groups))


def _together(shape: Shape, groups: Sequence[Any]) -> list[Expression]:  # Any: labels
    """What makes one group: one text on SQLite, which sorts to group, and by one column fastest.

    No two groups share a text: a currency has capitals and digits only, a flow small letters, what
    is not as long as all others of its kind has an end, and a day is always ten characters long.
    """
    names = [each.name for each in groups]
    if not shape.is_sqlite:
        return [literal_column(name) for name in names]
    subject = f"{_SUBJECT} || '='" if shape.by in _NAMES else _SUBJECT
    texts = ["currency", "coalesce(flow, ' ')", f"coalesce({subject}, '')", *names[3:]]
    return [literal_column(" || ".join(texts))]


def _keyed(shape: Shape, each: Entries) -> tuple[FromClause, Expression]:
    if shape.by is Grouping.TAG:
        unroll = func.json_each if shape.is_sqlite else func.jsonb_array_elements_text
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
    return each.source, keys[shape.by]

"""The balance_snapshots table, its repository, and the snapshots to read."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Float,
    FromClause,
    Index,
    ScalarSelect,
    Select,
    String,
    Table,
    and_,
    bindparam,
    case,
    cast,
    func,
    insert,
    select,
    tuple_,
)

from coffers.application.ledger.snapshots import (
    HistoryAsked,
    Latest,
    Recent,
    RecentAsked,
    SnapshotLookups,
    SnapshotView,
    change,
)
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import MAX_ACCOUNTS, AccountNotFound
from coffers.domain.ledger.snapshots import Snapshot, Snapshots
from coffers.domain.paging import MAX_UNPAGED, TooManyRows
from coffers.infrastructure.db.lean import LeanReader, Record
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import ExactDecimal, Id, UTCDateTime, as_text
from coffers.infrastructure.db.wire import difference, id_text, instant, percent, views

balance_snapshots: Final = Table(
    "balance_snapshots",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("account_id", Id, nullable=False),
    Column("balance", ExactDecimal, nullable=False),
    Column("available_balance", ExactDecimal),
    Column("holdings_value", ExactDecimal),
    Column("cash_value", ExactDecimal),
    Column("currency", String(12), nullable=False),
    Column("source", String(20), nullable=False),
    Column("captured_at", UTCDateTime, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Index("ix_balance_snapshots_account", "user_id", "account_id", "captured_at", "id"),
)


class SqlSnapshots(Snapshots):
    """Balance snapshots in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, *snapshots: Snapshot) -> None:
        """As the port says."""
        if snapshots:
            rows = [_row(snapshot) for snapshot in snapshots]
            await self._transaction.execute(insert(balance_snapshots), rows)


def _row(snapshot: Snapshot) -> dict[str, object]:
    return {name: getattr(snapshot, name) for name in Snapshot.__dataclass_fields__}


class SqlSnapshotLookups(SnapshotLookups):
    """Snapshots to read, in SQL."""

    def __init__(self, reader: Reader, lean: LeanReader) -> None:
        self._reader = reader
        self._lean = lean
        self._make = _with_change if lean.is_sqlite else _as_it_is

    async def latest(self, user_id: UserId) -> list[Latest]:
        """As the port says."""
        statement = _latest(is_sqlite=self._lean.is_sqlite)
        rows = await self._lean.rows(statement, {"user_id": user_id})
        return [Latest(self._make(row[1:]), bool(row[0])) for row in rows]

    async def history(self, user_id: UserId, asked: HistoryAsked) -> list[SnapshotView]:
        """As the port says."""
        parameters = _given(user_id, asked) | {"start": asked.start, "end": asked.end}
        is_whole = self._lean.is_sqlite and asked.source is None
        statement = _whole_history() if is_whole else self._filtered(asked)
        rows = await self._lean.many_rows(statement, parameters)
        if len(rows) > MAX_UNPAGED:
            raise TooManyRows(f"More than {MAX_UNPAGED} snapshots: choose a shorter range.")
        return await views(_in_turn(rows) if is_whole else rows, self._make)

    def _filtered(self, asked: HistoryAsked) -> Select[Any]:
        return _history(is_sqlite=self._lean.is_sqlite, of_one_source=asked.source is not None)

    async def recent(self, user_id: UserId, asked: RecentAsked) -> Recent:
        """As the port says."""
        parameters = _given(user_id, asked) | {"shown": asked.limit}
        statement = _recent(is_sqlite=self._lean.is_sqlite, of_one_source=asked.source is not None)
        rows = await self._lean.rows(statement, parameters)
        return Recent([self._make(row[1:]) for row in rows], rows[0][0] if rows else 0)

    async def currency(self, user_id: UserId, account_id: UUID) -> str:
        """As the port says."""
        rows = await self._reader.rows(_CURRENCY, {"user_id": user_id, "account_id": account_id})
        if not rows:
            refusal = AccountNotFound("Account not found")
            raise await missing(self._reader, accounts, account_id, refusal)
        return str(rows[0].currency)


def _given(user_id: UserId, asked: HistoryAsked | RecentAsked) -> dict[str, object]:
    source = {} if asked.source is None else {"source": asked.source.value}
    return {"user_id": user_id, "account_id": asked.account_id, **source}


_CURRENCY: Final = select(accounts.c.currency).where(
    accounts.c.user_id == bindparam("user_id"), accounts.c.id == bindparam("account_id")
)


def _as_it_is(row: Record) -> SnapshotView:
    return SnapshotView(*row)


def _with_change(row: Record) -> SnapshotView:
    """SQLite cannot calculate exactly: its rows end with the previous balance."""
    *fields, previous = row
    changes = (None, None) if previous is None else change(previous, row[2])
    return SnapshotView(*(*fields, *changes))


def _columns(listed: FromClause, *, is_sqlite: bool) -> list[ColumnElement[Any]]:
    """The fields of a view, from rows that have the previous balance beside their own."""
    c = listed.c
    amount = difference(c.balance, c.previous)
    changes = [as_text(amount), cast(percent(amount, c.previous), Float(53))]
    return [*_fields(listed), *([c.previous] if is_sqlite else changes)]


def _fields(listed: FromClause) -> list[ColumnElement[Any]]:
    c = listed.c
    return [
        *(id_text(c[name]) for name in ("id", "account_id")),
        *(as_text(c[name]) for name in _AMOUNTS),
        *(c.currency, c.source),
        *(instant(c[name]) for name in ("captured_at", "created_at")),
    ]


_AMOUNTS: Final = ("balance", "available_balance", "holdings_value", "cash_value")
_S: Final = balance_snapshots.c
_MINE: Final = and_(_S.user_id == bindparam("user_id"), _S.account_id == bindparam("account_id"))
_IN_TIME: Final = (_S.captured_at, _S.id)
_NEWEST_FIRST: Final = tuple(column.desc() for column in _IN_TIME)


@cache
def _history(*, is_sqlite: bool, of_one_source: bool) -> Select[Any]:
    is_same = func.lag(_S.currency).over(order_by=_IN_TIME) == _S.currency
    before = func.lag(_S.balance, type_=ExactDecimal()).over(order_by=_IN_TIME)
    previous = case((is_same, before)).label("previous")
    listed = (
        select(*_S, previous)
        .where(_MINE, _S.captured_at >= _one_before_start(), _S.captured_at <= bindparam("end"))
        .subquery("listed")
    )
    statement = select(*_columns(listed, is_sqlite=is_sqlite)).where(
        listed.c.captured_at >= bindparam("start")
    )
    if of_one_source:
        statement = statement.where(listed.c.source == bindparam("source"))
    return statement.order_by(listed.c.captured_at, listed.c.id).limit(MAX_UNPAGED + 1)


@cache
def _whole_history() -> Select[Any]:
    """On SQLite: without windows, which cost it a third. `_in_turn` finds the predecessors.

    The last two columns are those of the snapshot before the range, the same in each row.
    """
    earlier = balance_snapshots.alias("earlier")
    opening = (
        select(column)
        .where(
            earlier.c.user_id == bindparam("user_id"),
            earlier.c.account_id == bindparam("account_id"),
            earlier.c.captured_at < bindparam("start"),
        )
        .order_by(earlier.c.captured_at.desc(), earlier.c.id.desc())
        .limit(1)
        .scalar_subquery()
        for column in (earlier.c.balance, earlier.c.currency)
    )
    return (
        select(*_fields(balance_snapshots), *opening)
        .where(_MINE, _S.captured_at >= bindparam("start"), _S.captured_at <= bindparam("end"))
        .order_by(*_IN_TIME)
        .limit(MAX_UNPAGED + 1)
    )


def _in_turn(rows: Sequence[Record]) -> list[Record]:
    """The rows with their predecessor's balance, if it is in the same currency, at the end."""
    if not rows:
        return []
    turned: list[Record] = []
    before, currency = rows[0][-2:]
    for row in rows:
        turned.append((*row[:-2], before if row[6] == currency else None))
        before, currency = row[2], row[6]
    return turned


def _one_before_start() -> ColumnElement[Any]:
    """From where to read, so that the first snapshot shown finds its predecessor."""
    earlier = balance_snapshots.alias("earlier")
    last = select(func.max(earlier.c.captured_at)).where(
        earlier.c.user_id == bindparam("user_id"),
        earlier.c.account_id == bindparam("account_id"),
        earlier.c.captured_at < bindparam("start"),
    )
    return func.coalesce(last.scalar_subquery(), bindparam("start", type_=UTCDateTime))


def _previous() -> ColumnElement[Any]:
    """The balance of the snapshot before a row's own, if it is in the same currency."""
    earlier = balance_snapshots.alias("earlier")
    same = case((earlier.c.currency == _S.currency, earlier.c.balance))
    one: ScalarSelect[Any] = (
        select(same)
        .where(
            earlier.c.user_id == _S.user_id,
            earlier.c.account_id == _S.account_id,
            tuple_(earlier.c.captured_at, earlier.c.id) < tuple_(*_IN_TIME),
        )
        .order_by(earlier.c.captured_at.desc(), earlier.c.id.desc())
        .limit(1)
        .correlate(balance_snapshots)
        .scalar_subquery()
    )
    return one.label("previous")


@cache
def _recent(*, is_sqlite: bool, of_one_source: bool) -> Select[Any]:
    wanted = [_MINE, _S.source == bindparam("source")] if of_one_source else [_MINE]
    listed = (
        select(*_S, _previous())
        .where(*wanted)
        .order_by(*_NEWEST_FIRST)
        .limit(bindparam("shown"))
        .subquery("listed")
    )
    total = select(func.count()).select_from(balance_snapshots).where(*wanted).scalar_subquery()
    statement = select(total, *_columns(listed, is_sqlite=is_sqlite))
    return statement.order_by(listed.c.captured_at.desc(), listed.c.id.desc())


@cache
def _latest(*, is_sqlite: bool) -> Select[Any]:
    newest = balance_snapshots.alias("newest")
    one = (
        select(newest.c.id)
        .where(newest.c.user_id == accounts.c.user_id, newest.c.account_id == accounts.c.id)
        .order_by(newest.c.captured_at.desc(), newest.c.id.desc())
        .limit(1)
        .correlate(accounts)
        .scalar_subquery()
    )
    listed = (
        select(*_S, _previous(), accounts.c.deactivated_at.is_(None).label("is_active"))
        .join(accounts, and_(accounts.c.user_id == _S.user_id, accounts.c.id == _S.account_id))
        .where(_S.user_id == bindparam("user_id"), _S.id == one)
        .limit(MAX_ACCOUNTS)
        .subquery("listed")
    )
    statement = select(listed.c.is_active, *_columns(listed, is_sqlite=is_sqlite))
    return statement.order_by(listed.c.account_id)

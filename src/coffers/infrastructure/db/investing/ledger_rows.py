"""Movements of accounts as one text, and the rows in it: only those that are new are read.

A late entry changes one line among thousands. The database tells all of them every time, which
costs little; what costs is making numbers of the words. So it is looked for where the text begins
and where it ceases to differ from the last one, and only lines in between are read.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from threading import Lock
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import BindParameter, Select, Text, bindparam, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from coffers.application.investing.books import LedgerRow, Parts, parted, reparted
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.infrastructure.db.ledger.entries import told_lots
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.reader import Reads

#: Rows that are remembered: about a kilobyte each.
MOST: Final = 150_000
#: Between the fields of a row, and behind each row: characters that no stored text has.
_FIELD: Final = "\x1f"
_ROW: Final = "\x1e"


class together(FunctionElement[str]):  # noqa: N801 - reads as a function in queries
    """The lines of a listed subquery as one text, in its order."""

    inherit_cache = True
    type = Text()


# Any, here and below: the compiler's own types.
@compiles(together)
def _together(element: together, compiler: Any, **kw: Any) -> str:
    line, *order = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"string_agg({line}, '' ORDER BY {', '.join(order)})"


@compiles(together, "sqlite")
def _together_sqlite(element: together, compiler: Any, **kw: Any) -> str:
    # SQLite gathers in the order of the subquery, which its limit makes it finish before.
    line, *_ = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"group_concat({line}, '')"


class formatted(FunctionElement[str]):  # noqa: N801 - as above
    """The columns as one line; what is null is nothing in it."""

    inherit_cache = True
    type = Text()


@compiles(formatted)
def _formatted(element: formatted, compiler: Any, **kw: Any) -> str:
    columns = [compiler.process(clause, **kw) for clause in element.clauses]
    # A tenth of the time that it takes to put them together one after the other.
    return f"format('{_FIELD.join(['%s'] * len(columns))}{_ROW}', {', '.join(columns)})"


@compiles(formatted, "sqlite")
def _formatted_sqlite(element: formatted, compiler: Any, **kw: Any) -> str:
    return _formatted(element, compiler, **kw).replace("format", "printf", 1)


async def rows_text(reads: Reads, asked: Mapping[str, Any], limit: int) -> str:
    """The settled movements of these accounts, by day and id, so many at most."""
    return str((await reads.rows(_TEXT, {**asked, "limit": limit}))[0][0] or "")


class Told(NamedTuple):
    """A text, its rows, and these by what they are movements of."""

    text: str
    rows: Sequence[LedgerRow]
    parts: Parts


class RememberedRows:
    """The rows that were made last for each of those who ask."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 0
        self._known: OrderedDict[Hashable, Told] = OrderedDict()
        # Rows are made in threads.
        self._lock = Lock()

    def of(self, place: Hashable, text: str) -> Told:
        """The rows of the text; those that were in it before are the same objects."""
        known = self._known.get(place, _NOTHING)
        if known.text == text:
            return known
        made = _made(text, known)
        with self._lock:
            self._keep(place, made)
        return made

    def _keep(self, place: Hashable, new: Told) -> None:
        old = self._known.pop(place, None)
        self._size += len(new.rows) - (len(old.rows) if old else 0)
        self._known[place] = new
        while self._size > self._most and len(self._known) > 1:
            _, gone = self._known.popitem(last=False)
            self._size -= len(gone.rows)


def _made(text: str, known: Told) -> Told:
    start, end = _changed(text, known.text)
    behind = len(text) - end
    old = known.text[start : len(known.text) - behind].split(_ROW)[:-1]
    first = known.text.count(_ROW, 0, start)
    after = first + len(old)
    # No two lines are alike: each has its id.
    by_line = dict(zip(old, known.rows[first:after], strict=True))
    new = [by_line.get(line) or _row(line) for line in text[start:end].split(_ROW)[:-1]]
    rows = [*known.rows[:first], *new, *known.rows[after:]]
    if not known.rows:
        return Told(text, rows, parted(rows))
    kept = set(map(id, new))
    gone = [row for row in by_line.values() if id(row) not in kept]
    kept = set(map(id, by_line.values()))
    come = [row for row in new if id(row) not in kept]
    return Told(text, rows, reparted(known.parts, gone, come))


def _changed(text: str, old: str) -> tuple[int, int]:
    """From where to where whole lines of the text are not known to be the old text's."""
    shortest = min(len(text), len(old))
    same = _farthest(shortest, lambda low, high: text[low:high] == old[low:high])
    start = text.rfind(_ROW, 0, same) + 1
    same = _farthest(
        shortest - start,
        lambda low, high: (
            text[len(text) - high : len(text) - low] == old[len(old) - high : len(old) - low]
        ),
    )
    return start, text.find(_ROW, len(text) - same) + 1 if same else len(text)


def _farthest(most: int, are_same: Callable[[int, int], bool]) -> int:
    """Up to where they are, by halving: all in all no more is compared than there is."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if are_same(low, middle):
            low = middle
        else:
            high = middle - 1
    return low


def _row(line: str) -> LedgerRow:
    fields = line.split(_FIELD)
    row_id, account_id, day, kind, subtype, amount, currency = fields[:7]
    symbol, quantity, price, asset_type, acquired, lots = fields[7:]
    return LedgerRow(
        UUID(row_id),
        _account(account_id),
        date.fromisoformat(day),
        _TYPES[kind],
        _SUBTYPES[subtype],
        Decimal(amount),
        currency,
        symbol or None,
        Decimal(quantity) if quantity else None,
        Decimal(price) if price else None,
        AssetType(asset_type) if asset_type else None,
        date.fromisoformat(acquired) if acquired else None,
        told_lots(msgspec.json.decode(lots)) if lots else (),
    )


@lru_cache(maxsize=1_000)
def _account(text: str) -> UUID:
    """The same object for all rows of an account: comparing them costs nothing then."""
    return UUID(text)


# A look-up is four times faster than making a member of a value.
_TYPES: Final = {member.value: member for member in TransactionType}
_SUBTYPES: Final = {member.value: member for member in TransactionSubtype}
_NOTHING: Final = Told("", (), {})
_T: Final = transactions.c
_COLUMNS: Final = (
    *(_T.id, _T.account_id, _T.transaction_date, _T.transaction_type, _T.subtype, _T.amount),
    *(_T.currency, _T.symbol, _T.quantity, _T.unit_price, _T.asset_type, _T.acquired_date),
    _T.lots,
)
_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)


def _text() -> Select[Any]:
    line = formatted(*_COLUMNS)
    order = (_T.transaction_date, _T.id)
    listed = (
        select(line.label("line"), *order)
        .where(
            _T.user_id == bindparam("user_id"),
            _T.account_id.in_(_IDS),
            _T.status == TransactionStatus.SETTLED.value,
        )
        .order_by(*order)
        .limit(bindparam("limit"))
        .subquery("listed")
    )
    return select(together(listed.c.line, listed.c.transaction_date, listed.c.id))


_TEXT: Final = _text()

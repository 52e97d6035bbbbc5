"""Movements of accounts as one text, and the columns in it: only what is new is read.

A late entry changes one line among thousands. The database tells all of them every time, which
costs little; what costs is making numbers of the words. So it is looked for where the text begins
and where it ceases to differ from the last one, and only lines in between are read: into columns
for each security in each account, without an object for each row.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain
from operator import attrgetter
from threading import Lock
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import BindParameter, Select, Text, bindparam, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from coffers.application.investing.ledger_rows import (
    LedgerColumns,
    LedgerRow,
    LedgerRows,
    Parts,
    reparted,
)
from coffers.domain.investing.columns import Listed
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.infrastructure.db.ledger.entries import told_lots
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.reader import Reads

#: Rows that are remembered: about 600 bytes each, and a kilobyte once somebody looked at them.
MOST: Final = 150_000
#: Between the fields of a row, and behind each row: characters that no stored text has.
_FIELD: Final = "\x1f"
_ROW: Final = "\x1e"
T = TypeVar("T")


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
    """A text, and its rows by what they are movements of."""

    text: str
    parts: Parts

    @property
    def length(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.parts.values()))

    @property
    def rows(self) -> Sequence[LedgerRow]:
        """All of them, by day and id, once somebody looks."""
        return Listed(
            lambda: sorted(chain.from_iterable(self.parts.values()), key=attrgetter("day", "id"))
        )


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
        self._size += new.length - (old.length if old else 0)
        self._known[place] = new
        while self._size > self._most and len(self._known) > 1:
            _, gone = self._known.popitem(last=False)
            self._size -= gone.length


def _made(text: str, known: Told) -> Told:
    if not known.text:
        return Told(text, _parts(text))
    start, end = _changed(text, known.text)
    behind = len(text) - end
    # No two lines are alike: each has its id.
    old = dict.fromkeys(known.text[start : len(known.text) - behind].split(_ROW)[:-1])
    new = dict.fromkeys(text[start:end].split(_ROW)[:-1])
    gone = _parts("".join(f"{line}{_ROW}" for line in old if line not in new))
    come = _parts("".join(f"{line}{_ROW}" for line in new if line not in old))
    return Told(text, reparted(known.parts, gone, come))


def _changed(text: str, old: str) -> tuple[int, int]:
    """From where to where whole lines of the text are not known to be the old text's."""
    shortest = min(len(text), len(old))
    same = _farthest(shortest, lambda low, high: text.startswith(old[low:high], low))
    start = text.rfind(_ROW, 0, same) + 1
    same = _farthest(
        shortest - start,
        lambda low, high: text.endswith(old[len(old) - high : len(old) - low], 0, len(text) - low),
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


def _parts(text: str) -> Parts:
    """The rows of a text, in columns from the beginning: rows by themselves take longer."""
    fields = text.replace(_ROW, _FIELD).split(_FIELD)[:-1]
    columns = [fields[place :: len(_COLUMNS)] for place in range(len(_COLUMNS))]
    places: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for place, part in enumerate(zip(columns[1], columns[7], columns[6], strict=True)):
        places[part].append(place)
    days = _Once(date.fromisoformat)
    found = (
        LedgerRows(_columns([[column[place] for place in mine] for column in columns], days))
        for mine in places.values()
    )
    return {rows.part: rows for rows in found}


def _columns(texts: Sequence[Sequence[str]], days: "_Once[date]") -> LedgerColumns:
    ids, accounts, on, kinds, subtypes, amounts, currencies = texts[:7]
    symbols, quantities, prices, asset_types, acquired, lots = texts[7:]
    count = len(ids)
    return LedgerColumns(
        list(map(UUID, ids)),
        [UUID(accounts[0])] * count,
        [days[day] for day in on],
        [_TYPES[kind] for kind in kinds],
        [_SUBTYPES[subtype] for subtype in subtypes],
        list(map(Decimal, amounts)),
        [currencies[0]] * count,
        [symbols[0] or None] * count,
        _told(quantities, Decimal),
        _told(prices, Decimal),
        _told(asset_types, AssetType),
        _told(acquired, date.fromisoformat),
        [told_lots(msgspec.json.decode(each)) if each else () for each in lots]
        if any(lots)
        else [()] * count,
    )


def _told(texts: Sequence[str], make: Callable[[str], T]) -> list[T | None]:
    """What is made of them; None of those that are empty."""
    if not any(texts):
        return [None] * len(texts)
    return [make(text) if text else None for text in texts]


class _Once(dict[str, T]):
    """What is made of each text once."""

    def __init__(self, make: Callable[[str], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: str) -> T:
        made = self[text] = self._make(text)
        return made


# A look-up is four times faster than making a member of a value.
_TYPES: Final = {member.value: member for member in TransactionType}
_SUBTYPES: Final = {member.value: member for member in TransactionSubtype}
_NOTHING: Final = Told("", {})
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

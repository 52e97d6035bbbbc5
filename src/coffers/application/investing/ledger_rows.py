"""Movements of accounts as the ledger has them, in columns, by what they are movements of."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import compress
from typing import Any, NamedTuple
from uuid import UUID

from coffers.domain.investing.columns import Listed
from coffers.domain.ledger.entries import NamedLot
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType

#: An account, a security, if any, and a currency.
Part = tuple[UUID, str | None, str]


class LedgerRow(NamedTuple):
    """A settled movement of an account, as stored."""

    id: UUID
    account_id: UUID
    day: date
    transaction_type: TransactionType
    subtype: TransactionSubtype
    amount: Decimal
    currency: str
    symbol: str | None
    quantity: Decimal | None
    unit_price: Decimal | None
    asset_type: AssetType | None = None
    acquired: date | None = None
    lots: tuple[NamedLot, ...] = ()

    @property
    def part(self) -> Part:
        """What it is a movement of."""
        return self.account_id, self.symbol, self.currency


class LedgerColumns(NamedTuple):
    """The fields of rows, a column for each."""

    ids: Sequence[UUID] = ()
    account_ids: Sequence[UUID] = ()
    days: Sequence[date] = ()
    types: Sequence[TransactionType] = ()
    subtypes: Sequence[TransactionSubtype] = ()
    amounts: Sequence[Decimal] = ()
    currencies: Sequence[str] = ()
    symbols: Sequence[str | None] = ()
    quantities: Sequence[Decimal | None] = ()
    unit_prices: Sequence[Decimal | None] = ()
    asset_types: Sequence[AssetType | None] = ()
    acquired: Sequence[date | None] = ()
    lots: Sequence[tuple[NamedLot, ...]] = ()

    def each(self, pick: Callable[[Sequence[Any]], Sequence[Any]]) -> "LedgerColumns":
        """What is picked of each column."""
        columns: Iterable[Sequence[Any]] = self  # Any: each is of another type
        return LedgerColumns(*map(pick, columns))


class LedgerRows(Listed[LedgerRow]):
    """Movements that are told in columns: a row is made when somebody looks at one."""

    def __init__(self, columns: LedgerColumns, rows: list[LedgerRow] | None = None) -> None:
        super().__init__(lambda: list(map(LedgerRow, *columns)) if rows is None else rows)
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns.ids)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LedgerRows):
            return self is other or self.columns == other.columns
        return super().__eq__(other)

    __hash__ = None

    @property
    def part(self) -> Part:
        """What all of them are movements of, if there are any."""
        columns = self.columns
        return columns.account_ids[0], columns.symbols[0], columns.currencies[0]

    def where(self, chosen: Sequence[bool]) -> "LedgerRows":
        """Those of them."""
        if all(chosen):
            return self
        if not any(chosen):
            return LedgerRows(LedgerColumns())
        places = list(compress(range(len(chosen)), chosen))
        return LedgerRows(self.columns.each(lambda column: [column[place] for place in places]))

    def between(self, start: int, end: int) -> "LedgerRows":
        """Those in these places."""
        if (start, end) == (0, len(self)):
            return self
        return LedgerRows(self.columns.each(lambda column: column[start:end]))


def rows_of(rows: Sequence[LedgerRow]) -> LedgerRows:
    """The same rows in columns."""
    if isinstance(rows, LedgerRows):
        return rows
    return LedgerRows(LedgerColumns(*map(list, zip(*rows, strict=True))), list(rows))


#: Rows by what they are movements of, none without any.
Parts = Mapping[Part, LedgerRows]


def parted(rows: Sequence[LedgerRow]) -> Parts:
    """The parts of these rows, each in the order of the rows."""
    found: dict[tuple[int, str | None, str], list[LedgerRow]] = defaultdict(list)
    for row in rows:
        # Rows of an account share its id's object: to hash that costs more than all the rest.
        found[id(row.account_id), row.symbol, row.currency].append(row)
    parts: dict[Part, list[LedgerRow]] = {}
    for group in found.values():
        part = group[0].part
        parts[part] = sorted([*parts[part], *group], key=_order) if part in parts else group
    return {part: rows_of(group) for part, group in parts.items()}


def reparted(parts: Parts, gone: Parts, come: Parts) -> Parts:
    """The parts of other rows: without some, and with some. Others stay the same."""
    ids = {row_id for rows in gone.values() for row_id in rows.columns.ids}
    changed = {
        part: rows_of(
            sorted(
                [*(row for row in parts.get(part, ()) if row.id not in ids), *come.get(part, ())],
                key=_order,
            )
        )
        for part in {**gone, **come}
    }
    return {part: rows for part, rows in {**parts, **changed}.items() if rows}


def _order(row: LedgerRow) -> tuple[date, UUID]:
    return row.day, row.id

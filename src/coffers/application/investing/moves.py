"""What the ledger tells of a security as movements, in columns: a row by itself takes longer."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

from coffers.application.investing.books import Quality
from coffers.application.investing.ledger_rows import LedgerRow, rows_of
from coffers.domain.investing.columns import Columns, Moves
from coffers.domain.investing.lots import NO_PICKS
from coffers.domain.investing.movements import units
from coffers.domain.ledger.entries import NamedLot
from coffers.domain.ledger.transactions import TransactionSubtype
from coffers.domain.markets.rates import RateBook
from coffers.domain.money import EXACT

ZERO: Final = Decimal(0)


def moves_from(rows: Sequence[LedgerRow], multiplier: Decimal) -> Moves:
    """Those that move anything; prices are of a whole contract."""
    told = rows_of(rows)
    if not all(told.columns.amounts):
        pairs = zip(told.columns.quantities, told.columns.amounts, strict=True)
        told = told.where([bool(quantity or amount) for quantity, amount in pairs])
    ids, _, days, _, subtypes, amounts, _, _, quantities, prices, _, acquired, lots = told.columns
    return Moves(
        Columns(
            ids,
            days,
            subtypes,
            _units(quantities, subtypes),
            amounts,
            prices if multiplier == 1 else [_times(price, multiplier) for price in prices],
            acquired,
            list(map(_picks, lots)) if any(lots) else [NO_PICKS] * len(ids),
        )
    )


def _units(
    quantities: Sequence[Decimal | None], subtypes: Sequence[TransactionSubtype]
) -> list[Decimal]:
    split = TransactionSubtype.SPLIT
    if [each for each in subtypes if each is split]:
        return list(map(units, quantities, subtypes))
    return [ZERO if each is None else each.copy_abs() for each in quantities]


def at_rates(
    moves: Moves, pair: tuple[str, str], rates: RateBook, quality: Quality
) -> Moves | None:
    """From one currency to another at the rate of each day; None, and noted, without one."""
    found = rates.rates(*pair, moves.columns.days)
    known = [rate.rate for rate in found if rate is not None]
    if len(known) < len(found):
        day = moves.columns.days[found.index(None)]
        quality.missing_rates.add(f"{'/'.join(pair)} {day}")
        return None
    return moves.converted(known)


def _times(price: Decimal | None, multiplier: Decimal) -> Decimal | None:
    return None if price is None else EXACT.multiply(price, multiplier)


def _picks(lots: Sequence[NamedLot]) -> Mapping[UUID, Decimal]:
    return {each.transaction_id: each.quantity for each in lots} if lots else NO_PICKS

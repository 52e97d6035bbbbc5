"""What one unit of a security counts for, and what it was worth day by day."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from coffers.application.investing.books import Reported, Security
from coffers.application.investing.ledger_rows import LedgerRow, rows_of
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import TransactionSubtype
from coffers.domain.markets.assets import multiplier_of
from coffers.domain.money import EXACT

#: Their unit price is the market's of their day; so is what was transferred in on the day on which
#: it was bought.
_PRICED: Final = frozenset(
    {
        *(TransactionSubtype.BUY, TransactionSubtype.SELL, TransactionSubtype.SHORT_SELL),
        *(TransactionSubtype.BUY_TO_COVER, TransactionSubtype.TRANSFER_IN),
    }
)


def told_kind(rows: Sequence[LedgerRow]) -> AssetType | None:
    """What the ledger says that it is."""
    return next(filter(None, rows_of(rows).columns.asset_types), None)


def multiplier(security: Security, told: AssetType | None, reported: Reported | None) -> Decimal:
    """What one unit counts for: as its asset says, else as the ledger tells what it is."""
    if told is None and reported is not None:
        told = AssetType(reported.asset_type)
    known = None if security.asset_type is None else AssetType(security.asset_type)
    return multiplier_of(security.multiplier, known, told)


def unit_values(
    security: Security, rows: Sequence[LedgerRow], reported: Reported | None, times: Decimal
) -> Sequence[tuple[date, Decimal]]:
    """Market prices; where there are none, the prices of the account's own trades and reports.

    An option's counts as often as its contract says.
    """
    prices = security.closes or sorted(dict(_own_prices(rows, reported)).items())
    if times == 1:
        return prices
    return [(day, EXACT.multiply(price, times)) for day, price in prices]


def _own_prices(
    rows: Sequence[LedgerRow], reported: Reported | None
) -> Iterator[tuple[date, Decimal]]:
    for row in rows:
        is_of_the_day = row.acquired in {None, row.day}
        if row.unit_price and is_of_the_day and row.subtype in _PRICED:
            yield row.day, row.unit_price
    if reported is not None and reported.price:
        yield reported.day, reported.price

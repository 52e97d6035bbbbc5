"""The household's time-weighted return in decimals, day by day: slow, and exact."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Context, Decimal
from typing import Final

from benchmarks.portfolio_ledgers import ASSETS, FIRST, LAST, Household, currency
from coffers.application.investing.books import EARNED
from coffers.application.investing.ledger_rows import LedgerRow
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from coffers.domain.markets.rates import RateBook

ZERO: Final = Decimal(0)
WIDE: Final = Context(prec=60)


def replayed(home: Household, rates: RateBook) -> Decimal:
    """The linked daily returns: flows in at the start, out at the end of their day."""
    by_day: dict[date, list[LedgerRow]] = defaultdict(list)
    for row in home.rows:
        by_day[row.day].append(row)
    held = [ZERO] * ASSETS
    prices = [ZERO] * ASSETS
    cash = {each.currency: each.balance or ZERO for each in home.accounts}
    for row in home.rows:
        cash[row.currency] -= row.amount
    places = {day: place for place, day in enumerate(home.days)}
    day, growth, before = FIRST - timedelta(days=1), Decimal(1), None
    while day <= LAST:
        rate = _rate(rates, day)
        flow = sum((_moved(row, held, cash) * rate[row.currency] for row in by_day[day]), ZERO)
        if day in places:
            prices = [Decimal(repr(each)) for each in home.closes[:, places[day]].tolist()]
        value = _value(held, prices, cash, rate)
        if before is not None:
            invested = before + max(flow, ZERO)
            growth = WIDE.multiply(growth, WIDE.divide(value + max(-flow, ZERO), invested))
        before, day = value, day + timedelta(days=1)
    return growth - 1


def _rate(rates: RateBook, day: date) -> dict[str, Decimal]:
    found = rates.rate("EUR", "USD", day)
    if found is None:
        raise LookupError(f"No rate is known on {day}.")
    return {"USD": Decimal(1), "EUR": found.rate}


def _moved(row: LedgerRow, held: list[Decimal], cash: dict[str, Decimal]) -> Decimal:
    """What of it came from outside."""
    cash[row.currency] += row.amount
    if row.transaction_type is TransactionType.TRADE and row.symbol and row.quantity:
        sign = -1 if row.subtype is TransactionSubtype.SELL else 1
        held[int(row.symbol[1:])] += sign * row.quantity
        return ZERO
    return ZERO if row.subtype in EARNED else row.amount


def _value(
    held: list[Decimal], prices: list[Decimal], cash: dict[str, Decimal], rate: dict[str, Decimal]
) -> Decimal:
    total = sum((cash[money] * rate[money] for money in cash), ZERO)
    for place in range(ASSETS):
        if held[place]:
            total += held[place] * prices[place] * rate[currency(place)]
    return total

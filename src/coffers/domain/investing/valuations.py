"""Valuation series: what a portfolio was worth at the end of each day, and what flowed that day.

Days are calendar days. A price or rate holds until the next one is known; before the first one the
value is not known (NaN), never zero. Amounts are floats of one currency: they are rounded to its
minor units on the way out, and are no bookkeeping.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from coffers.domain.floats import decimals
from coffers.domain.investing.columns import Listed
from coffers.domain.investing.exchanges import Exchange, worth_at
from coffers.domain.investing.returns import DayValue
from coffers.domain.investing.spreads import (
    HeldSteps,
    Ordinals,
    Path,
    Series,
    counts_of,
    filled,
    repeated,
    summed,
)
from coffers.domain.markets.close_paths import ClosePath


@dataclass(frozen=True, slots=True)
class Days:
    """All calendar days from the first to the last, both included."""

    first: date
    last: date

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def place(self, day: date) -> int:
        """Where the day is; below zero before the first."""
        return (day - self.first).days

    def all(self) -> list[date]:
        """Each."""
        return list(map(date.fromordinal, range(self.first.toordinal(), self.last.toordinal() + 1)))


class Worth(NamedTuple):
    """By day, in the base currency: worth, cost, and what exchange rates made of the day before's.

    The last is None where the rate does not change.
    """

    value: Series
    cost: Series
    gain: Series | None


@dataclass(slots=True)
class Asset:
    """What was held of an asset in one account, and its raw closing prices in its currency.

    The cost in its steps is in the base currency, each purchase at the rate of its own day. It
    remembers its last series, and the days and rates of it.
    """

    currency: str
    held: HeldSteps
    closes: Path
    _last: "tuple[Days, Exchange, Worth] | None" = field(
        default=None, init=False, compare=False, repr=False
    )

    def worth(self, days: Days, exchange: Exchange) -> Worth:
        """Its series at these rates."""
        known = self._last
        if known is None or known[0] != days or not known[1].is_same(exchange):
            known = self._last = (days, exchange, self._worth(days, exchange))
        return known[2]

    def _worth(self, days: Days, exchange: Exchange) -> Worth:
        counts = counts_of(self.held.ordinals, days)
        quantity, cost = (
            repeated(values, counts, before=0.0)
            for values in (self.held.quantities, self.held.costs)
        )
        local = worth_at(quantity, spread(self.closes, days))
        return Worth(exchange.converted(local), cost, exchange.gained(local))


@dataclass(frozen=True, slots=True)
class Cash:
    """What an account held in money, from each of these days on."""

    currency: str
    balances: Path


class Movement(NamedTuple):
    """Money that came in from outside (above zero), went out, or was earned, on a day."""

    day: date
    currency: str
    amount: Decimal


class Flows(NamedTuple):
    """Movements of one currency, as days and amounts."""

    currency: str
    amounts: ClosePath


class Gathered(Listed[Movement]):
    """Movements that are told in such parts."""

    def __init__(self, parts: Sequence[Flows]) -> None:
        super().__init__(lambda: [each for part in parts for each in _movements(part)])
        self.parts = parts


def _movements(flows: Flows) -> Iterator[Movement]:
    return (Movement(day, flows.currency, amount) for day, amount in flows.amounts)


def _parts(movements: Sequence[Movement]) -> Sequence[Flows]:
    if isinstance(movements, Gathered):
        return movements.parts
    return [Flows(each.currency, ClosePath([each.day], [each.amount])) for each in movements]


#: From each currency to the base currency, units of the base for one of its own.
Rates = Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Valuation:
    """By day, in the base currency: worth, cost of what is held, money, flows and income.

    `currency_gain` is what the exchange rates made of the day before's holdings.
    """

    days: Days
    value: Series
    cost: Series
    cash: Series
    inflow: Series
    outflow: Series
    income: Series
    currency_gain: Series

    def day_values(self) -> list[DayValue]:
        """For returns: each day's value and external flows; None where one is not known."""
        return self._told(np.arange(len(self.days)))

    def turning_days(self) -> list[DayValue]:
        """Of these the first, the last, those that something flows on, and those before.

        Returns that are linked are the same over these days only: what was there on the others
        cancels out, unless it was nothing, or is not known.
        """
        moved = (self.inflow != 0) | (self.outflow != 0)
        idle = ~(self.value > 0)
        chosen = moved | idle
        chosen[:-1] |= moved[1:]
        chosen[1:] |= idle[:-1]
        chosen[[0, -1]] = True
        return self._told(np.flatnonzero(chosen))

    def _told(self, places: Ordinals) -> list[DayValue]:
        days = map(date.fromordinal, (places + self.days.first.toordinal()).tolist())
        told = (decimals(each[places]) for each in (self.value, self.inflow, self.outflow))
        known = list(map(DayValue, days, *told))
        for place in np.flatnonzero(self.is_unknown[places]).tolist():
            known[place] = DayValue(known[place].day, None)
        return known

    @property
    def is_unknown(self) -> npt.NDArray[np.bool_]:
        """Of each day, whether its value is not known, or after the first day what flowed."""
        found: npt.NDArray[np.bool_] = np.isnan(self.value)
        found[1:] |= np.isnan(self.inflow[1:])
        return found

    @property
    def returns(self) -> Series:
        """The return of each day after the first; NaN where nothing was invested or known."""
        invested = self.value[:-1] + self.inflow[1:]
        with np.errstate(invalid="ignore", divide="ignore"):
            growth = (self.value[1:] + self.outflow[1:]) / invested - 1
        result: Series = np.where(invested > 0, growth, np.nan)
        return result

    @property
    def growth(self) -> Series:
        """Time-weighted, 1 on the first day; NaN from the first day on that is not known.

        A day on which nothing was invested changes nothing; one that lost more is the last known.
        """
        returns, is_unknown = self.returns, self.is_unknown
        steps = np.where(np.isnan(returns), 1.0, 1.0 + returns)
        steps[is_unknown[1:] | is_unknown[:-1] | (steps < 0)] = np.nan
        growth: Series = np.cumprod(np.concatenate([[np.nan if is_unknown[0] else 1.0], steps]))
        return growth


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything that makes a portfolio's value."""

    assets: Sequence[Asset]
    cash: Sequence[Cash]
    flows: Sequence[Movement]
    income: Sequence[Movement]


def valued(days: Days, held: Holdings, rates: Rates) -> Valuation:
    """The series of these holdings over these days."""
    exchanges = {currency: Exchange(spread(path, days)) for currency, path in rates.items()}
    value, cost, cash, gain = (np.zeros(len(days)) for _ in range(4))
    for asset in held.assets:
        worth = asset.worth(days, exchanges[asset.currency])
        value += worth.value
        cost += worth.cost
        if worth.gain is not None:
            gain += worth.gain
    for each in held.cash:
        local, exchange = filled(each.balances, days, before=0.0), exchanges[each.currency]
        cash += exchange.converted(local)
        if (gained := exchange.gained(local)) is not None:
            gain += gained
    flows = _summed(held.flows, exchanges, days)
    return Valuation(
        days,
        value + cash,
        cost,
        cash,
        np.maximum(flows, 0.0),
        np.maximum(-flows, 0.0),
        _summed(held.income, exchanges, days),
        gain,
    )


def spread(path: Path, days: Days) -> Series:
    """A value for each day: the last one known by then, NaN before the first."""
    return filled(path, days, before=np.nan)


def _summed(movements: Sequence[Movement], rates: Mapping[str, Exchange], days: Days) -> Series:
    parts = _parts(movements)
    if not parts:
        return np.zeros(len(days))
    sizes = [len(part.amounts) for part in parts]
    places = np.concatenate([part.amounts.ordinals for part in parts]) - days.first.toordinal()
    worth = np.concatenate([part.amounts.values for part in parts])
    is_within = (places >= 0) & (places < len(days))
    for currency in {part.currency for part in parts}:
        mine = is_within & np.repeat([part.currency == currency for part in parts], sizes)
        worth[mine] = worth_at(worth[mine], rates[currency].rate[places[mine]])
    return summed(places[is_within], worth[is_within], len(days))

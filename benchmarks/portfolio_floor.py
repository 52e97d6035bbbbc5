"""The same series and metrics in plain numpy, on arrays that are in memory already.

What an analyst would write for this one household: every purchase before every sale, first in first
out, no splits, no gaps, no reasons, no decimals. It is the floor, and it checks the numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from benchmarks.portfolio_ledgers import ASSETS, FIRST, LAST, Household, currency
from coffers.application.investing.books import EARNED
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from coffers.domain.markets.rates import RateBook

Series = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
YEAR = 365.0


@dataclass(frozen=True)
class Arrays:
    """A household as arrays: a row each for movements, assets and calendar days.

    The first day is the one before the first movement: nothing was there at its end.
    """

    days: Sequence[date]
    asset: Places
    day: Places
    quantity: Series
    amount: Series
    is_trade: npt.NDArray[np.bool_]
    is_income: npt.NDArray[np.bool_]
    is_euro: npt.NDArray[np.bool_]
    asset_is_euro: npt.NDArray[np.bool_]
    closes: Series
    last_close: Places
    rate: Series
    balances: tuple[float, float]


@dataclass(frozen=True)
class Found:
    """The series, and the metrics by name."""

    value: Series
    cost: Series
    cash: Series
    income: Series
    metrics: dict[str, float]
    contributions: Series


def arrays_of(household: Household, rates: RateBook) -> Arrays:
    """What the floor is given."""
    first = FIRST - timedelta(days=1)
    days = [first + timedelta(days=n) for n in range((LAST - first).days + 1)]
    known = np.array([(day - first).days for day in household.days])
    signs = {TransactionSubtype.SELL: -1.0}
    rows = household.rows
    found = [rates.rate("EUR", "USD", day) for day in days]
    return Arrays(
        days,
        np.array([int(row.symbol[1:]) if row.symbol else -1 for row in rows]),
        np.array([(row.day - first).days for row in rows]),
        np.array([signs.get(row.subtype, 1.0) * float(row.quantity or 0) for row in rows]),
        np.array([float(row.amount) for row in rows]),
        np.array([row.transaction_type is TransactionType.TRADE for row in rows]),
        np.array([row.subtype in EARNED for row in rows]),
        np.array([row.currency == "EUR" for row in rows]),
        np.array([currency(place) == "EUR" for place in range(ASSETS)]),
        household.closes,
        np.searchsorted(known, np.arange(len(days)), side="right") - 1,
        np.array([float(rate.rate) if rate else np.nan for rate in found]),
        (float(household.accounts[0].balance or 0), float(household.accounts[1].balance or 0)),
    )


def computed(arrays: Arrays) -> Found:
    """Series and metrics."""
    count = len(arrays.days)
    rates = np.where(arrays.is_euro, arrays.rate[arrays.day], 1.0)
    by_asset = np.where(arrays.asset_is_euro[:, None], arrays.rate, 1.0)
    held = np.zeros((ASSETS, count))
    trade = arrays.is_trade
    np.add.at(held, (arrays.asset[trade], arrays.day[trade]), arrays.quantity[trade])
    held = held.cumsum(axis=1)
    price = arrays.closes[:, np.maximum(arrays.last_close, 0)]
    local = held * price
    worth = local * by_asset
    cash, gain = _cash(arrays, count)
    gain += np.concatenate([[0.0], (local[:, :-1] * np.diff(by_asset, axis=1)).sum(axis=0)])
    based = arrays.amount * rates
    is_flow = ~trade & ~arrays.is_income
    flows = _by_place(arrays.day[is_flow], based[is_flow], count)
    income = _by_place(arrays.day[arrays.is_income], based[arrays.is_income], count)
    value = worth.sum(axis=0) + cash
    named = arrays.asset >= 0
    paid = _by_place(arrays.asset[named], based[named], ASSETS)
    metrics = _metrics(arrays.days, value, flows, income, gain)
    cost = _cost(arrays, based, count)
    return Found(value, cost, cash, income, metrics, worth[:, -1] - worth[:, 0] + paid)


def _cash(arrays: Arrays, count: int) -> tuple[Series, Series]:
    cash, gain = np.zeros(count), np.zeros(count)
    for is_euro, now in zip((False, True), arrays.balances, strict=True):
        chosen = arrays.is_euro == is_euro
        moved = _by_place(arrays.day[chosen], arrays.amount[chosen], count)
        balance = now - moved.sum() + moved.cumsum()
        rate = arrays.rate if is_euro else np.ones(count)
        cash += balance * rate
        gain[1:] += balance[:-1] * np.diff(rate)
    return cash, gain


def _cost(arrays: Arrays, based: Series, count: int) -> Series:
    """First in, first out: what was bought, less what the units that were sold had cost."""
    cost = np.zeros(count)
    order = np.lexsort((arrays.day, arrays.asset))
    order = order[arrays.is_trade[order]]
    edges = np.searchsorted(arrays.asset[order], np.arange(ASSETS + 1))
    for place in range(ASSETS):
        mine = order[edges[place] : edges[place + 1]]
        quantity, day = arrays.quantity[mine], arrays.day[mine]
        is_buy = quantity > 0
        units = np.concatenate([[0.0], quantity[is_buy].cumsum()])
        spent = np.concatenate([[0.0], -based[mine][is_buy].cumsum()])
        sold = _by_place(day[~is_buy], -quantity[~is_buy], count).cumsum()
        bought = _by_place(day[is_buy], -based[mine][is_buy], count).cumsum()
        cost += bought - np.interp(sold, units, spent)
    return cost


def _metrics(
    days: Sequence[date], value: Series, flows: Series, income: Series, gain: Series
) -> dict[str, float]:
    came, went = np.maximum(flows, 0.0), np.maximum(-flows, 0.0)
    invested = value[:-1] + came[1:]
    returns = np.where(invested > 0, (value[1:] + went[1:]) / np.maximum(invested, 1e-300) - 1, 0.0)
    net = flows[1:].sum()
    left = np.arange(len(days) - 1, -1, -1)
    # Inflows from the start of their day, outflows to its end.
    weighted = (came[1:] * (left[1:] + 1) - went[1:] * left[1:]).sum() / left[0]
    weekday = np.array([day.weekday() for day in days[1:]])
    growth = np.concatenate([[1.0], np.cumprod(1 + returns)])
    stops = np.concatenate([[0], np.nonzero((weekday < 5) & (invested > 0))[0] + 1])
    daily = growth[stops][1:] / growth[stops][:-1] - 1
    return {
        "time_weighted": growth[-1] - 1,
        "gain": value[-1] - value[0] - net,
        "income": income[1:].sum(),
        "currency_gain": gain[1:].sum(),
        "dietz": (value[-1] - value[0] - net) / (value[0] + weighted),
        "money_weighted": _xirr(value, flows, left),
        **_risk(daily),
    }


def _xirr(value: Series, flows: Series, left: Places) -> float:
    years = (left[0] - left) / YEAR
    amounts = -flows.copy()
    amounts[0] = -value[0]
    amounts[-1] += value[-1]
    chosen = amounts != 0
    amounts, years = amounts[chosen], years[chosen]
    low, high = -0.99, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        is_above = (amounts / (1 + middle) ** years).sum() > 0
        low, high = (middle, high) if is_above else (low, middle)
    return (low + high) / 2


def _risk(daily: Series) -> dict[str, float]:
    deviation = daily.std(ddof=1)
    short = np.sqrt((np.minimum(daily, 0.0) ** 2).mean()) * np.sqrt(252)
    values = np.concatenate([[1.0], np.cumprod(1 + daily)])
    fall = (values / np.maximum.accumulate(values) - 1).min()
    annual = values[-1] ** (252 / daily.size) - 1
    edge = np.quantile(daily, 0.05)
    return {
        "volatility": deviation * np.sqrt(252),
        "sharpe": daily.mean() / deviation * np.sqrt(252),
        "sortino": daily.mean() * 252 / short,
        "max_drawdown": fall,
        "calmar": annual / -fall,
        "var_95": edge,
        "shortfall_95": daily[daily <= edge].mean(),
    }


def _by_place(places: Places, amounts: Series, count: int) -> Series:
    return np.asarray(np.bincount(places, amounts, count), dtype=np.float64)

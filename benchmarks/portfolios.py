"""Series and metrics of a large portfolio: cold and after a late entry, against plain numpy."""

import asyncio
import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final, NamedTuple

import empyrical  # type: ignore[import-untyped]  # ships no types
import numpy as np
import numpy.typing as npt

from benchmarks.portfolio_decimals import replayed
from benchmarks.portfolio_floor import Arrays, arrays_of, computed
from benchmarks.portfolio_ledgers import FIRST, LAST, Household, currency, household, symbol
from benchmarks.portfolio_store import RATES, Stand, databases, stand
from coffers import migrations
from coffers.application.investing.binding import bound
from coffers.application.investing.books import AccountsLedger, Key, Security
from coffers.application.investing.derivations import Derivations
from coffers.application.investing.ledger_rows import LedgerRow
from coffers.application.investing.performance import performance_of
from coffers.application.investing.series import valuation_of
from coffers.application.investing.valuing import BookPorts, book_of
from coffers.domain.ids import UserId, new_id
from coffers.domain.investing import risk
from coffers.domain.investing.lots import LotMethod
from coffers.domain.investing.returns import time_weighted
from coffers.domain.investing.samples import Sample
from coffers.domain.ledger.transactions import TransactionSubtype
from coffers.domain.markets.close_paths import ToldPath
from coffers.domain.markets.rates import RateBook
from coffers.infrastructure.markets.ecb_rates import LaterRates

ROUNDS: Final = 7
#: Of each engine: a cold run reads 750,000 prices.
STORE_ROUNDS: Final = 3
RISKS: Final = 500
YEARS: Final = 10

Series = npt.NDArray[np.float64]


def measure() -> dict[str, float]:
    """Ratios of CPU time: other programs on the machine hardly blur them."""
    rates = RateBook(LaterRates(asyncio.run(RATES.rates()), []))
    home = household(UserId(new_id()))
    cold = _calculated(home.ledger, home, arrays_of(home, rates))
    ratios = {"calculated from rows by themselves, not in columns: time to plain numpy": cold}
    for name in ("sqlite", "postgresql"):
        with databases(name) as url:
            asyncio.run(migrations.upgrade(url))
            found, read = asyncio.run(_stored(url))
            ratios |= {f"{name}: {told}": each for told, each in found.items()}
            ratios[f"{name}: calculated from what was read, cold: time to plain numpy (aim: 5)"] = (
                _calculated(read.ledger, read.household, arrays_of(read.household, rates))
            )
    return ratios | _risks() | _exactness(home, rates)


def _calculated(ledger: AccountsLedger, home: Household, arrays: Arrays) -> float:
    """From movements and prices in memory to series and metrics: the time to the floor's."""
    securities = {
        (symbol(place), currency(place)): _security(home, place)
        for place in range(len(home.asset_ids))
    }

    def ours() -> tuple[float, float]:
        # Rates are looked for anew: the service reads them for each request.
        rates = RateBook(LaterRates(published, []))
        return _metrics(replace(ledger), securities, rates, Derivations())

    published = asyncio.run(RATES.rates())
    _expect_the_same(ours(), computed(arrays).metrics)
    cold, floor = _cpu(ours, lambda: computed(arrays))
    return cold / floor


def _security(home: Household, place: int) -> Security:
    closes = ToldPath(
        ",".join(map(str, home.days)), ",".join(map(repr, home.closes[place].tolist()))
    )
    # The arrays are in memory already, for the floor as for ours.
    _ = closes.values, closes.ordinals
    return Security(closes=closes)


def _metrics(
    ledger: AccountsLedger, securities: dict[Key, Security], rates: RateBook, known: Derivations
) -> tuple[float, float]:
    book = bound(ledger, securities, rates, "USD", LotMethod.FIFO, known)
    valuation = valuation_of(book, FIRST - timedelta(days=1), LAST)
    view = performance_of(book, valuation, None)
    returns = valuation.returns
    sample = Sample(returns[~np.isnan(returns)])
    for each in MEASURES:
        each(sample)
    growth = Decimal(view.time_weighted_return.percent or "NaN") / 100
    return float(growth), float(view.gain or "NaN")


def _expect_the_same(ours: tuple[float, float], floor: dict[str, float]) -> None:
    told = (floor["time_weighted"], floor["gain"])
    if not np.allclose(ours, told, rtol=1e-7):
        raise AssertionError(f"{ours} is not {told}")


class _Read(NamedTuple):
    """What was read of a household."""

    ledger: AccountsLedger
    household: Household


async def _stored(url: str) -> tuple[dict[str, float], _Read]:
    """As requests find it: reading, lots, series and performance; and what reading gives."""
    async with stand(url) as place:
        accounts = [account.id for account in place.household.accounts]
        ledger = await place.ports().ledgers.of_accounts(place.user_id, accounts)
        entries = _late(place)
        cold, late, again = [], [], []
        for _ in range(STORE_ROUNDS):
            ports = place.ports()
            cold.append(await _request(place, ports))
            await place.enter(next(entries))
            late.append(await _request(place, ports))
            again.append(await _request(place, ports))
    base = statistics.median(cold)
    ratios = {
        "after one late entry, in percent of the cold run, both with reading (aim: 10)": 100
        * statistics.median(late)
        / base,
        "asked again, in percent of the cold run": 100 * statistics.median(again) / base,
    }
    return ratios, _Read(ledger, place.household)


async def _request(place: Stand, ports: BookPorts) -> float:
    started = time.process_time()
    _, book, _ = await book_of(ports, place.user_id, place.portfolio_id)
    valuation = await asyncio.to_thread(valuation_of, book, FIRST - timedelta(days=1), LAST)
    await asyncio.to_thread(performance_of, book, valuation, None)
    return time.process_time() - started


def _late(place: Stand) -> Iterator[LedgerRow]:
    """Purchases like others before them, from the middle of the history on."""
    rows = place.household.rows
    bought = (row for row in rows[len(rows) // 2 :] if row.subtype is TransactionSubtype.BUY)
    for row in bought:
        yield row._replace(id=new_id())


#: Ours and empyrical's: volatility, Sharpe, Sortino, drawdown, Calmar, value at risk, shortfall.
MEASURES: Final[Sequence[Callable[[Sample], object]]] = (
    risk.volatility,
    risk.sharpe,
    risk.sortino,
    risk.max_drawdown,
    risk.calmar,
    lambda returns: risk.historical_var(returns, 0.95),
    lambda returns: risk.historical_shortfall(returns, 0.95),
)
THEIRS: Final[Sequence[Callable[[Series], object]]] = (
    empyrical.annual_volatility,
    empyrical.sharpe_ratio,
    empyrical.sortino_ratio,
    empyrical.max_drawdown,
    empyrical.calmar_ratio,
    empyrical.value_at_risk,
    empyrical.conditional_value_at_risk,
)


def _risks() -> dict[str, float]:
    returns = np.random.default_rng(3).normal(0.0003, 0.012, (RISKS, 252 * YEARS))

    def ours() -> None:
        for row in returns:
            sample = Sample(row)
            for measure in MEASURES:
                measure(sample)

    def theirs() -> None:
        for row in returns:
            for measure in THEIRS:
                measure(row)

    our_s, their_s = _cpu(ours, theirs, rounds=5)
    return {
        f"seven risk metrics of {RISKS} assets: empyrical's time to ours (aim: 4)": their_s / our_s
    }


def _cpu(*works: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """The median of each, in rounds: what disturbs one disturbs the others.

    Each cleans up its own garbage only, not what reading left.
    """
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for place, work in enumerate(works):
            gc.collect()
            started = time.process_time()
            work()
            times[place].append(time.process_time() - started)
    return [statistics.median(each) for each in times]


def _exactness(home: Household, rates: RateBook) -> dict[str, float]:
    """The time-weighted return, against one in which nothing is ever a float."""
    securities = {
        (symbol(place), currency(place)): _security(home, place)
        for place in range(len(home.asset_ids))
    }
    book = bound(home.ledger, securities, rates, "USD", LotMethod.FIFO)
    found = time_weighted(valuation_of(book, FIRST - timedelta(days=1), LAST).day_values()).value
    exact = replayed(home, rates)
    if found is None:
        raise AssertionError("No return was found.")
    return {
        "time-weighted return: difference to decimals, in units of 1e-12 (aim: 1)": float(
            abs(found - exact) * 10**12
        )
    }

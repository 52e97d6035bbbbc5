"""Why a benchmark did what it did, and what the same flows would have become in it."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from coffers.application.explained_arithmetic import (
    difference,
    one,
    product,
    quotient,
    total,
)
from coffers.application.explanations import (
    Explanation,
    Operation,
    made,
    number_of,
    rate_told,
    referred,
    told,
)
from coffers.application.investing.benchmarks import Benchmark
from coffers.application.investing.books import Book
from coffers.application.investing.performance_views import BenchmarkView
from coffers.domain.markets.close_paths import last_by

DAY: Final = timedelta(days=1)


def benchmark_explained(
    book: Book, benchmark: Benchmark, view: BenchmarkView, trees: Mapping[str, Explanation]
) -> Iterator[Explanation]:
    """Its prices of the days that count, then what is made of them.

    `trees` are those of the portfolio by name: the value of the first day and the flows, by day.
    """
    if view.return_percent is None:
        return
    first, last = (_day(trees[name]) for name in ("start_value", "end_value"))
    flows = [each for name, each in trees.items() if name.startswith("flow ")]
    days = {first, last, *map(_day, flows), *(_day(each) - DAY for each in flows)}
    prices = {day: _price(book, benchmark, day) for day in sorted(days)}
    yield from prices.values()
    grown = quotient("growth", referred(prices[last]), referred(prices[first]))
    name, percent = "benchmark_return_percent", Decimal(view.return_percent)
    returned = made(name, Operation.PERCENT, percent, [difference("return", grown, one())])
    yield returned
    if view.excess_return_percent is not None:
        mine = referred(trees["time_weighted_return"])
        yield difference("benchmark_excess_return_percent", mine, referred(returned))
    if view.same_flows_end_value is not None:
        yield from _same_flows(view, trees, flows, prices)


def _same_flows(
    view: BenchmarkView,
    trees: Mapping[str, Explanation],
    flows: list[Explanation],
    prices: Mapping[date, Explanation],
) -> Iterator[Explanation]:
    """What comes in buys at the close of the day before, what leaves is sold at its own."""
    first, last = (_day(trees[name]) for name in ("start_value", "end_value"))
    bought = [quotient("units", referred(trees[f"value {first}"]), referred(prices[first]))]
    for flow in flows:
        day = _day(flow) - (DAY if (number_of(flow) or 0) > 0 else timedelta(0))
        bought.append(quotient("units", referred(flow), referred(prices[day])))
    worth = product("worth", total("units", bought), referred(prices[last]))
    name, currency = "benchmark_same_flows_end_value", prices[last].currency
    value = Decimal(view.same_flows_end_value or 0)
    end = made(name, Operation.ROUNDED, value, [worth], currency=currency)
    yield end
    left = total("left", [referred(end), referred(trees["outflow"])])
    paid = [referred(trees[each]) for each in ("start_value", "inflow")]
    yield difference("benchmark_same_flows_gain", left, *paid)


def _price(book: Book, benchmark: Benchmark, day: date) -> Explanation:
    """With splits and dividends worked in, at the rate of the day."""
    known = last_by(benchmark.closes, day)
    close = told(
        "adjusted_close",
        None if known is None else known[1],
        currency=benchmark.currency,
        as_of=None if known is None else known[0],
        source="market",
        note=benchmark.symbol,
    )
    rate = book.rates.rate(benchmark.currency, book.base_currency, day)
    tree = product(
        f"benchmark price {day}", close, rate_told(rate, benchmark.currency, book.base_currency)
    )
    return replace(tree, as_of=day, currency=book.base_currency)


def _day(tree: Explanation) -> date:
    """That of the tree, or of what it is made of."""
    while tree.as_of is None:
        tree = tree.inputs[0]
    return tree.as_of

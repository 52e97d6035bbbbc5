"""Why a portfolio's performance is what it is: named trees that refer to one another."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Final

from coffers.application.explained_arithmetic import (
    ONE,
    constant,
    difference,
    one,
    power,
    product,
    quotient,
    total,
)
from coffers.application.explanations import (
    Explanation,
    Operation,
    in_cents,
    made,
    number_of,
    referred,
    told,
)
from coffers.application.investing.benchmark_explained import benchmark_explained
from coffers.application.investing.benchmarks import Benchmark
from coffers.application.investing.books import Book
from coffers.application.investing.explained_days import ExplainedDays
from coffers.application.investing.linked_days import Link, links
from coffers.application.investing.performance_views import PerformanceView
from coffers.application.investing.series import flows_of, income_of
from coffers.domain.investing.returns import DAYS_A_YEAR, DayValue
from coffers.domain.money import known_total
from coffers.domain.paging import TooManyRows

if TYPE_CHECKING:
    from coffers.domain.investing.valuations import Movement, Valuation

#: Values in the trees: days with flows times lines and accounts.
MAX_EXPLAINED: Final = 10_000
ZERO: Final = Decimal(0)
_RATIO: Final = Context(prec=40)
_YEARLY: Final = Decimal(DAYS_A_YEAR)


def explained(
    book: Book, valuation: "Valuation", view: PerformanceView, benchmark: Benchmark | None
) -> list[Explanation]:
    """Every number of the answer that is known, but contributions; raises TooManyRows.

    Values and flows of days come first, then what is made of them.
    """
    days = valuation.day_values()
    steps = [] if any(each.value is None for each in days) else list(links(days))
    wanted = {view.start_date, view.end_date, *(each.first.day for each in steps)}
    wanted |= {each.last.day for each in steps}
    if len(wanted) * (len(book.lines) + len(book.ledger.accounts)) > MAX_EXPLAINED:
        raise TooManyRows("Too many days with flows to explain: choose a shorter period.")
    trees = _Trees(book, view, sorted(wanted))
    found = [*trees.days(), *trees.amounts(), *trees.rates(days, steps)]
    if benchmark is not None and view.benchmark is not None:
        named = {each.name: each for each in found}
        found += benchmark_explained(book, benchmark, view.benchmark, named)
    return found


class _Trees:
    def __init__(self, book: Book, view: PerformanceView, days: Sequence[date]) -> None:
        self._view, self._base = view, book.base_currency
        known = ExplainedDays(book)
        self._values = {day: known.value(day) for day in days}
        self._flows = {day: self._flow(known, day, each) for day, each in self._within(book)}
        self._income = [
            known.amount("income", each)
            for each in income_of(book)
            if view.start_date < each.day <= view.end_date
        ]

    def _within(self, book: Book) -> Iterator[tuple[date, list["Movement"]]]:
        by_day: dict[date, list[Movement]] = defaultdict(list)
        for each in flows_of(book):
            if self._view.start_date < each.day <= self._view.end_date and each.amount:
                by_day[each.day].append(each)
        return iter(sorted(by_day.items()))

    def _flow(self, known: ExplainedDays, day: date, moved: "list[Movement]") -> Explanation:
        parts = [known.amount("flow", each) for each in moved]
        total, base = known_total(number_of(each) for each in parts), self._base
        return made(f"flow {day}", Operation.SUM, total, parts, currency=base, as_of=day)

    def days(self) -> Iterator[Explanation]:
        """Values and flows, by day."""
        yield from self._values.values()
        yield from self._flows.values()

    def amounts(self) -> Iterator[Explanation]:
        """To the cent; the gain is of what is to the cent already."""
        view, base = self._view, self._base
        start, end = self._values[view.start_date], self._values[view.end_date]
        yield self._cents("start_value", [referred(start)])
        yield self._cents("end_value", [referred(end)])
        yield self._cents("inflow", self._signed(1))
        yield self._cents("outflow", self._signed(-1))
        yield self._cents("income", self._income)
        if view.gain is not None:
            given = [self._given("outflow", view.outflow), self._given("end_value", view.end_value)]
            taken = [self._given("start_value", view.start_value)]
            taken.append(self._given("inflow", view.inflow))
            yield difference("gain", total("sum", given), *taken)
        if view.price_gain is not None:
            # Each day: what was held in each currency the day before times its rate's change.
            moved, source = Decimal(view.currency_gain or 0), "values"
            yield told("currency_gain", moved, currency=base, source=source)
            parts = [
                self._given("gain", view.gain),
                self._given("income", view.income),
                self._given("currency_gain", view.currency_gain),
            ]
            yield difference("price_gain", *parts)

    def rates(self, days: Sequence[DayValue], steps: Sequence[Link]) -> Iterator[Explanation]:
        """In percent."""
        view, linked = self._view, self._linked(steps)
        figures: Mapping[str, tuple[str | None, Callable[[], Explanation]]] = {
            "simple_return": (view.simple_return.percent, self._simple),
            "time_weighted_return": (view.time_weighted_return.percent, lambda: linked),
            "money_weighted_return": (
                view.money_weighted_return.percent,
                lambda: self._weighted(days),
            ),
            "money_weighted_annual_return": (
                view.money_weighted_annual_return.percent,
                lambda: self._internal(days),
            ),
            "time_weighted_annual_percent": (
                view.time_weighted_annual_percent,
                lambda: self._annual(linked),
            ),
            "modified_dietz_return": (view.modified_dietz_return.percent, self._dietz),
        }
        for name, (percent, tree) in figures.items():
            if percent is not None:
                yield made(name, Operation.PERCENT, Decimal(percent), [tree()])

    @property
    def _length(self) -> Explanation:
        return constant("days", Decimal(self._view.days))

    def _simple(self) -> Explanation:
        view = self._view
        paid_in = [
            self._given("start_value", view.start_value),
            self._given("inflow", view.inflow),
        ]
        return quotient("simple", self._given("gain", view.gain), total("paid_in", paid_in))

    def _linked(self, steps: Sequence[Link]) -> Explanation:
        """The product of what 1 became from flow to flow, less 1."""
        growth = product("growth", *(self._factor(each) for each in steps))
        return difference("linked", growth, one())

    def _factor(self, link: Link) -> Explanation:
        first, last = (self._values[day] for day in (link.first.day, link.last.day))
        paid, ended = [referred(first)], [referred(last)]
        if link.last.inflow:
            paid.append(referred(self._flows[link.last.day]))
        if link.last.outflow:
            ended.append(self._turned(self._flows[link.last.day]))
        return quotient("growth", total("ended", ended), total("invested", paid))

    def _annual(self, rate: Explanation) -> Explanation:
        years = quotient("years", constant("days", _YEARLY), self._length)
        growth = power("growth", total("growth", [one(), rate]), years)
        return difference("annual", growth, one())

    def _internal(self, days: Sequence[DayValue]) -> Explanation:
        """As the investor sees it: what is there at first is paid in, what is left comes back."""
        view = self._view
        start = self._turned(self._given("start_value", view.start_value), days[0].day)
        end = self._given("end_value", view.end_value, days[-1].day)
        flows = [self._turned(each) for each in self._flows.values()]
        rate, inputs = self._yearly(), [start, *flows, end]
        return made("yearly_rate", Operation.INTERNAL_RATE, rate, inputs)

    def _yearly(self) -> Decimal | None:
        view = self._view
        if view.money_weighted_annual_return.percent is not None:
            return Decimal(view.money_weighted_annual_return.percent).scaleb(-2)
        if view.money_weighted_return.percent is None or not view.days:
            return None
        growth = ONE + Decimal(view.money_weighted_return.percent).scaleb(-2)
        years = _RATIO.divide(Decimal(view.days), _YEARLY)
        return _RATIO.subtract(_RATIO.power(growth, _RATIO.divide(ONE, years)), ONE)

    def _weighted(self, days: Sequence[DayValue]) -> Explanation:
        """The yearly rate over the days of the period."""
        rate = self._internal(days)
        span = quotient("years", self._length, constant("days", _YEARLY))
        growth = power("growth", total("growth", [one(), rate]), span)
        return difference("period", growth, one())

    def _dietz(self) -> Explanation:
        view = self._view
        parts = [self._given("start_value", view.start_value)]
        for day, flow in self._flows.items():
            # What comes in at the start of a day has been there since the end of the day before.
            is_inflow = (number_of(flow) or ZERO) > 0
            there = Decimal((view.end_date - day).days + is_inflow)
            weight = quotient("weight", constant("days", there), self._length)
            parts.append(product("weighted", referred(flow), weight))
        return quotient("dietz", self._given("gain", view.gain), total("capital", parts))

    def _signed(self, sign: int) -> list[Explanation]:
        """The days on which more came in than left, or the other way round, above zero.

        A day of which that is not known may be either, and leaves both unknown.
        """
        known = [(each, number_of(each)) for each in self._flows.values()]
        chosen = [each for each, net in known if net is None or net * sign > 0]
        return [referred(each) if sign > 0 else self._turned(each) for each in chosen]

    def _turned(self, tree: Explanation, day: date | None = None) -> Explanation:
        value = number_of(tree)
        turned = None if value is None else -value
        inputs = [referred(tree), constant("minus_one", -ONE)]
        day = tree.as_of or day
        return made("turned", Operation.PRODUCT, turned, inputs, currency=self._base, as_of=day)

    def _given(self, name: str, text: str | None, day: date | None = None) -> Explanation:
        """A tree that this answer has by its name."""
        value = None if text is None else Decimal(text)
        return made(name, Operation.REFERENCE, value, [], currency=self._base, as_of=day)

    def _cents(self, name: str, parts: Sequence[Explanation]) -> Explanation:
        return in_cents(name, parts, [number_of(each) for each in parts], self._base)

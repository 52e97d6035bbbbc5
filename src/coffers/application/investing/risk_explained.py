"""Why a portfolio's risk is what it is: the returns, and every number as a tree over them."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from statistics import NormalDist
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
from coffers.application.explanations import Explanation, Operation, made, number_of
from coffers.application.investing.explained_returns import (
    BENCHMARK,
    RETURNS,
    Measured,
    benchmark_told,
    returns_told,
    value_told,
)
from coffers.domain.investing.returns import Undefined
from coffers.domain.paging import TooManyRows

if TYPE_CHECKING:
    from coffers.application.investing.risk import LossView, RiskView
    from coffers.domain.investing.risk import Series

#: Days whose returns are told one by one: three years.
MAX_EXPLAINED_DAYS: Final = 1_100
TRADING_DAYS: Final = 252


def check_explained(first: date, last: date) -> None:
    """Raises TooManyRows."""
    if (last - first).days > MAX_EXPLAINED_DAYS:
        raise TooManyRows(f"At most {MAX_EXPLAINED_DAYS} days are explained: choose fewer.")


def explained(measured: Measured, view: "RiskView") -> list[Explanation]:
    """Every number of the answer that is known; first the series that they are made of."""
    if view.reason is Undefined.TOO_FEW_RETURNS:
        return []
    figures = _Figures(measured)
    trees = [returns_told(measured), value_told(measured), *figures.own(view)]
    for loss in view.losses:
        trees += figures.losses(loss)
    if measured.prices is not None and measured.other is not None:
        trees += [benchmark_told(measured, measured.prices), *figures.against(view)]
    return trees


class _Figures:
    def __init__(self, measured: Measured) -> None:
        import numpy as np

        from coffers.domain.investing import risk

        self._np, self._risk = np, risk
        self._mine, self._theirs = measured.returns, measured.other
        self._currency = measured.currency
        self._last = value_told(measured)

    def own(self, view: "RiskView") -> Iterator[Explanation]:
        """Of the portfolio alone."""
        fall = None if view.max_drawdown is None else view.max_drawdown.percent
        yield from _figure("volatility_percent", view.volatility_percent, self._volatility)
        yield from _figure("downside_percent", view.downside_percent, self._downside)
        yield from _figure("sharpe_ratio", view.sharpe_ratio, self._sharpe)
        yield from _figure("sortino_ratio", view.sortino_ratio, self._sortino)
        yield from _figure("annual_return_percent", view.annual_return_percent, self._annual)
        yield from _figure("max_drawdown_percent", fall, self._drawdown)
        yield from _figure("calmar_ratio", view.calmar_ratio, self._calmar)

    def losses(self, loss: "LossView") -> Iterator[Explanation]:
        """Of one confidence, which is part of the names."""
        level = loss.confidence
        one_less = difference("part", one(), constant("confidence", Decimal(level)))
        trees: dict[str, Callable[[], Explanation]] = {
            "historical_var": lambda: self._quantile(one_less),
            "historical_shortfall": lambda: self._beyond(one_less),
            "parametric_var": lambda: self._normal(NormalDist().inv_cdf(1 - float(level))),
            "parametric_shortfall": lambda: self._normal(-_tail(float(level))),
        }
        for name, tree in trees.items():
            percent = getattr(loss, f"{name}_percent")
            yield from _figure(f"{name}_percent {level}", percent, tree)
            amount = getattr(loss, f"{name}_amount")
            if amount is not None:
                yield self._money(f"{name}_amount {level}", amount, tree())

    def against(self, view: "RiskView") -> Iterator[Explanation]:
        """Of the portfolio and its benchmark."""
        told_of = view.against_benchmark
        if told_of is None:
            return
        yield from _figure("beta_ratio", told_of.beta_ratio, self._beta)
        yield from _figure("correlation_ratio", told_of.correlation_ratio, self._together)
        yield from _figure("alpha_percent", told_of.alpha_percent, self._alpha)
        yield from _figure("jensen_alpha_percent", told_of.jensen_alpha_percent, self._jensen)
        tracking = told_of.tracking_error_percent
        yield from _figure("tracking_error_percent", tracking, self._tracking)
        yield from _figure("information_ratio", told_of.information_ratio, self._information)

    def _volatility(self) -> Explanation:
        return product("product", self._deviation(self._mine, _series(RETURNS)), _root())

    def _downside(self) -> Explanation:
        short = self._np.minimum(self._mine, 0.0)
        value = float(self._np.sqrt(self._np.mean(short**2)))
        tree = _of(Operation.SHORTFALL_DEVIATION, value, [_series(RETURNS)])
        return product("product", tree, _root())

    def _sharpe(self) -> Explanation:
        return self._ratio(self._mine, _series(RETURNS))

    def _sortino(self) -> Explanation:
        return quotient(
            "quotient", self._yearly_mean(self._mine, _series(RETURNS)), self._downside()
        )

    def _annual(self) -> Explanation:
        return self._grown(self._mine, RETURNS)

    def _drawdown(self) -> Explanation:
        fall = self._risk.max_drawdown(self._mine)
        value = 0.0 if fall is None else float(fall.depth)
        return _of(Operation.DRAWDOWN, value, [_series(RETURNS)])

    def _calmar(self) -> Explanation:
        return quotient(
            "quotient",
            self._annual(),
            product("product", self._drawdown(), constant("minus_one", -ONE)),
        )

    def _quantile(self, part: Explanation) -> Explanation:
        value = float(self._np.quantile(self._mine, float(number_of(part) or 0)))
        return _of(Operation.QUANTILE, value, [_series(RETURNS), part])

    def _beyond(self, part: Explanation) -> Explanation:
        edge = self._quantile(part)
        value = self._mine[self._mine <= float(number_of(edge) or 0)].mean()
        return _of(Operation.MEAN_BELOW, float(value), [_series(RETURNS), edge])

    def _normal(self, deviations: float) -> Explanation:
        """The mean and so many deviations."""
        mean = _of(Operation.MEAN, float(self._mine.mean()), [_series(RETURNS)])
        place = constant("normal_deviations", Decimal(repr(deviations)))
        return total(
            "sum", [mean, product("product", self._deviation(self._mine, _series(RETURNS)), place)]
        )

    def _beta(self) -> Explanation:
        deviation = self._deviation(self._other, _series(BENCHMARK))
        both = [_series(RETURNS), _series(BENCHMARK)]
        shared = float(self._np.cov(self._mine, self._other, ddof=1)[0, 1])
        return quotient(
            "quotient",
            _of(Operation.COVARIANCE, shared, both),
            product("product", deviation, deviation),
        )

    def _together(self) -> Explanation:
        value = float(self._risk.correlation(self._mine, self._other) or 0)
        both = [_series(RETURNS), _series(BENCHMARK)]
        return _of(Operation.CORRELATION, value, both)

    def _alpha(self) -> Explanation:
        return difference("difference", self._annual(), self._grown(self._other, BENCHMARK))

    def _jensen(self) -> Explanation:
        expected = product(
            "product", self._beta(), self._yearly_mean(self._other, _series(BENCHMARK))
        )
        return difference("difference", self._yearly_mean(self._mine, _series(RETURNS)), expected)

    def _tracking(self) -> Explanation:
        return product("product", self._deviation(self._mine - self._other, _excess()), _root())

    def _information(self) -> Explanation:
        return self._ratio(self._mine - self._other, _excess())

    @property
    def _other(self) -> "Series":
        return self._mine[:0] if self._theirs is None else self._theirs

    def _ratio(self, returns: "Series", tree: Explanation) -> Explanation:
        """The yearly mean over the yearly deviation."""
        deviation = product("product", self._deviation(returns, tree), _root())
        return quotient("quotient", self._yearly_mean(returns, tree), deviation)

    def _yearly_mean(self, returns: "Series", tree: Explanation) -> Explanation:
        return product("product", _of(Operation.MEAN, float(returns.mean()), [tree]), _year())

    def _deviation(self, returns: "Series", tree: Explanation) -> Explanation:
        return _of(Operation.DEVIATION, float(returns.std(ddof=1)), [tree])

    def _grown(self, returns: "Series", name: str) -> Explanation:
        """The growth of 1 to the power of a year over the days that it took, less 1."""
        growth = float(self._np.prod(1 + returns))
        linked = _of(Operation.LINKED, growth - 1, [_series(name)])
        years = quotient("quotient", _year(), constant("return_count", Decimal(returns.size)))
        yearly = power("growth", total("growth", [one(), linked]), years)
        return difference("annual", yearly, one())

    def _money(self, name: str, amount: str, tree: Explanation) -> Explanation:
        whole = product("product", tree, self._last)
        return made(name, Operation.ROUNDED, Decimal(amount), [whole], currency=self._currency)


def _figure(name: str, text: str | None, tree: Callable[[], Explanation]) -> Iterator[Explanation]:
    """Nothing where the answer has no number."""
    if text is not None:
        operation = Operation.PERCENT if "_percent" in name else Operation.RATIO
        yield made(name, operation, Decimal(text), [tree()])


def _tail(level: float) -> float:
    """By how many deviations the mean of what is beyond the level is below the mean."""
    return NormalDist().pdf(NormalDist().inv_cdf(1 - level)) / (1 - level)


def _series(name: str) -> Explanation:
    return made(name, Operation.REFERENCE, None, [])


def _excess() -> Explanation:
    both = [_series(RETURNS), _series(BENCHMARK)]
    return made("excess_returns", Operation.EXCESS, None, both)


def _year() -> Explanation:
    return constant("trading_days", Decimal(TRADING_DAYS))


def _root() -> Explanation:
    return power("root", _year(), constant("half", Decimal("0.5")))


def _of(operation: Operation, value: float, inputs: Sequence[Explanation]) -> Explanation:
    return made(operation.value, operation, Decimal(repr(value)), inputs)

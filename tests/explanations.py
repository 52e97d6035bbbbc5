"""Trees of explanations, worked out again from their leaves alone."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, localcontext
from statistics import correlation, covariance, fmean, stdev
from typing import Any, Final

from coffers.domain.money import minor_units

Node = Mapping[str, Any]
_PRECISE: Final = Context(prec=60)


def evaluated(node: Node, trees: Sequence[Node] = ()) -> Decimal:
    """The number of a tree; references are looked up among these trees."""
    by_name = {each["name"]: each for each in trees}
    with localcontext(_PRECISE):
        return _Evaluator(by_name).number(node)


class _Evaluator:
    def __init__(self, by_name: Mapping[str, Node]) -> None:
        self._by_name = by_name
        self._series: dict[str, list[Decimal]] = {}

    def number(self, node: Node) -> Decimal:
        operation, inputs = node["operation"], node.get("inputs", [])
        if operation == "input":
            return Decimal(node["value"])
        if operation == "reference":
            return self.number(self._by_name[node["name"]])
        if operation == "internal_rate":
            return _internal_rate([(_day(each), self.number(each)) for each in inputs])
        if operation in _OF_SERIES:
            one = _floats(self.series(inputs[0]))
            others = [
                _floats(self.series(each)) if self._is_series(each) else float(self.number(each))
                for each in inputs[1:]
            ]
            return Decimal(repr(_OF_SERIES[operation](one, *others)))
        return _NUMBERS[operation]([self.number(each) for each in inputs], node)

    def series(self, node: Node) -> list[Decimal]:
        if node["operation"] == "reference":
            name = node["name"]
            if name not in self._series:
                self._series[name] = self.series(self._by_name[name])
            return self._series[name]
        if node["operation"] == "excess":
            one, other = (self.series(each) for each in node["inputs"])
            return [mine - theirs for mine, theirs in zip(one, other, strict=True)]
        assert node["operation"] == "series", node
        return [self.number(each) for each in node.get("inputs", [])]

    def _is_series(self, node: Node) -> bool:
        if node["operation"] == "reference":
            return self._is_series(self._by_name[node["name"]])
        return node["operation"] in {"series", "excess"}


def _day(node: Node) -> date:
    return date.fromisoformat(node["as_of"])


def _floats(numbers: Sequence[Decimal]) -> list[float]:
    return [float(each) for each in numbers]


def _rounded(inputs: Sequence[Decimal], node: Node) -> Decimal:
    units = minor_units(node["currency"])
    return inputs[0].quantize(Decimal(1).scaleb(-units), rounding=ROUND_HALF_UP)


def _percent(inputs: Sequence[Decimal], _: Node) -> Decimal:
    return (inputs[0] * 100).quantize(Decimal("0.000001"), rounding=ROUND_HALF_EVEN)


_NUMBERS: Final[dict[str, Callable[[Sequence[Decimal], Node], Decimal]]] = {
    "sum": lambda inputs, _: sum(inputs, Decimal(0)),
    "difference": lambda inputs, _: inputs[0] - sum(inputs[1:], Decimal(0)),
    "product": lambda inputs, _: math.prod(inputs, start=Decimal(1)),
    "quotient": lambda inputs, _: inputs[0] / inputs[1],
    "power": lambda inputs, _: inputs[0] ** inputs[1],
    "rounded": _rounded,
    "percent": _percent,
    "ratio": lambda inputs, _: inputs[0].quantize(Decimal("0.000001"), rounding=ROUND_HALF_EVEN),
}


def _linked(returns: Sequence[float]) -> float:
    return math.prod(1 + each for each in returns) - 1


def _drawdown(returns: Sequence[float]) -> float:
    value, peak, deepest = 1.0, 1.0, 0.0
    for each in returns:
        value *= 1 + each
        peak = max(peak, value)
        deepest = min(deepest, value / peak - 1)
    return deepest


def _quantile(returns: Sequence[float], part: float) -> float:
    place = (len(returns) - 1) * part
    in_order = sorted(returns)
    below = math.floor(place)
    above = min(below + 1, len(returns) - 1)
    return in_order[below] + (in_order[above] - in_order[below]) * (place - below)


def _mean_below(returns: Sequence[float], edge: float) -> float:
    return fmean(each for each in returns if each <= edge + 1e-15)


def _shortfall(returns: Sequence[float]) -> float:
    return math.sqrt(fmean(min(each, 0.0) ** 2 for each in returns))


_OF_SERIES: Final[dict[str, Any]] = {
    "mean": fmean,
    "deviation": stdev,
    "shortfall_deviation": _shortfall,
    "linked": _linked,
    "drawdown": _drawdown,
    "quantile": _quantile,
    "mean_below": _mean_below,
    "covariance": covariance,
    "correlation": correlation,
}


def _internal_rate(flows: Sequence[tuple[date, Decimal]]) -> Decimal:
    """By halving: between a loss of nearly everything and a thousandfold gain a year."""
    first = min(day for day, _ in flows)

    def worth(rate: float) -> float:
        discounts = [(1 + rate) ** ((day - first).days / 365) for day, _ in flows]
        return math.fsum(
            float(amount) / each for (_, amount), each in zip(flows, discounts, strict=True)
        )

    low, high = -0.9999, 1000.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if worth(middle) * worth(low) > 0 else (low, middle)
    return Decimal(repr(middle))

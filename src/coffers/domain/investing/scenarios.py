"""Scenarios: what a shock would do to what is held, and where chance may take it in years.

Shocks are fractions: -0.2 takes a fifth of the value. The historical ones are the falls of broad
indices between the days named, in round numbers, as their providers published them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from coffers.domain.errors import Invalid
from coffers.domain.money import EXACT

MAX_PATHS: Final = 20_000
MAX_MONTHS: Final = 720
MONTHS_A_YEAR: Final = 12
PERCENTILES: Final = (5, 25, 50, 75, 95)
ONE: Final = Decimal(1)


class ShockBy(StrEnum):
    """What a shock is aimed at, the narrowest first: of several that fit, that one holds."""

    ASSET = "asset"
    SECTOR = "sector"
    TYPE = "asset_type"
    CURRENCY = "currency"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Shock:
    """A change of value of everything that `by` says is `name`; one by currency comes on top."""

    by: ShockBy
    name: str
    change: Decimal


@dataclass(frozen=True, slots=True)
class Scenario:
    """Shocks that happen together."""

    slug: str
    title: str
    shocks: Sequence[Shock]


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of one asset, its value in the base currency, and what shocks may aim at."""

    asset: str
    value: Decimal
    labels: Mapping[ShockBy, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One asset before and after."""

    asset: str
    before: Decimal
    after: Decimal


def _type(name: str, change: str) -> Shock:
    return Shock(ShockBy.TYPE, name, Decimal(change))


def _fall(slug: str, title: str, shares: str, bonds: str, crypto: str = "0") -> Scenario:
    kinds = ("equity", "etf", "mutual_fund", "option", "futures")
    falls = [_type(kind, shares) for kind in kinds]
    return Scenario(
        slug, title, (*falls, _type("fixed_income", bonds), _type("cryptocurrency", crypto))
    )


#: Peak to trough: the S&P 500 for what is held in shares, the Bloomberg US Aggregate for bonds.
HISTORICAL: Final = (
    _fall("dot_com_2000", "Dot-com crash, March 2000 to October 2002", "-0.47", "0.28"),
    _fall("financial_crisis_2008", "Financial crisis, October 2007 to March 2009", "-0.55", "0.07"),
    _fall("covid_2020", "Pandemic, February to March 2020", "-0.34", "-0.01", "-0.50"),
    _fall("inflation_2022", "Inflation, January to October 2022", "-0.25", "-0.16", "-0.58"),
)


def applied(scenario: Scenario, held: Sequence[Held]) -> list[Outcome]:
    """Each asset after the shocks, in the order given; raises ShockInvalid."""
    if any(shock.change < -ONE for shock in scenario.shocks):
        raise ShockInvalid("Nothing loses more than all of its value.")
    return [Outcome(each.asset, each.value, _shocked(scenario, each)) for each in held]


def _shocked(scenario: Scenario, held: Held) -> Decimal:
    value = EXACT.multiply(held.value, ONE + _own(scenario, held))
    for shock in scenario.shocks:
        if shock.by is ShockBy.CURRENCY and held.labels.get(shock.by) == shock.name:
            value = EXACT.multiply(value, ONE + shock.change)
    return value


def _own(scenario: Scenario, held: Held) -> Decimal:
    for by in (ShockBy.ASSET, ShockBy.SECTOR, ShockBy.TYPE, ShockBy.ALL):
        name = held.asset if by is ShockBy.ASSET else held.labels.get(by, "")
        for shock in scenario.shocks:
            if shock.by is by and (by is ShockBy.ALL or shock.name == name):
                return shock.change
    return Decimal(0)


@dataclass(frozen=True, slots=True)
class Plan:
    """A wealth now, what is added every month, and the yearly mean and deviation of its returns."""

    wealth: float
    monthly: float
    mean: float
    deviation: float
    months: int


@dataclass(frozen=True, slots=True)
class Prospect:
    """Wealth at the ends of years, by month and percentile; how often the goal was reached."""

    by_month: Mapping[int, Sequence[float]]
    goal_probability: float | None


def simulate(plan: Plan, *, seed: int, paths: int, goal: float | None = None) -> Prospect:
    """Monte Carlo with independent log-normal monthly returns; the same seed, the same answer.

    The yearly mean is of simple returns. Contributions come at the end of each month. Raises
    PlanInvalid.
    """
    _check(plan, paths)
    wealth = np.full(paths, plan.wealth)
    chance, drift, spread = np.random.default_rng(seed), *_monthly(plan)
    by_month: dict[int, Sequence[float]] = {}
    for month in range(1, plan.months + 1):
        wealth = wealth * np.exp(chance.normal(drift, spread, paths)) + plan.monthly
        wealth = np.maximum(wealth, 0.0)
        if month % MONTHS_A_YEAR == 0 or month == plan.months:
            by_month[month] = _percentiles(wealth)
    reached = None if goal is None else float(np.mean(wealth >= goal))
    return Prospect(by_month, reached)


def _monthly(plan: Plan) -> tuple[float, float]:
    """Mean and deviation of the monthly log return that give these yearly simple ones."""
    growth = 1.0 + plan.mean
    variance = float(np.log1p((plan.deviation / growth) ** 2))
    mean = (float(np.log(growth)) - variance / 2) / MONTHS_A_YEAR
    return mean, float(np.sqrt(variance / MONTHS_A_YEAR))


def _percentiles(wealth: npt.NDArray[np.float64]) -> list[float]:
    return [float(each) for each in np.percentile(wealth, PERCENTILES)]


def _check(plan: Plan, paths: int) -> None:
    if not 0 < paths <= MAX_PATHS or not 0 < plan.months <= MAX_MONTHS:
        raise PlanInvalid(f"1 to {MAX_PATHS} paths over 1 to {MAX_MONTHS} months.")
    if plan.mean <= -1 or plan.deviation < 0 or plan.wealth < 0:
        raise PlanInvalid("A mean is above -1, a deviation and a wealth are not below zero.")


class ShockInvalid(Invalid):
    """No such shock."""


class PlanInvalid(Invalid):
    """The simulation cannot be run with these numbers."""

"""Simulation: where chance may take a wealth in years."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from coffers.domain.investing.scenarios import PlanInvalid
from coffers.domain.money import MAX_WHOLE_DIGITS

MAX_PATHS: Final = 20_000
MAX_MONTHS: Final = 720
#: A thousand percent a year; nobody expects more of a wealth, or less certainty.
MAX_RATE: Final = 10.0
#: What amounts of the API have room for.
MAX_WEALTH: Final = 10.0**MAX_WHOLE_DIGITS
MONTHS_A_YEAR: Final = 12
PERCENTILES: Final = (5, 25, 50, 75, 95)


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
    found = [float(each) for each in np.percentile(wealth, PERCENTILES)]
    if max(found) >= MAX_WEALTH:
        raise PlanInvalid("It grows beyond all measure: a smaller mean, or fewer months.")
    return found


def _check(plan: Plan, paths: int) -> None:
    if not 0 < paths <= MAX_PATHS or not 0 < plan.months <= MAX_MONTHS:
        raise PlanInvalid(f"1 to {MAX_PATHS} paths over 1 to {MAX_MONTHS} months.")
    if plan.mean <= -1:
        raise PlanInvalid("A mean is above -1.", field="mean")
    if plan.deviation < 0:
        raise PlanInvalid("A deviation is not below zero.", field="deviation")
    if plan.wealth < 0:
        raise PlanInvalid("What is owed, chance makes nothing of: the portfolio is below zero.")
    for name, rate in (("mean", plan.mean), ("deviation", plan.deviation)):
        if rate > MAX_RATE:
            raise PlanInvalid(f"A fraction: {MAX_RATE:.0f} is the most.", field=name)

"""Scenarios and simulations: what shocks and chance would make of a portfolio."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.calculating import calculated
from coffers.application.investing.allocation import GroupBy, grouped
from coffers.application.investing.books import Book, Line
from coffers.application.investing.texts import money_text
from coffers.application.investing.valuing import (
    BookPorts,
    DataQuality,
    in_base,
    open_book,
    quality_view,
    worth,
)
from coffers.application.views import DecimalText
from coffers.domain.digits import percent_text
from coffers.domain.errors import NotFound
from coffers.domain.identity.principals import Principal
from coffers.domain.investing.returns import Undefined
from coffers.domain.investing.scenarios import (
    HISTORICAL,
    Held,
    Outcome,
    Scenario,
    Shock,
    ShockBy,
    ShockInvalid,
    applied,
    in_minor_units,
    unmet,
)
from coffers.domain.money import total_of

if TYPE_CHECKING:
    from coffers.domain.investing.simulations import Prospect

ZERO: Final = Decimal(0)


InAll = Annotated[
    DecimalText | None, Meta(description="Null when something held has no known value.")
]


class OutcomeView(msgspec.Struct, frozen=True):
    """One holding before and after, in the base currency."""

    symbol: str
    before: DecimalText
    after: DecimalText
    change: DecimalText


class ScenarioResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the shocks would make of the portfolio today."""

    as_of: date
    scenario: str
    title: str
    base_currency: str
    before: InAll
    after: InAll
    change: InAll
    change_percent: DecimalText | None
    outcomes: list[OutcomeView]
    unmet_shocks: Annotated[list[str], Meta(description="Of one's own: aimed at what is not held.")]
    unvalued: Annotated[
        list[str], Meta(description="What is held without a known price or rate: no outcome.")
    ]
    data_quality: DataQuality


class ShockView(msgspec.Struct, frozen=True):
    """A change of value, as a fraction, of what `by` says is `name`."""

    by: ShockBy
    name: str
    change_ratio: DecimalText


class ScenarioView(msgspec.Struct, frozen=True):
    """A named scenario."""

    slug: str
    title: str
    shocks: list[ShockView]


class ScenarioList(msgspec.Struct, frozen=True):
    """The named scenarios."""

    scenarios: list[ScenarioView]
    total_count: int


class PercentilesView(msgspec.Struct, frozen=True):
    """The wealth after so many months, by percentile of the paths."""

    months: int
    p5: DecimalText
    p25: DecimalText
    p50: DecimalText
    p75: DecimalText
    p95: DecimalText


class SimulationView(msgspec.Struct, frozen=True, kw_only=True):
    """Where chance may take the portfolio; the same seed gives the same answer."""

    as_of: date
    base_currency: str
    start_value: InAll
    seed: int
    paths: int
    percentiles: list[PercentilesView]
    goal_probability_ratio: Annotated[DecimalText | None, Meta(description="Null without a goal.")]
    reason: Annotated[Undefined | None, Meta(description="Why nothing was simulated.")]
    convention: str
    data_quality: DataQuality


SIMULATED: Final = (
    "Independent log-normal monthly returns with the yearly mean and deviation given;"
    " contributions at the end of each month; not adjusted for inflation."
)


class ScenarioNotFound(NotFound):
    """There is no scenario of this name."""


def list_scenarios() -> ScenarioList:
    """Falls of the past, in round numbers."""
    views = [
        ScenarioView(
            each.slug,
            each.title,
            [ShockView(shock.by, shock.name, format(shock.change, "f")) for shock in each.shocks],
        )
        for each in HISTORICAL
    ]
    return ScenarioList(views, len(views))


def chosen(slug: str | None, shocks: Sequence[Shock]) -> Scenario:
    """The named one, or the caller's own shocks; raises ScenarioNotFound, ShockInvalid."""
    if (slug is None) == (not shocks):
        raise ShockInvalid("Name a scenario, or send shocks: one of the two.", field="scenario")
    if slug is None:
        return Scenario("custom", "Custom", shocks)
    for each in HISTORICAL:
        if each.slug == slug:
            return each
    raise ScenarioNotFound("There is no scenario of this name.")


async def run_scenario(
    ports: BookPorts, principal: Principal, portfolio_id: UUID, scenario: Scenario
) -> ScenarioResult:
    """What it would do today.

    Raises PortfolioNotFound, NotYours, ShockInvalid, TooManyRows.
    """
    _, book, today = await open_book(ports, principal, portfolio_id)
    return await asyncio.to_thread(_shocked, book, today, scenario)


def _shocked(book: Book, today: date, scenario: Scenario) -> ScenarioResult:
    held = _held(book, today)
    exact = applied(scenario, held)
    whole, base = grouped(book, today, GroupBy.ASSET), book.base_currency
    outcomes = in_minor_units(exact, base)
    before, after = _sum(outcomes, "before"), _sum(outcomes, "after")
    return ScenarioResult(
        as_of=today,
        scenario=scenario.slug,
        title=scenario.title,
        base_currency=base,
        before=whole.known(_money(before, base)),
        after=whole.known(_money(after, base)),
        change=whole.known(_money(after - before, base)),
        change_percent=whole.known(_percent(exact)),
        outcomes=[_outcome(each, base) for each in outcomes],
        unmet_shocks=unmet(scenario, held),
        unvalued=whole.unvalued,
        data_quality=quality_view(book.quality, (line.symbol for line in book.lines)),
    )


@dataclass(frozen=True, slots=True)
class SimulationAsked:
    """Yearly mean and deviation of returns, and what is added every month."""

    mean: Decimal
    deviation: Decimal
    months: int
    monthly: Decimal = ZERO
    goal: Decimal | None = None
    paths: int = 2_000
    seed: int = 1


async def simulate(
    ports: BookPorts, principal: Principal, portfolio_id: UUID, asked: SimulationAsked
) -> SimulationView:
    """From today's value on; raises PortfolioNotFound, NotYours, PlanInvalid, TooManyRows."""
    _, book, today = await open_book(ports, principal, portfolio_id)
    return await calculated(_chances, book, today, asked)


def _chances(book: Book, today: date, asked: SimulationAsked) -> SimulationView:
    whole, base = grouped(book, today, GroupBy.ASSET), book.base_currency
    start = total_of(whole.values.values())
    prospect = _simulated(asked, start)
    by_month = {} if whole.unvalued else prospect.by_month
    probability = None if whole.unvalued else prospect.goal_probability
    return SimulationView(
        as_of=today,
        base_currency=base,
        start_value=whole.known(_money(start, base)),
        seed=asked.seed,
        paths=asked.paths,
        percentiles=[
            PercentilesView(months, *(_money(Decimal(repr(each)), base) for each in wealth))
            for months, wealth in by_month.items()
        ],
        goal_probability_ratio=None if probability is None else format(probability, ".4f"),
        reason=Undefined.MISSING_VALUE if whole.unvalued else None,
        convention=SIMULATED,
        data_quality=quality_view(book.quality, (line.symbol for line in book.lines)),
    )


def _simulated(asked: SimulationAsked, start: Decimal) -> "Prospect":
    from coffers.domain.investing import simulations

    plan = simulations.Plan(
        float(start), float(asked.monthly), float(asked.mean), float(asked.deviation), asked.months
    )
    goal = None if asked.goal is None else float(asked.goal)
    return simulations.simulate(plan, seed=asked.seed, paths=asked.paths, goal=goal)


def _held(book: Book, day: date) -> list[Held]:
    """Everything whose value is known; money has a currency, and neither type nor sector."""
    held = [
        Held(line.symbol, value, _labels(line))
        for line in book.lines
        if line.local.quantity and (value := worth(book, line, day).base) is not None
    ]
    for account in book.ledger.accounts:
        money = account.money
        value = None if not money else in_base(book, money, account.currency, day)
        if value is not None:
            held.append(Held(f"cash {account.name}", value, {ShockBy.CURRENCY: account.currency}))
    return held


def _labels(line: Line) -> Mapping[ShockBy, str]:
    reported = line.reported
    labels = {
        ShockBy.TYPE: line.security.asset_type or (reported and reported.asset_type),
        ShockBy.SECTOR: line.security.sector,
        ShockBy.CURRENCY: line.currency,
    }
    return {by: name for by, name in labels.items() if name}


def _outcome(outcome: Outcome, currency: str) -> OutcomeView:
    change = outcome.after - outcome.before
    return OutcomeView(
        outcome.asset,
        _money(outcome.before, currency),
        _money(outcome.after, currency),
        _money(change, currency),
    )


def _sum(outcomes: Sequence[Outcome], field: str) -> Decimal:
    return total_of(getattr(each, field) for each in outcomes)


def _percent(outcomes: Sequence[Outcome]) -> str | None:
    before, after = _sum(outcomes, "before"), _sum(outcomes, "after")
    return None if before <= 0 else percent_text((after - before) / before, 4)


def _money(amount: Decimal, currency: str) -> str:
    return money_text(amount, currency) or ""

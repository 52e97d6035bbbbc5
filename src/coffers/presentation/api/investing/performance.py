"""/portfolios/{portfolio_id}/…: what a portfolio holds, is worth, earned and risks."""

from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query
from pydantic import Field

from coffers.application.investing import allocation, performance, positions, risk, scenarios
from coffers.application.investing.allocation import AllocationView, GroupBy, RebalancingView
from coffers.application.investing.performance_views import PerformanceView
from coffers.application.investing.periods import PeriodAsked, Span
from coffers.application.investing.position_views import PositionList
from coffers.application.investing.risk import RiskView
from coffers.application.investing.scenarios import (
    ScenarioList,
    ScenarioResult,
    SimulationAsked,
    SimulationView,
)
from coffers.domain.investing.scenarios import Shock, ShockBy
from coffers.presentation.calls import Caller
from coffers.presentation.explaining import Explain
from coffers.presentation.schemas import Body, CountIn, DateIn, DecimalIn

#: As domain/investing/simulations has them: importing it would load numpy.
MAX_PATHS: Final = 20_000
MAX_MONTHS: Final = 720
MAX_SHOCKS: Final = 50

SpanIn = Annotated[Span, Query(alias="period", description="A usual period that ends today.")]
From = Annotated[DateIn | None, Query(description="The first day, in place of the period's.")]
To = Annotated[DateIn | None, Query(description="The last day, today if not given.")]
AgainstIn = Annotated[
    UUID | None, Query(description="The asset to compare with, in place of the portfolio's own.")
]
By = Annotated[GroupBy, Query(description="By what the whole is divided.")]
Contribution = Annotated[
    DecimalIn | None, Query(description="New money in the base currency; below zero: taken out.")
]


class ShockIn(Body):
    """A change of value, as a fraction, of everything that `by` says is `name`."""

    by: ShockBy
    name: str = Field("", max_length=100)
    change: DecimalIn = Field(examples=["-0.20"])


class ScenarioIn(Body):
    """A named scenario, or shocks of one's own."""

    scenario: str | None = Field(None, max_length=100, examples=["financial_crisis_2008"])
    shocks: list[ShockIn] = Field(default_factory=list, max_length=MAX_SHOCKS)


class SimulationIn(Body):
    """Yearly mean and deviation of the returns, as fractions; what is added every month."""

    mean: DecimalIn = Field(examples=["0.06"])
    deviation: DecimalIn = Field(examples=["0.15"])
    months: CountIn = Field(ge=1, le=MAX_MONTHS, examples=[120])
    monthly_contribution: DecimalIn = Field(Decimal(0), examples=["500.00"])
    goal: DecimalIn | None = None
    paths: CountIn = Field(2_000, ge=1, le=MAX_PATHS)
    seed: CountIn = Field(1, ge=0, le=2**32 - 1)


async def list_positions(
    call: Caller,
    portfolio_id: UUID,
    explain: Explain = False,  # noqa: FBT002 - a query parameter
) -> PositionList:
    """What the portfolio holds today, what it cost and what it gained."""
    return await positions.list_positions(
        call.services.books, call.principal, portfolio_id, is_explained=explain
    )


async def get_performance(  # noqa: PLR0913, PLR0917 - the query parameters
    call: Caller,
    portfolio_id: UUID,
    span: SpanIn = Span.YEAR,
    start_date: From = None,
    end_date: To = None,
    benchmark_id: AgainstIn = None,
    explain: Explain = False,  # noqa: FBT002 - a query parameter
) -> PerformanceView:
    """How the portfolio did over a period, and what made it."""
    asked = PeriodAsked(span, start_date, end_date, benchmark_id)
    books = call.services.books
    return await performance.get_performance(
        books, call.principal, portfolio_id, asked, is_explained=explain
    )


async def get_risk(  # noqa: PLR0913, PLR0917 - the query parameters
    call: Caller,
    portfolio_id: UUID,
    span: SpanIn = Span.YEAR,
    start_date: From = None,
    end_date: To = None,
    benchmark_id: AgainstIn = None,
    explain: Explain = False,  # noqa: FBT002 - a query parameter
) -> RiskView:
    """How much the portfolio varies, and what it may lose."""
    asked = PeriodAsked(span, start_date, end_date, benchmark_id)
    books = call.services.books
    return await risk.get_risk(books, call.principal, portfolio_id, asked, is_explained=explain)


async def get_allocation(
    call: Caller, portfolio_id: UUID, group_by: By = GroupBy.ASSET_TYPE
) -> AllocationView:
    """What the portfolio is made of."""
    books = call.services.books
    return await allocation.get_allocation(books, call.principal, portfolio_id, group_by)


async def get_rebalancing(
    call: Caller, portfolio_id: UUID, contribution: Contribution = None
) -> RebalancingView:
    """How far the portfolio is from its targets, and two ways back to them."""
    return await allocation.get_rebalancing(
        call.services.books, call.principal, portfolio_id, contribution or Decimal(0)
    )


async def list_scenarios(call: Caller) -> ScenarioList:
    """The named scenarios: falls of the past."""
    del call
    return scenarios.list_scenarios()


async def run_scenario(call: Caller, portfolio_id: UUID, body: ScenarioIn) -> ScenarioResult:
    """What a named scenario, or shocks of one's own, would make of the portfolio today."""
    own = [Shock(each.by, each.name, each.change) for each in body.shocks]
    scenario = scenarios.chosen(body.scenario, own)
    return await scenarios.run_scenario(call.services.books, call.principal, portfolio_id, scenario)


async def simulate(call: Caller, portfolio_id: UUID, body: SimulationIn) -> SimulationView:
    """Where chance may take the portfolio; the same seed gives the same answer."""
    asked = SimulationAsked(
        body.mean,
        body.deviation,
        body.months,
        body.monthly_contribution,
        body.goal,
        body.paths,
        body.seed,
    )
    return await scenarios.simulate(call.services.books, call.principal, portfolio_id, asked)

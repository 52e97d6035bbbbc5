"""/portfolios/{portfolio_id}/…: how risk went, and how positions move together."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from coffers.application.investing import position_correlations, rolling_risk
from coffers.application.investing.periods import PeriodAsked, Span
from coffers.application.investing.rolling_risk import MAX_WINDOW, MIN_WINDOW, WINDOW, RollingRisk
from coffers.application.markets.correlations import CorrelationMatrix
from coffers.application.markets.indicators import AnalysisPorts
from coffers.presentation.api.investing.performance import AgainstIn, From, SpanIn, To
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import WHOLE

Window = Annotated[
    int, Query(ge=MIN_WINDOW, le=MAX_WINDOW, description="Weekdays in each stretch."), WHOLE
]


async def get_rolling_risk(  # noqa: PLR0913, PLR0917 - the query parameters
    call: Caller,
    portfolio_id: UUID,
    window: Window = WINDOW,
    span: SpanIn = Span.YEAR,
    start_date: From = None,
    end_date: To = None,
    benchmark_id: AgainstIn = None,
) -> RollingRisk:
    """How the portfolio's risk went: volatility, Sharpe, drawdown, beta of each stretch of days."""
    asked = PeriodAsked(span, start_date, end_date, benchmark_id)
    books = call.services.books
    return await rolling_risk.get_rolling_risk(books, call.principal, portfolio_id, asked, window)


async def get_position_correlations(
    call: Caller, portfolio_id: UUID, start_date: From = None, end_date: To = None
) -> CorrelationMatrix:
    """How the portfolio's positions move together: by itself over a year."""
    services = call.services
    ports = AnalysisPorts(services.asset_lookups, services.price_lookups, services.quotes.calendars)
    return await position_correlations.get_position_correlations(
        services.books, ports, call.principal, portfolio_id, start_date, end_date
    )

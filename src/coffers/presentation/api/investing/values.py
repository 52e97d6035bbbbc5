"""/portfolios/{portfolio_id}/values and /chart: what a portfolio was worth day by day."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from coffers.application.investing import values
from coffers.application.investing.performance_views import ValueSeries
from coffers.application.investing.periods import PeriodAsked, Span
from coffers.application.investing.values import Chart, ChartInterval
from coffers.presentation.api.investing.performance import AgainstIn, From, SpanIn, To
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import CurrencyIn

InCurrency = Annotated[
    CurrencyIn | None, Query(description="Each day at its own rate; else the portfolio's currency.")
]
IntervalIn = Annotated[ChartInterval, Query(description="How far the points are apart.")]


async def list_values(
    call: Caller,
    portfolio_id: UUID,
    span: SpanIn = Span.YEAR,
    start_date: From = None,
    end_date: To = None,
    currency: InCurrency = None,
) -> ValueSeries:
    """The portfolio's value, cost, money, flows and income day by day, oldest first."""
    asked = PeriodAsked(span, start_date, end_date)
    books = call.services.books
    return await values.list_values(books, call.principal, portfolio_id, asked, currency)


async def get_chart(  # noqa: PLR0913, PLR0917 - query parameters
    call: Caller,
    portfolio_id: UUID,
    span: SpanIn = Span.YEAR,
    start_date: From = None,
    end_date: To = None,
    interval: IntervalIn = ChartInterval.DAY,
    currency: InCurrency = None,
    benchmark_id: AgainstIn = None,
) -> Chart:
    """The portfolio's series as columns for a chart, with its return and its benchmark's."""
    asked = PeriodAsked(span, start_date, end_date, benchmark_id)
    books = call.services.books
    return await values.get_chart(books, call.principal, portfolio_id, asked, interval, currency)

"""Analyses of assets: indicators, metrics, correlations; and the market at a glance."""

from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query

from coffers.application.markets import (
    asset_metrics,
    correlations,
    indicators,
    market_overview,
)
from coffers.application.markets.asset_metrics import AssetMetrics, MetricsAsked
from coffers.application.markets.correlations import CorrelationAsked, CorrelationMatrix
from coffers.application.markets.indicator_names import read_names
from coffers.application.markets.indicators import (
    AnalysisPorts,
    IndicatorsAsked,
    IndicatorSeries,
)
from coffers.application.markets.market_overview import MarketOverview, OverviewPorts
from coffers.domain.errors import Invalid
from coffers.domain.markets.corporate_actions import Adjustment
from coffers.presentation.api.markets.prices import A_WORD, MAX_LIST, AdjustedFor, From, To
from coffers.presentation.calls import Call, Caller
from coffers.presentation.days import day_of
from coffers.presentation.schemas import CodeIn, DecimalIn

MAX_NAMES: Final = 1_000
#: A year's interest, in percent, that nobody exceeds without a currency reform.
MAX_RISK_FREE: Final = 1_000

Names = Annotated[
    str,
    Query(
        min_length=1,
        max_length=MAX_NAMES,
        description="With commas between: sma_20, ema_12, rsi_14, rsi_simple_14, macd_12_26_9, "
        "bollinger_20_2, stochastic_14_3, williams_r_14, atr_14; other numbers as wanted.",
    ),
]
Benchmark = Annotated[UUID | None, Query(description="The asset that it is compared with.")]
RiskFree = Annotated[DecimalIn | None, Query(description="A year's, in percent; by itself 0.")]
Symbols = Annotated[
    str | None, Query(max_length=MAX_LIST, pattern=A_WORD, description="With commas between.")
]
Ids = Annotated[str | None, Query(max_length=MAX_LIST, pattern=A_WORD, description="Likewise.")]
InCurrency = Annotated[CodeIn, Query(description="What the others are told in.")]


class IdsInvalid(Invalid):
    """Something in the list is not an id."""


class RiskFreeInvalid(Invalid):
    """No rate of interest is this."""


async def get_indicators(
    call: Caller,
    asset_id: UUID,
    names: Names,
    start_date: From = None,
    end_date: To = None,
    adjustment: AdjustedFor = Adjustment.ALL,
) -> IndicatorSeries:
    """Technical indicators of an asset, as columns for a chart."""
    asked = IndicatorsAsked(asset_id, read_names(names), start_date, end_date, adjustment)
    today = await day_of(call)
    return await indicators.get_indicators(_ports(call), call.principal, asked, today=today)


async def get_asset_metrics(
    call: Caller,
    asset_id: UUID,
    start_date: From = None,
    end_date: To = None,
    benchmark_id: Benchmark = None,
    risk_free_percent: RiskFree = None,
) -> AssetMetrics:
    """What an asset returned and risked."""
    rate = Decimal(0) if risk_free_percent is None else risk_free_percent
    if abs(rate) > MAX_RISK_FREE:
        detail = f"Between -{MAX_RISK_FREE} and {MAX_RISK_FREE} percent a year."
        raise RiskFreeInvalid(detail, field="risk_free_percent")
    asked = MetricsAsked(asset_id, start_date, end_date, benchmark_id, rate)
    today = await day_of(call)
    return await asset_metrics.get_metrics(_ports(call), call.principal, asked, today=today)


async def get_correlations(
    call: Caller,
    symbols: Symbols = None,
    asset_ids: Ids = None,
    start_date: From = None,
    end_date: To = None,
) -> CorrelationMatrix:
    """How assets move together; without any named, those that one's ledger stands for."""
    asked = CorrelationAsked(_ids(asset_ids or ""), _words(symbols or ""), start_date, end_date)
    today = await day_of(call)
    return await correlations.get_correlations(_ports(call), call.principal, asked, today=today)


async def get_market_overview(call: Caller, base_currency: InCurrency = "EUR") -> MarketOverview:
    """Indices, sectors and currencies, from stored prices and published rates."""
    services = call.services
    ports = OverviewPorts(services.asset_lookups, services.quotes, services.exchange_rates)
    today = await day_of(call)
    return await market_overview.get_overview(ports, call.principal, base_currency, today=today)


def _ports(call: Call) -> AnalysisPorts:
    services = call.services
    return AnalysisPorts(services.asset_lookups, services.price_lookups, services.quotes.calendars)


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _ids(text: str) -> list[UUID]:
    try:
        return [UUID(word) for word in _words(text)]
    except ValueError as error:
        raise IdsInvalid("Not a list of ids.", field="asset_ids") from error

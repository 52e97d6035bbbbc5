"""/cash-flow-forecast: what will be left."""

from typing import Annotated

from fastapi import Query

from coffers.application.spending import forecasts
from coffers.application.spending.forecasts import CashFlowForecast, ForecastDesk
from coffers.application.spending.recurring import MAX_DAYS
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import WHOLE

Days = Annotated[int, Query(ge=1, le=MAX_DAYS, description="So many days from today on."), WHOLE]


async def forecast_cash_flow(call: Caller, days: Days = 90) -> CashFlowForecast:
    """Forecast the balances of bank accounts and cash, day by day."""
    services = call.services
    desk = ForecastDesk(
        services.account_lookups, services.recurring_lookups, services.profiles, services.clock
    )
    return await forecasts.forecast_cash_flow(desk, call.principal, days)

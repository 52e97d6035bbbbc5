"""/accounts/{id}/daily-balances: what an account kept by hand held at the end of each day."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from coffers.application.ledger import daily_balances
from coffers.application.ledger.daily_balances import DailyBalances
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import DateIn

From = Annotated[DateIn | None, Query(description="The first day; by itself 29 before the last.")]
To = Annotated[DateIn | None, Query(description="The last day; by itself today.")]


async def get_daily_balances(
    call: Caller, account_id: UUID, start_date: From = None, end_date: To = None
) -> DailyBalances:
    """What an account held at the end of each day: its opening balance and its entries."""
    services = call.services
    return await daily_balances.get_daily_balances(
        services.daily_balance_lookups,
        services.profiles,
        services.clock,
        call.principal,
        account_id,
        (start_date, end_date),
    )

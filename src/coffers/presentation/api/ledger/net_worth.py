"""/net-worth: what one owns less what one owes."""

from typing import Annotated

from fastapi import Query

from coffers.application.ledger import net_worth, net_worth_history
from coffers.application.ledger.net_worth_views import NetWorthHistory, NetWorthStatement
from coffers.presentation.calls import Caller
from coffers.presentation.explaining import Explain
from coffers.presentation.schemas import DateIn

From = Annotated[DateIn | None, Query(description="The first day; by itself a year before.")]
To = Annotated[DateIn | None, Query(description="The last day; by itself today.")]


async def get_net_worth(
    call: Caller,
    explain: Explain = False,  # noqa: FBT002 - a query parameter
) -> NetWorthStatement:
    """What the caller owns and owes now, per currency and in the base currency."""
    services = call.services
    return await net_worth.get_net_worth(
        services.net_worth_lookups,
        services.books,
        call.principal,
        is_explained=explain,
    )


async def get_net_worth_history(
    call: Caller, start_date: From = None, end_date: To = None
) -> NetWorthHistory:
    """What the caller owned and owed at the end of each day."""
    services = call.services
    return await net_worth_history.get_net_worth_history(
        services.net_worth_lookups,
        services.books,
        call.principal,
        start_date,
        end_date,
    )

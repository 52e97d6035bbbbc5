"""/holdings: positions in securities."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from coffers.application.ledger import holdings
from coffers.application.ledger.holdings import HoldingFilter, HoldingList, HoldingView
from coffers.application.views import Versioned
from coffers.domain.ledger.holdings import AssetType
from coffers.presentation.calls import Caller

ActiveOnly = Annotated[bool, Query(description="Leave out positions that are closed.")]
OfType = Annotated[AssetType | None, Query(description="Only this type of asset.")]
OfSymbol = Annotated[
    str | None, Query(min_length=1, max_length=100, description="Only this symbol, in any case.")
]


async def list_holdings(
    call: Caller,
    active_only: ActiveOnly = True,  # noqa: FBT002 - a query parameter
    asset_type: OfType = None,
    symbol: OfSymbol = None,
) -> HoldingList:
    """List the positions of all accounts."""
    wanted = HoldingFilter(active_only, None, asset_type, symbol)
    return await holdings.list_holdings(call.services.holding_lookups, call.principal, wanted)


async def list_account_holdings(
    call: Caller,
    account_id: UUID,
    active_only: ActiveOnly = True,  # noqa: FBT002 - a query parameter
    asset_type: OfType = None,
) -> HoldingList:
    """List the positions of one account."""
    wanted = HoldingFilter(active_only, account_id, asset_type)
    return await holdings.list_holdings(call.services.holding_lookups, call.principal, wanted)


async def get_holding(call: Caller, holding_id: UUID) -> Versioned[HoldingView]:
    """One position."""
    return await holdings.get_holding(call.services.holding_lookups, call.principal, holding_id)

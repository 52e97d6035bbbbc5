"""/market-data: where prices come from, and asking there again."""

from uuid import UUID

from coffers.application.markets import price_refreshes
from coffers.application.markets.market_data import SourceList
from coffers.application.markets.price_refreshes import PriceRefresh
from coffers.presentation.calls import Caller


async def list_price_sources(call: Caller) -> SourceList:
    """List the sources of prices in the order in which they are asked, and how each does."""
    return call.services.market_data.status()


async def refresh_prices(call: Caller, asset_id: UUID) -> PriceRefresh:
    """Ask the sources for an asset's prices; what you told yourself is never overwritten."""
    services = call.services
    return await price_refreshes.refresh_asset(
        call.uow,
        services.market_data,
        services.asset_lookups,
        services.price_lookups,
        call.principal,
        asset_id,
    )

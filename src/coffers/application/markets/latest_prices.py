"""The latest prices of many symbols in one call."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.markets.assets import AssetLookups
from coffers.application.markets.quotes import Quote, Quotes
from coffers.domain.identity.principals import Principal
from coffers.domain.markets.assets import Asset
from coffers.domain.paging import TooManyRows

#: Symbols in one call.
MAX_SYMBOLS: Final = 500


class LatestPrice(Quote, frozen=True, kw_only=True):
    """What an asset cost last."""

    asset_id: UUID
    symbol: str
    currency: str
    exchange: str | None


class LatestPrices(msgspec.Struct, frozen=True):
    """By symbol, in the order asked; of a symbol that several assets have, each of them."""

    prices: list[LatestPrice]
    total_count: int
    unknown_symbols: Annotated[list[str], Meta(description="No asset that you see has them.")]


async def latest_prices(
    lookups: AssetLookups,
    quotes: Quotes,
    principal: Principal,
    symbols: Sequence[str],
    *,
    today: date,
) -> LatestPrices:
    """Of many symbols in one call, one's own assets before shared ones; raises TooManyRows."""
    wanted = list(dict.fromkeys(symbol.strip().upper() for symbol in symbols if symbol.strip()))
    if len(wanted) > MAX_SYMBOLS:
        raise TooManyRows(f"At most {MAX_SYMBOLS} symbols in one call.")
    found = _own_first(await lookups.of_symbols(principal.user_id, wanted))
    known = await quotes.of(found, today)
    views = [_latest(asset, known[asset.id]) for asset in found]
    views.sort(key=lambda view: wanted.index(view.symbol))
    unknown = [symbol for symbol in wanted if symbol not in {view.symbol for view in views}]
    return LatestPrices(views, len(views), unknown)


def _own_first(assets: Sequence[Asset]) -> list[Asset]:
    """Without the shared ones of symbols and currencies that the caller has themselves."""
    own = {(asset.symbol, asset.currency) for asset in assets if asset.is_private}
    return [
        asset for asset in assets if asset.is_private or (asset.symbol, asset.currency) not in own
    ]


def _latest(asset: Asset, quote: Quote) -> LatestPrice:
    quoted = {name: getattr(quote, name) for name in Quote.__struct_fields__}
    exchange = asset.exchange or None
    return LatestPrice(
        asset_id=asset.id,
        symbol=asset.symbol,
        currency=asset.currency,
        exchange=exchange,
        **quoted,
    )

"""/assets and /asset-links: what can be held, and what the symbols of one's ledger stand for."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Query
from pydantic import Field, StringConstraints

from coffers.application.markets import asset_links, assets
from coffers.application.markets.asset_links import AssetLinkList, AssetLinkView
from coffers.application.markets.assets import (
    AssetDraft,
    AssetList,
    AssetsAsked,
    AssetView,
)
from coffers.application.views import Versioned
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.markets.assets import (
    MAX_EXCHANGE,
    MAX_NAME,
    MAX_SECTOR,
    MAX_SYMBOL,
    AssetLink,
)
from coffers.domain.paging import DEFAULT_LIMIT
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Call, Caller
from coffers.presentation.days import day_of
from coffers.presentation.paging import CursorIn, LimitIn, next_link
from coffers.presentation.schemas import Body, CodeIn, DecimalIn, FlagIn

#: What null forgets.
_FORGOTTEN: Final = frozenset(
    {
        "exchange",
        "isin",
        "cusip",
        "figi",
        "sector",
        "industry",
        "country",
        "market_cap",
        "multiplier",
    }
)
MAX_Q: Final = 100
#: Of a symbol as a provider tells it.
MAX_TOLD: Final = 200

SymbolIn = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_SYMBOL),
]
TitleIn = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME)
]
ExchangeIn = Annotated[
    str, StringConstraints(pattern=rf"^[A-Za-z0-9][A-Za-z0-9 ._-]{{0,{MAX_EXCHANGE - 1}}}$")
]
SectorIn = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_SECTOR)
]
CountryIn = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
IdentifierIn = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9*@#]{9,12}$")]

OfType = Annotated[AssetType | None, Query(description="Only of this type.")]
OfExchange = Annotated[ExchangeIn | None, Query(description="Only of this exchange.")]
OfSector = Annotated[SectorIn | None, Query(description="Only of this sector.")]
OfCurrency = Annotated[CodeIn | None, Query(description="Only priced in this currency.")]
IsPrivate = Annotated[
    bool | None, Query(description="Only one's own, or only the shared catalogue.")
]
Search = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=MAX_Q,
        description="A symbol or its beginning, an ISIN, CUSIP or FIGI, words of the name: "
        "the best match first.",
    ),
]


class NewAsset(Body):
    """An asset of one's own; administrators may add to the shared catalogue."""

    symbol: SymbolIn = Field(examples=["WINE"])
    name: TitleIn = Field(examples=["Cellar Fund"])
    asset_type: AssetType
    currency: CodeIn = Field(examples=["EUR"])
    exchange: ExchangeIn | None = None
    isin: IdentifierIn | None = Field(None, examples=["US0378331005"])
    cusip: IdentifierIn | None = Field(None, examples=["037833100"])
    figi: IdentifierIn | None = Field(None, examples=["BBG000B9XRY4"])
    sector: SectorIn | None = None
    industry: SectorIn | None = None
    country: CountryIn | None = Field(None, description="ISO 3166-1 alpha-2.", examples=["US"])
    market_cap: DecimalIn | None = None
    multiplier: DecimalIn | None = Field(
        None, description="What the price counts for; null: 100 times for an option, else once."
    )
    is_shared: FlagIn = Field(default=False, description="Everybody's: only administrators.")


class AssetChanges(Body):
    """What to change; the rest stays. Null forgets what an asset can do without."""

    symbol: SymbolIn | None = Field(None, description="Null leaves it.", examples=["WINE"])
    name: TitleIn | None = Field(None, description="Null leaves it.")
    asset_type: AssetType | None = Field(None, description="Null leaves it.")
    exchange: ExchangeIn | None = None
    isin: IdentifierIn | None = Field(None, examples=["US0378331005"])
    cusip: IdentifierIn | None = Field(None, examples=["037833100"])
    figi: IdentifierIn | None = Field(None, examples=["BBG000B9XRY4"])
    sector: SectorIn | None = None
    industry: SectorIn | None = None
    country: CountryIn | None = Field(None, description="ISO 3166-1 alpha-2.", examples=["US"])
    market_cap: DecimalIn | None = None
    multiplier: DecimalIn | None = Field(
        None, description="What the price counts for; null: 100 times for an option, else once."
    )


class NewAssetLink(Body):
    """What a symbol stands for, exactly as holdings and trades have it."""

    symbol: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TOLD)] = Field(
        examples=["AAPL"]
    )
    currency: CodeIn = Field(examples=["USD"])
    asset_id: UUID


async def list_assets(  # noqa: PLR0913, PLR0917 - an argument for each filter
    call: Caller,
    q: Search = None,
    asset_type: OfType = None,
    exchange: OfExchange = None,
    sector: OfSector = None,
    currency: OfCurrency = None,
    is_private: IsPrivate = None,
    limit: LimitIn = DEFAULT_LIMIT,
    cursor: CursorIn = None,
) -> Answer[AssetList]:
    """List assets with their last prices: one's own and the shared ones, or those searched for."""
    services = call.services
    page = await assets.list_assets(
        services.asset_lookups,
        services.quotes,
        services.cursors,
        call.principal,
        AssetsAsked(q, asset_type, exchange, sector, currency, is_private, limit),
        cursor=cursor,
        today=await day_of(call),
    )
    return Answer(page, next_link(call.request, page.next_cursor))


async def get_asset(call: Caller, asset_id: UUID) -> Versioned[AssetView]:
    """One asset with its last prices."""
    return await _asset(call, asset_id)


async def create_asset(call: Caller, body: NewAsset) -> Answer[AssetView]:
    """Make an asset that only you see; an administrator may make a shared one."""
    fields = body.model_dump() | {"exchange": body.exchange or ""}
    services = call.services
    made = await assets.create_asset(
        call.uow, services.clock, services.quotes, call.principal, AssetDraft(**fields)
    )
    return Answer(made.view, {"Location": f"/api/v1/assets/{made.view.id}"}, made.version)


async def edit_asset(call: Caller, asset_id: UUID, body: AssetChanges) -> Versioned[AssetView]:
    """Change an asset of one's own; administrators change shared ones."""
    told = body.model_dump(exclude_unset=True)
    changes = {name: each for name, each in told.items() if each is not None or name in _FORGOTTEN}
    if "exchange" in changes:
        changes["exchange"] = body.exchange or ""
    await assets.edit_asset(
        call.uow, call.services.clock, call.principal, asset_id, changes, call.expected_version
    )
    return await _asset(call, asset_id)


async def delete_asset(call: Caller, asset_id: UUID) -> None:
    """Delete an asset that nothing is linked to, with its prices."""
    await assets.delete_asset(call.uow, call.principal, asset_id, call.expected_version)


async def list_asset_links(call: Caller) -> AssetLinkList:
    """List what the symbols of one's holdings and trades stand for."""
    return await asset_links.list_links(call.services.asset_lookups, call.principal)


async def link_asset(call: Caller, body: NewAssetLink) -> AssetLinkView:
    """Say what a symbol of one's holdings and trades stands for."""
    link = AssetLink(
        call.principal.user_id, body.symbol, body.currency, body.asset_id, is_chosen=True
    )
    return await asset_links.link_asset(call.uow, call.principal, link)


async def _asset(call: Call, asset_id: UUID) -> Versioned[AssetView]:
    services = call.services
    return await assets.get_asset(
        services.asset_lookups,
        services.quotes,
        call.principal,
        asset_id,
        today=await day_of(call),
    )

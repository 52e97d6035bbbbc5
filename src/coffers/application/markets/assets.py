"""Assets: finding them, and keeping one's own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.markets.quotes import Quote, Quotes
from coffers.application.ports import Clock
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import DecimalText, Instant, Versioned
from coffers.domain.errors import PreconditionFailed
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.live.events import Event
from coffers.domain.markets.assets import (
    Asset,
    AssetShared,
    check_editable,
    check_identifiers,
)
from coffers.domain.money import money_digits
from coffers.domain.paging import Cursors, Page


class AssetView(msgspec.Struct, frozen=True):
    """An asset, and its last known prices."""

    id: UUID
    symbol: str
    name: str
    asset_type: AssetType
    currency: str
    exchange: str | None
    isin: str | None
    cusip: str | None
    figi: str | None
    sector: str | None
    industry: str | None
    country: str | None
    is_private: Annotated[bool, Meta(description="Whether only you see it.")]
    price: Annotated[DecimalText | None, Meta(description="The last known close.")]
    price_date: Annotated[date | None, Meta(description="The day that the price is of.")]
    previous_close: Annotated[
        DecimalText | None,
        Meta(description="The close before that, in units after a split in between."),
    ]
    change: DecimalText | None
    change_percent: float | None
    day_open: DecimalText | None
    day_high: DecimalText | None
    day_low: DecimalText | None
    volume: DecimalText | None
    market_cap: DecimalText | None
    multiplier: Annotated[
        DecimalText | None,
        Meta(description="What the price counts for; null: 100 times for an option, else once."),
    ]
    last_price_update: Instant | None
    price_source: str | None
    is_stale: Annotated[
        bool | None, Meta(description="Whether a whole trading day passed since; null unpriced.")
    ]
    missed_trading_days: int | None
    trading_calendar: Annotated[
        str,
        Meta(description="An ISO 10383 market, or `weekdays` or `every_day` where none is known."),
    ]
    created_at: Instant
    updated_at: Instant


class AssetList(msgspec.Struct, frozen=True):
    """Assets by symbol; with `q`, best match first."""

    assets: list[AssetView]
    total_count: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class AssetsAsked:
    """Which assets, best match first where something is searched for; None does not filter."""

    q: str | None = None
    asset_type: AssetType | None = None
    exchange: str | None = None
    sector: str | None = None
    currency: str | None = None
    is_private: bool | None = None
    limit: int = 50
    behind: Sequence[str] | None = None


class AssetLookups(Protocol):
    """Assets to read."""

    async def page(self, user_id: UserId, asked: AssetsAsked) -> Page[Asset]:
        """Own and shared ones."""
        ...

    async def get(self, user_id: UserId, asset_id: UUID) -> Asset:
        """Their own or a shared one; raises AssetNotFound, NotYours."""
        ...

    async def of_ids(self, user_id: UserId, asset_ids: Sequence[UUID]) -> dict[UUID, Asset]:
        """Those of them that the user sees."""
        ...

    async def of_symbols(self, user_id: UserId, symbols: Sequence[str]) -> list[Asset]:
        """Those of these symbols that the user sees: own before shared ones, then by exchange."""
        ...

    async def links(self, user_id: UserId) -> dict[tuple[str, str], UUID]:
        """By symbol and currency, exactly as holdings and trades have them: the asset meant."""
        ...

    async def surveyed(self, user_id: UserId, limit: int) -> list[Asset]:
        """Indices and assets with a sector that the user sees, by symbol, so many at most."""
        ...

    async def linked(self, user_id: UserId | None) -> list[Asset]:
        """Assets that this user's holdings and trades stand for; None: everybody's."""
        ...


async def list_assets(  # noqa: PLR0913 - the ports of a list with prices
    lookups: AssetLookups,
    quotes: Quotes,
    cursors: Cursors,
    principal: Principal,
    asked: AssetsAsked,
    *,
    cursor: str | None,
    today: date,
) -> AssetList:
    """A page of those that the caller sees; raises CursorInvalid."""
    binding = ["assets", principal.user_id, *(getattr(asked, name) for name in _FILTERS)]
    if cursor is not None:
        asked = replace(asked, behind=cursors.open(cursor, binding))
    page = await lookups.page(principal.user_id, asked)
    known = await quotes.of(page.rows, today)
    views = [asset_view(asset, known[asset.id]) for asset in page.rows]
    following = None if page.next_key is None else cursors.seal(page.next_key, binding)
    return AssetList(views, page.total_count, following)


_FILTERS: Final = ("q", "asset_type", "exchange", "sector", "currency", "is_private")


async def get_asset(
    lookups: AssetLookups, quotes: Quotes, principal: Principal, asset_id: UUID, *, today: date
) -> Versioned[AssetView]:
    """One of them; raises AssetNotFound, NotYours."""
    asset = await lookups.get(principal.user_id, asset_id)
    view = asset_view(asset, (await quotes.of([asset], today))[asset.id])
    return Versioned(view, shown_version(asset, today))


#: Of days, which count from year 1: below the version in the number that an ETag names.
_DAYS: Final = 10_000_000


def shown_version(asset: Asset, today: date) -> int:
    """What an ETag names: prices grow stale by themselves, so an answer is of its day."""
    return asset.version * _DAYS + today.toordinal()


def kept_version(shown: int | None) -> int | None:
    """The asset's version in what `shown_version` made."""
    return None if shown is None else shown // _DAYS


@dataclass(frozen=True, slots=True)
class AssetDraft:
    """An asset to be; a shared one is everybody's."""

    symbol: str
    name: str
    asset_type: AssetType
    currency: str
    exchange: str = ""
    isin: str | None = None
    cusip: str | None = None
    figi: str | None = None
    sector: str | None = None
    industry: str | None = None
    country: str | None = None
    market_cap: Decimal | None = None
    multiplier: Decimal | None = None
    is_shared: bool = False


async def create_asset(
    uow: UnitOfWork, clock: Clock, quotes: Quotes, principal: Principal, draft: AssetDraft
) -> Versioned[AssetView]:
    """Keep an asset; raises AssetInvalid, AssetTaken, AssetShared, TooManyAssets."""
    if draft.is_shared and not principal.is_admin:
        raise AssetShared("Only administrators add to the shared catalogue.")
    now = clock.now()
    given = {name: getattr(draft, name) for name in AssetDraft.__dataclass_fields__}
    given.pop("is_shared")
    owner = None if draft.is_shared else principal.user_id
    asset = _tidy(Asset(id=new_id(), user_id=owner, created_at=now, updated_at=now, **given))
    async with uow:
        await uow.assets.add(asset)
        uow.record(Event("AssetCreated", principal.user_id, asset.id, {"symbol": asset.symbol}))
        await uow.commit()
    return Versioned(asset_view(asset, quotes.unpriced(asset)), shown_version(asset, now.date()))


async def edit_asset(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    asset_id: UUID,
    changes: dict[str, Any],  # Any: each field has its own type
    expected_version: int | None,
) -> None:
    """Change some fields.

    Raises AssetNotFound, NotYours, AssetShared, AssetInvalid, AssetTaken, PreconditionFailed.
    """
    async with uow:
        asset = check_editable(await uow.assets.get(principal, asset_id), principal)
        edited = _tidy(replace(asset, **changes, updated_at=clock.now()))
        wanted = kept_version(expected_version)
        stored = await uow.assets.update(edited, expected_version=wanted)
        details = {"symbol": stored.symbol, "changed": sorted(changes)}
        uow.record(Event("AssetChanged", principal.user_id, asset_id, details))
        await uow.commit()


async def delete_asset(
    uow: UnitOfWork, principal: Principal, asset_id: UUID, expected_version: int | None
) -> None:
    """Forget it with its prices.

    Raises AssetNotFound, NotYours, AssetShared, AssetInUse, PreconditionFailed.
    """
    async with uow:
        asset = check_editable(await uow.assets.get(principal, asset_id), principal)
        if kept_version(expected_version) not in {None, asset.version}:
            raise PreconditionFailed("The asset was changed in the meantime: read it again.")
        await uow.assets.delete(asset)
        uow.record(Event("AssetDeleted", principal.user_id, asset_id, {"symbol": asset.symbol}))
        await uow.commit()


def _tidy(asset: Asset) -> Asset:
    cap = asset.market_cap
    return check_identifiers(
        replace(
            asset,
            symbol=asset.symbol.upper(),
            exchange=asset.exchange.upper(),
            market_cap=None if cap is None else money_digits(cap, asset.currency),
        )
    )


def asset_view(asset: Asset, quote: Quote) -> AssetView:
    """As it is shown."""
    own = ("id", "symbol", "name", "asset_type", "currency", "isin", "cusip", "figi", "sector")
    more = ("industry", "country", "is_private", "created_at", "updated_at")
    quoted = {name: getattr(quote, name) for name in Quote.__struct_fields__}
    return AssetView(
        **{name: getattr(asset, name) for name in (*own, *more)},
        exchange=asset.exchange or None,
        market_cap=None if asset.market_cap is None else format(asset.market_cap, "f"),
        multiplier=None if asset.multiplier is None else format(asset.multiplier, "f"),
        **quoted,
    )

"""The market at a glance: indices, sectors and currencies, from what is stored here."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.markets.assets import AssetLookups
from coffers.application.markets.price_quality import OldPrice
from coffers.application.markets.quotes import Quote, Quotes
from coffers.application.markets.rates import ATTRIBUTION
from coffers.application.views import DecimalText
from coffers.domain.digits import fixed
from coffers.domain.identity.principals import Principal
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.rates import ExchangeRates, Rate, RateBook
from coffers.domain.money import EXACT
from coffers.domain.percentages import percent_of

#: An index is an asset of this exchange.
INDEX: Final = "INDEX"
#: Assets that an overview looks at.
MAX_SURVEYED: Final = 2_000
#: Shown against the base currency.
CURRENCIES: Final = ("USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "CNY", "INR")
_DAY: Final = timedelta(days=1)


class IndexView(msgspec.Struct, frozen=True):
    """An index and its last level."""

    asset_id: UUID
    symbol: str
    name: str
    currency: str
    price: DecimalText | None
    price_date: date | None
    change: DecimalText | None
    change_percent: float | None
    is_stale: bool | None


class SectorView(msgspec.Struct, frozen=True):
    """The assets of a sector that have a price and one before it, all weighted alike."""

    sector: str
    asset_count: int
    priced_count: int
    advancing_count: int
    declining_count: int
    average_change_percent: Annotated[
        DecimalText | None, Meta(description="The mean of their last changes; null without any.")
    ]


class CurrencyView(msgspec.Struct, frozen=True):
    """Units of the base currency for one of this one, and the change since the rate before."""

    currency: str
    rate: DecimalText | None
    rate_date: date | None
    source: str | None
    change_percent: float | None


class OverviewQuality(msgspec.Struct, frozen=True):
    """What the overview had to do without."""

    coverage_ratio: Annotated[
        DecimalText | None, Meta(description="The part of the assets looked at that have a price.")
    ]
    stale_prices: list[OldPrice]
    missing_prices: Annotated[list[str], Meta(description="Symbols without any price.")]
    missing_rates: Annotated[
        list[str], Meta(description="Currencies without a rate to the base currency.")
    ]
    notes: list[str]


class MarketOverview(msgspec.Struct, frozen=True):
    """From stored prices and published rates; nothing is asked of the network."""

    as_of: date
    base_currency: str
    indices: Annotated[
        list[IndexView], Meta(description="Assets whose exchange is INDEX, by symbol.")
    ]
    sectors: list[SectorView]
    currencies: list[CurrencyView]
    stale_count: Annotated[int, Meta(description="Assets among these whose price is stale.")]
    data_quality: OverviewQuality
    attribution: str


@dataclass(frozen=True, slots=True)
class OverviewPorts:
    """What the market is looked at through."""

    assets: AssetLookups
    quotes: Quotes
    rates: ExchangeRates


async def get_overview(
    ports: OverviewPorts, principal: Principal, base: str, *, today: date
) -> MarketOverview:
    """What the caller sees of the market."""
    assets = await ports.assets.surveyed(principal.user_id, MAX_SURVEYED)
    quotes = await ports.quotes.of(assets, today)
    book = await ports.rates.book(principal.user_id, today - timedelta(days=30), today)
    currencies = [_currency(book, each, base, today) for each in CURRENCIES if each != base]
    return MarketOverview(
        as_of=today,
        base_currency=base,
        indices=[_index(each, quotes[each.id]) for each in assets if each.exchange == INDEX],
        sectors=_sectors(assets, quotes),
        currencies=currencies,
        stale_count=sum(bool(quote.is_stale) for quote in quotes.values()),
        data_quality=_quality(assets, quotes, [each for each in currencies if each.rate is None]),
        attribution=ATTRIBUTION,
    )


def _quality(
    assets: Sequence[Asset], quotes: Mapping[UUID, Quote], unknown: Sequence[CurrencyView]
) -> OverviewQuality:
    known = {asset.id: quotes[asset.id] for asset in assets}
    missing = [asset.symbol for asset in assets if known[asset.id].price is None]
    old = [
        OldPrice(asset.symbol, quote.price_date, quote.missed_trading_days or 0)
        for asset in assets
        if (quote := known[asset.id]).is_stale and quote.price_date is not None
    ]
    ratio = (len(assets) - len(missing)) / len(assets) if assets else None
    notes = []
    if len(assets) == MAX_SURVEYED:
        notes.append(f"The first {MAX_SURVEYED} assets were looked at.")
    return OverviewQuality(
        None if ratio is None else f"{ratio:.4f}",
        old,
        missing,
        [each.currency for each in unknown],
        notes,
    )


def _index(asset: Asset, quote: Quote) -> IndexView:
    return IndexView(
        asset_id=asset.id,
        symbol=asset.symbol,
        name=asset.name,
        currency=asset.currency,
        price=quote.price,
        price_date=quote.price_date,
        change=quote.change,
        change_percent=quote.change_percent,
        is_stale=quote.is_stale,
    )


def _sectors(assets: Iterable[Asset], quotes: Mapping[UUID, Quote]) -> list[SectorView]:
    by_sector: dict[str, list[Quote]] = defaultdict(list)
    for asset in assets:
        if asset.sector is not None and asset.exchange != INDEX:
            by_sector[asset.sector].append(quotes[asset.id])
    return [_sector(name, by_sector[name]) for name in sorted(by_sector)]


def _sector(name: str, quotes: Sequence[Quote]) -> SectorView:
    changes = [_change(quote) for quote in quotes]
    known = [change for change in changes if change is not None]
    mean = None if not known else fixed(sum(known, Decimal(0)) / len(known), 2)
    return SectorView(
        sector=name,
        asset_count=len(quotes),
        priced_count=sum(quote.price is not None for quote in quotes),
        advancing_count=sum(change > 0 for change in known),
        declining_count=sum(change < 0 for change in known),
        average_change_percent=None if mean is None else format(mean, "f"),
    )


def _change(quote: Quote) -> Decimal | None:
    return None if quote.change_percent is None else Decimal(repr(quote.change_percent))


def _currency(book: RateBook, currency: str, base: str, today: date) -> CurrencyView:
    rate = book.rate(currency, base, today)
    if rate is None:
        return CurrencyView(currency, None, None, None, None)
    before = book.rate(currency, base, rate.date - _DAY)
    change = _moved(before, rate)
    return CurrencyView(currency, format(rate.rate, "f"), rate.date, rate.source, change)


def _moved(before: Rate | None, rate: Rate) -> float | None:
    if before is None:
        return None
    percent = percent_of(EXACT.subtract(rate.rate, before.rate), before.rate)
    return None if percent is None else float(percent)

"""/prices, /price-uploads and the prices of an asset: raw as quoted, adjusted when read."""

import asyncio
import re
from datetime import date
from typing import Annotated, Final
from uuid import UUID

from fastapi import File, Form, Path, Query, UploadFile
from pydantic import Field

from coffers.application.markets import latest_prices, price_entries, price_histories
from coffers.application.markets.latest_prices import LatestPrices
from coffers.application.markets.price_entries import Named, PriceRow, PricesKept
from coffers.application.markets.price_files import read_prices
from coffers.application.markets.price_histories import (
    Frequency,
    HistoryAsked,
    PriceHistory,
    PriceView,
)
from coffers.domain.markets.corporate_actions import Adjustment
from coffers.domain.markets.prices import Bar
from coffers.presentation.api.markets.assets import ExchangeIn, SymbolIn
from coffers.presentation.calls import Call, Caller
from coffers.presentation.days import day_of
from coffers.presentation.form_bodies import check_form
from coffers.presentation.schemas import Body, CodeIn, DateIn, DecimalIn

#: Prices in one JSON body; a file may hold more.
MAX_PRICES: Final = 5_000
#: Characters of a list of symbols.
MAX_LIST: Final = 20_000
#: Something else than commas and blanks.
A_WORD: Final = r"[^,\s]"
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

From = Annotated[DateIn | None, Query(description="By itself a year before the end.")]
To = Annotated[DateIn | None, Query(description="By itself today.")]
ByPeriod = Annotated[Frequency, Query(description="How many days stand in one row.")]
AdjustedFor = Annotated[
    Adjustment,
    Query(description="`all`: splits and dividends; `splits`; `none`: raw as quoted."),
]
#: Whether it is a date is looked at once the asset is known.
Day = Annotated[str, Path(description="A date such as 2026-01-31.", examples=["2026-01-30"])]
Symbols = Annotated[
    str, Query(max_length=MAX_LIST, pattern=A_WORD, description="With commas between.")
]
Series = Annotated[
    UploadFile,
    File(
        description="CSV in UTF-8 with a heading: symbol, date, close; open, high, low, volume, "
        "currency, exchange if known."
    ),
]
OfAsset = Annotated[UUID | None, Form(description="Whose prices they are, without symbols.")]


class DayPrices(Body):
    """A day's prices in the asset's currency, raw."""

    close: DecimalIn = Field(examples=["175.50"])
    open: DecimalIn | None = Field(None, examples=["174.00"])
    high: DecimalIn | None = Field(None, examples=["176.25"])
    low: DecimalIn | None = Field(None, examples=["173.90"])
    volume: DecimalIn | None = Field(None, examples=["52847392"])


class DatedPrices(DayPrices):
    """The same, of this day."""

    date: DateIn = Field(examples=["2026-01-30"])


class NewSeries(Body):
    """Days of one asset; each takes the place of what was known of its day."""

    prices: list[DatedPrices] = Field(min_length=1, max_length=MAX_PRICES)


class NamedPrices(DatedPrices):
    """The same, of the asset with this id or symbol."""

    asset_id: UUID | None = None
    symbol: SymbolIn | None = Field(None, examples=["WINE"])
    currency: CodeIn | None = Field(
        None, description="Where several have the symbol.", examples=["EUR"]
    )
    exchange: ExchangeIn | None = Field(None, description="Likewise.", examples=["XETRA"])


class NewPrices(Body):
    """Days of many assets: all are kept or none."""

    prices: list[NamedPrices] = Field(min_length=1, max_length=MAX_PRICES)


async def get_price_history(
    call: Caller,
    asset_id: UUID,
    start_date: From = None,
    end_date: To = None,
    frequency: ByPeriod = Frequency.DAY,
    adjustment: AdjustedFor = Adjustment.ALL,
) -> PriceHistory:
    """An asset's prices, oldest first, adjusted or raw."""
    services = call.services
    return await price_histories.get_history(
        services.asset_lookups,
        services.price_lookups,
        call.principal,
        HistoryAsked(asset_id, start_date, end_date, frequency, adjustment),
        today=await day_of(call),
    )


async def keep_price_series(call: Caller, asset_id: UUID, body: NewSeries) -> PricesKept:
    """Keep prices of an asset, day by day; all or none."""
    rows = [
        PriceRow(number, Named(asset_id), _bar(each.date, each))
        for number, each in enumerate(body.prices, 1)
    ]
    return await _keep(call, rows)


async def get_price(call: Caller, asset_id: UUID, price_date: Day) -> PriceView:
    """The raw price of a day."""
    services = call.services
    return await price_histories.get_price(
        services.asset_lookups, services.price_lookups, call.principal, asset_id, _day(price_date)
    )


async def keep_price(call: Caller, asset_id: UUID, price_date: Day, body: DayPrices) -> PriceView:
    """Keep the price of a day by hand; no source overwrites it."""
    day = _day(price_date)
    return await price_entries.keep_price(
        call.uow,
        call.services.clock,
        call.principal,
        asset_id,
        None if day is None else _bar(day, body),
    )


async def forget_price(call: Caller, asset_id: UUID, price_date: Day) -> None:
    """Forget the price of a day."""
    await price_entries.forget_price(call.uow, call.principal, asset_id, _day(price_date))


async def list_latest_prices(call: Caller, symbols: Symbols) -> LatestPrices:
    """The last prices of many symbols in one call."""
    services = call.services
    return await latest_prices.latest_prices(
        services.asset_lookups,
        services.quotes,
        call.principal,
        symbols.split(","),
        today=await day_of(call),
    )


async def keep_prices(call: Caller, body: NewPrices) -> PricesKept:
    """Keep prices of many assets; a problem names each row that cannot be kept."""
    rows = [
        PriceRow(number, _named(each), _bar(each.date, each))
        for number, each in enumerate(body.prices, 1)
    ]
    return await _keep(call, rows)


async def upload_prices(call: Caller, file: Series, asset_id: OfAsset = None) -> PricesKept:
    """Keep the prices in a CSV file; a problem names each row that cannot be kept."""
    await check_form(call.request, "file", "asset_id")
    content = await file.read()
    return await _keep(call, await asyncio.to_thread(read_prices, content, asset_id))


async def _keep(call: Call, rows: list[PriceRow]) -> PricesKept:
    services = call.services
    return await price_entries.keep_series(
        call.uow, services.clock, services.asset_lookups, call.principal, rows
    )


def _bar(day: date, told: DayPrices) -> Bar:
    return Bar(day, told.close, told.open, told.high, told.low, told.volume)


def _named(each: NamedPrices) -> Named:
    symbol = None if each.symbol is None else each.symbol.upper()
    exchange = None if each.exchange is None else each.exchange.upper()
    return Named(each.asset_id, symbol, each.currency, exchange)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None

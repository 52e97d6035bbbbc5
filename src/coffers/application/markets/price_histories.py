"""Price histories: raw or adjusted, by day, week or month."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.markets.assets import AssetLookups
from coffers.application.markets.prices import PriceLookups
from coffers.application.views import DecimalText, Instant
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.corporate_actions import (
    ActionKind,
    Adjustment,
    CorporateAction,
    adjusted,
    factors_of,
)
from coffers.domain.markets.prices import Bar, PriceNotFound, StoredBar
from coffers.domain.money import EXACT, money_digits, with_digits
from coffers.domain.paging import MAX_UNPAGED, TooManyRows
from coffers.domain.ranges import check_range

#: Without a start, a history goes back so far.
A_YEAR: Final = timedelta(days=365)
#: Symbols that an asset had before: each costs a statement.
MAX_NAMES: Final = 5
_FIRST: Final = date(1901, 1, 1)
#: Of no later day is a price kept, in whatever zone today is.
_AHEAD: Final = timedelta(days=2)
#: From the first to the last of so many days.
_STRETCH: Final = timedelta(days=MAX_UNPAGED - 1)


class Frequency(StrEnum):
    """How many days stand in one row."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class PriceView(msgspec.Struct, frozen=True):
    """The prices of a day; of a week or a month, under its last day with a price."""

    date: date
    open: DecimalText | None
    high: DecimalText | None
    low: DecimalText | None
    close: DecimalText
    volume: DecimalText | None
    source: str
    updated_at: Instant


class PriceHistory(msgspec.Struct, frozen=True):
    """Prices, oldest first. What is not told of every day of a week or month is null there."""

    asset_id: UUID
    symbol: str
    currency: str
    frequency: Frequency
    adjustment: Annotated[
        Adjustment,
        Meta(description="For what the prices are adjusted, to units and money of the newest one."),
    ]
    start_date: date
    end_date: date
    prices: list[PriceView]
    total_count: int
    adjusted_for: Annotated[
        list[UUID], Meta(description="The corporate actions worked in, each once.")
    ]
    former_symbols: list[str]


@dataclass(frozen=True, slots=True)
class HistoryAsked:
    """Which prices of an asset, both days included."""

    asset_id: UUID
    first: date | None
    last: date | None
    frequency: Frequency = Frequency.DAY
    adjustment: Adjustment = Adjustment.ALL


async def get_history(
    lookups: AssetLookups,
    prices: PriceLookups,
    principal: Principal,
    asked: HistoryAsked,
    *,
    today: date,
) -> PriceHistory:
    """An asset's prices; raises AssetNotFound, NotYours, RangeInvalid, TooManyRows."""
    asset = await lookups.get(principal.user_id, asked.asset_id)
    last = today if asked.last is None else asked.last
    first = max(_FIRST, last - A_YEAR) if asked.first is None else asked.first
    check_range(first, last)
    until = min(max(last, today), today + _AHEAD)
    story = await story_of(lookups, prices, principal, asset, first, until)
    if sum(each.bar.day <= last for each in story.bars) > MAX_UNPAGED:
        raise TooManyRows(f"More than {MAX_UNPAGED} prices: choose a shorter range.")
    told = adjusted([each.bar for each in story.bars], story.actions, asked.adjustment)
    stored = [
        StoredBar(bar, each.source, each.updated_at)
        for bar, each in zip(told, story.bars, strict=True)
        if bar.day <= last
    ]
    return PriceHistory(
        asset_id=asset.id,
        symbol=asset.symbol,
        currency=asset.currency,
        frequency=asked.frequency,
        adjustment=asked.adjustment,
        start_date=first,
        end_date=last,
        prices=[price_view(each, asset.currency) for each in grouped(stored, asked.frequency)],
        total_count=len(list(grouped(stored, asked.frequency))),
        adjusted_for=_worked_in(story, asked.adjustment),
        former_symbols=story.former_symbols,
    )


@dataclass(frozen=True, slots=True)
class Story:
    """The raw bars of an asset, under its former symbols too, and what happened to it."""

    bars: Sequence[StoredBar]
    actions: Sequence[CorporateAction]
    former_symbols: list[str]


async def story_of(
    lookups: AssetLookups,
    prices: PriceLookups,
    principal: Principal,
    asset: Asset,
    first: date,
    last: date,
) -> Story:
    """From the first day to the last, however many prices that are."""
    bars = await _bars(prices, asset.id, first, last)
    actions = (await prices.actions([asset.id], first, last)).get(asset.id, [])
    former: list[str] = []
    change = await _change_into(prices, principal, asset.id, date.max)
    while change is not None and change.day > first and len(former) < MAX_NAMES:
        before = await lookups.get(principal.user_id, change.asset_id)
        until = change.day - timedelta(days=1)
        bars = [*await _bars(prices, before.id, first, until), *_since(bars, change.day)]
        earlier = (await prices.actions([before.id], first, until)).get(before.id, [])
        actions = [*earlier, *(each for each in actions if each.day >= change.day)]
        former.append(before.symbol)
        change = await _change_into(prices, principal, before.id, change.day)
    return Story(bars, actions, former)


async def _bars(prices: PriceLookups, asset_id: UUID, first: date, last: date) -> list[StoredBar]:
    """In stretches of no more days than prices are read at once: old ones need all since."""
    starts = range(first.toordinal(), last.toordinal() + 1, MAX_UNPAGED)
    found: list[StoredBar] = []
    for start in map(date.fromordinal, starts):
        found += await prices.bars(asset_id, start, min(last, start + _STRETCH))
    return found


async def _change_into(
    prices: PriceLookups, principal: Principal, asset_id: UUID, until: date
) -> CorporateAction | None:
    """The newest one before that day that made this asset; of other people's, none."""
    origins = (await prices.origins([asset_id])).get(asset_id, [])
    return symbol_change_before(origins, principal.user_id, until)


def symbol_change_before(
    origins: Iterable[CorporateAction], user_id: UserId, until: date
) -> CorporateAction | None:
    """The newest change of symbol before that day, by the catalogue or this user.

    A symbol may come back: each change that is followed is earlier than the one before.
    """
    mine = [
        each
        for each in origins
        if each.kind is ActionKind.SYMBOL_CHANGE
        and each.user_id in {None, user_id}
        and each.day < until
    ]
    return max(mine, key=lambda each: each.day, default=None)


def _since(bars: Iterable[StoredBar], day: date) -> list[StoredBar]:
    return [each for each in bars if each.bar.day >= day]


def _worked_in(story: Story, adjustment: Adjustment) -> list[UUID]:
    bars = [each.bar for each in story.bars]
    worked_in = {each.action_id for each in factors_of(bars, story.actions, adjustment)}
    return [each.id for each in story.actions if each.id in worked_in]


def grouped(bars: Sequence[StoredBar], frequency: Frequency) -> list[StoredBar]:
    """A bar for each ISO week or calendar month that has one, of its last day."""
    if frequency is Frequency.DAY:
        return list(bars)
    groups = groupby(bars, key=lambda each: _period(each.bar.day, frequency))
    return [_merged(list(group)) for _, group in groups]


def _period(day: date, frequency: Frequency) -> tuple[int, int]:
    if frequency is Frequency.MONTH:
        return day.year, day.month
    return day.isocalendar()[:2]


def _merged(bars: Sequence[StoredBar]) -> StoredBar:
    days, last = [each.bar for each in bars], bars[-1]
    volumes = _all_of(day.volume for day in days)
    highs, lows = _all_of(day.high for day in days), _all_of(day.low for day in days)
    total = None
    for volume in volumes or ():
        total = volume if total is None else EXACT.add(total, volume)
    return StoredBar(
        Bar(
            last.bar.day,
            last.bar.close,
            days[0].open,
            max(highs) if highs else None,
            min(lows) if lows else None,
            total,
        ),
        last.source,
        max(each.updated_at for each in bars),
    )


def _all_of(values: Iterable[Decimal | None]) -> list[Decimal] | None:
    told = list(values)
    known = [each for each in told if each is not None]
    return known if len(known) == len(told) else None


async def get_price(
    lookups: AssetLookups,
    prices: PriceLookups,
    principal: Principal,
    asset_id: UUID,
    day: date | None,
) -> PriceView:
    """The raw price of a day; raises AssetNotFound, NotYours, PriceNotFound."""
    asset = await lookups.get(principal.user_id, asset_id)
    if day is None:
        raise PriceNotFound("No price is known of this day.")
    return price_view(await prices.bar(asset.id, day), asset.currency)


def price_view(stored: StoredBar, currency: str) -> PriceView:
    """As it is shown."""
    bar = stored.bar
    told = (bar.open, bar.high, bar.low)
    opened, high, low = (None if each is None else _money(each, currency) for each in told)
    volume = None if bar.volume is None else format(with_digits(bar.volume, 0), "f")
    instant = stored.updated_at.replace(microsecond=0)
    close = _money(bar.close, currency)
    return PriceView(bar.day, opened, high, low, close, volume, stored.source, instant)


def _money(amount: Decimal, currency: str) -> str:
    return format(money_digits(amount, currency), "f")

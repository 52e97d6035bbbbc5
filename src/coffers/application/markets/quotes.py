"""Quotes: what an asset cost last, and how that compares with the close before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Final
from uuid import UUID

import msgspec

from coffers.application.markets.prices import PriceLookups
from coffers.application.views import DecimalText, Instant
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.calendars import WEEKDAYS, TradingCalendar, TradingCalendars, missed
from coffers.domain.markets.corporate_actions import ActionKind, CorporateAction
from coffers.domain.markets.prices import StoredBar
from coffers.domain.money import EXACT, money_digits, with_digits
from coffers.domain.percentages import percent_of

_RATIO: Final = Context(prec=28)
_DIGITS: Final = 8


class Quote(msgspec.Struct, frozen=True):
    """The last known prices of an asset; empty where none is known."""

    price: DecimalText | None = None
    price_date: date | None = None
    previous_close: DecimalText | None = None
    change: DecimalText | None = None
    change_percent: float | None = None
    day_open: DecimalText | None = None
    day_high: DecimalText | None = None
    day_low: DecimalText | None = None
    volume: DecimalText | None = None
    last_price_update: Instant | None = None
    price_source: str | None = None
    is_stale: bool | None = None
    missed_trading_days: int | None = None
    trading_calendar: str = WEEKDAYS


@dataclass(frozen=True, slots=True)
class Quotes:
    """What assets cost, from the prices that are kept."""

    prices: PriceLookups
    calendars: TradingCalendars

    async def of(self, assets: Sequence[Asset], today: date) -> dict[UUID, Quote]:
        """One for each of the assets, without a price where none is known."""
        ids = [asset.id for asset in assets]
        bars = await self.prices.last(ids, today, count=2)
        since = min((each[0].bar.day for each in bars.values()), default=today)
        actions = await self.prices.actions(list(bars), since, today)
        return {
            asset.id: quote_of(
                asset, bars.get(asset.id, []), actions.get(asset.id, []), self._of(asset), today
            )
            for asset in assets
        }

    def unpriced(self, asset: Asset) -> Quote:
        """That of a new asset."""
        return Quote(trading_calendar=self._of(asset).name)

    def _of(self, asset: Asset) -> TradingCalendar:
        return self.calendars.of(asset.exchange, asset.asset_type)


def quote_of(
    asset: Asset,
    bars: Sequence[StoredBar],
    actions: Iterable[CorporateAction],
    calendar: TradingCalendar,
    today: date,
) -> Quote:
    """From the last two bars, oldest first, and the splits between them."""
    if not bars:
        return Quote(trading_calendar=calendar.name)
    last, bar = bars[-1], bars[-1].bar
    before = _before(bars, actions)
    days = missed(calendar, bar.day, today)
    change = None if before is None else EXACT.subtract(bar.close, before)
    percent = None if change is None or before is None else percent_of(change, before)
    return Quote(
        price=_money(bar.close, asset),
        price_date=bar.day,
        previous_close=_money(before, asset),
        change=_money(change, asset),
        change_percent=None if percent is None else float(percent),
        day_open=_money(bar.open, asset),
        day_high=_money(bar.high, asset),
        day_low=_money(bar.low, asset),
        volume=None if bar.volume is None else format(with_digits(bar.volume, 0), "f"),
        last_price_update=_instant(last.updated_at),
        price_source=last.source,
        is_stale=days > 0,
        missed_trading_days=days,
        trading_calendar=calendar.name,
    )


def _before(bars: Sequence[StoredBar], actions: Iterable[CorporateAction]) -> Decimal | None:
    """The close before the last, in units of the last."""
    if len(bars) == 1:
        return None
    before, last = bars[-2].bar, bars[-1].bar
    close = before.close
    for action in actions:
        is_between = before.day < action.day <= last.day
        if is_between and action.kind is ActionKind.SPLIT and (factor := action.factor) is not None:
            close = _RATIO.divide(close, factor)
            close = close.quantize(Decimal(1).scaleb(-_DIGITS), context=_RATIO)
    return close


def _money(amount: Decimal | None, asset: Asset) -> str | None:
    return None if amount is None else format(money_digits(amount, asset.currency), "f")


def _instant(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)

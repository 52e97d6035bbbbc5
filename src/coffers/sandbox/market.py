"""What the sandbox's securities cost, as a source of prices that needs no network."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from coffers.domain.ledger.transactions import TransactionSubtype
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.corporate_actions import ActionKind
from coffers.domain.markets.prices import Bar
from coffers.domain.markets.sources import Offer, OfferedAction, PriceSource
from coffers.sandbox import funds, listed, young_saver
from coffers.sandbox.days import FIRST_DAY, LAST_TODAY, days_between, is_business_day
from coffers.sandbox.prices import Prices
from coffers.sandbox.securities import ONE, Payout, Security, split_factor
from coffers.sandbox.trading import PAYOUT_DAY

DEMO: Final = "demo"
SEED: Final = 1
CURRENCY: Final = "USD"
DIGITS: Final = 6
#: Interest is no dividend, and what is paid back of the capital is a part of the price.
_PAID: Final = {TransactionSubtype.DIVIDEND, TransactionSubtype.CAPITAL_GAIN}
_LISTED: Final = (
    *young_saver.FUNDS,
    *listed.LONGS,
    *listed.SHORTS,
    *listed.COINS,
    listed.CORNEX,
    funds.BALANCED,
    funds.CORE_BOND,
    funds.FUND_OF_2035,
    funds.GARDEN,
    funds.POWER,
    funds.SWEEP,
)
#: Whose price is that of one unit: not options, nor bonds, which are quoted in percent.
SECURITIES: Final = {each.symbol: each for each in _LISTED if each.multiplier == ONE}


class DemoPrices(PriceSource):
    """Invented closing prices of invented securities: the same as in the sandbox's statements."""

    def __init__(self, seed: int = SEED) -> None:
        self._prices = Prices(seed)
        self._turn = asyncio.Lock()

    @property
    def name(self) -> str:
        """As the port says."""
        return DEMO

    @property
    def is_online(self) -> bool:
        """As the port says."""
        return False

    def reason_unavailable(self) -> str | None:
        """As the port says."""
        return None

    async def offer(self, asset: Asset, first: date, last: date) -> Offer | None:
        """As the port says."""
        security = SECURITIES.get(asset.symbol)
        if security is None or asset.currency != CURRENCY:
            return None
        days = max(first, FIRST_DAY), min(last, LAST_TODAY)
        async with self._turn:
            return await asyncio.to_thread(self._offer, security, *days)

    def _offer(self, security: Security, first: date, last: date) -> Offer:
        bars = [
            Bar(day, self._prices.on(security, day))
            for day in days_between(first, last)
            if security.is_instant or is_business_day(day)
        ]
        return Offer(bars, list(_actions(security, first, last)))


def _actions(security: Security, first: date, last: date) -> Iterator[OfferedAction]:
    for split in security.splits:
        if first <= split.day <= last:
            ratio = Decimal(split.new) / split.old
            yield OfferedAction(split.day, ActionKind.SPLIT, ratio=ratio)
    for day, amount in sorted(_paid(security, first, last).items()):
        yield OfferedAction(day, ActionKind.DIVIDEND, amount=amount)


def _paid(security: Security, first: date, last: date) -> dict[date, Decimal]:
    """What each unit got, by day; of two payouts on one day the sum."""
    paid: dict[date, Decimal] = defaultdict(Decimal)
    for day in days_between(first, last):
        for payout in security.payouts:
            if _is_due(payout, day):
                each = payout.a_year / len(payout.months) / split_factor(security, day)
                paid[day] += round(each, DIGITS)
    return paid


def _is_due(payout: Payout, day: date) -> bool:
    return day.day == PAYOUT_DAY and day.month in payout.months and payout.subtype in _PAID

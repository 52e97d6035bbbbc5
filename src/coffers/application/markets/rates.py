"""Exchange rates: looking them up, and keeping one's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Final, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.ports import Clock
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import DecimalText, Instant
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.live.events import Event
from coffers.domain.markets.rates import ExchangeRates, OwnRate, Rate, RateInvalid
from coffers.domain.paging import TooManyRows
from coffers.domain.ranges import check_range

#: One answer covers at most this many days: ten years.
MAX_DAYS: Final = 3_660
#: Somewhere it is tomorrow already.
_AHEAD: Final = timedelta(days=1)
#: Job kind: to look for newly published rates, which come out once on a working day.
REFRESH: Final = "rate_refresh"
REFRESH_EVERY: Final = timedelta(hours=4)
#: For structs that have a field named `date`.
Day = date
ATTRIBUTION: Final = "European Central Bank, euro foreign exchange reference rates"


class RateView(msgspec.Struct, frozen=True, gc=False):
    """The rate of a day: units of the quote currency for one of the base currency."""

    date: date
    rate: Annotated[DecimalText | None, Meta(description="Null when unknown; never a guess.")]
    rate_date: Annotated[
        Day | None, Meta(description="The day that the rate is of: at most 7 days before.")
    ]
    source: Annotated[
        str | None, Meta(description="ECB, EU (conversion rates of the euro), own, or two of them.")
    ]


class RateList(msgspec.Struct, frozen=True):
    """Day by day, oldest first."""

    base_currency: str
    quote_currency: str
    exchange_rates: list[RateView]
    total_count: int
    missing_count: int
    published_until: Annotated[date, Meta(description="The newest published rates known here.")]
    attribution: str


class OwnRateView(msgspec.Struct, frozen=True):
    """A rate of one's own."""

    id: UUID
    base_currency: str
    quote_currency: str
    date: date
    rate: DecimalText
    created_at: Instant


class OwnRateList(msgspec.Struct, frozen=True):
    """Rates of one's own, newest day first."""

    exchange_rates: list[OwnRateView]
    total_count: int


@dataclass(frozen=True, slots=True)
class OwnRateFilter:
    """Which of one's own rates; None does not filter."""

    base: str | None = None
    quote: str | None = None
    first: date | None = None
    last: date | None = None


class RateLookups(Protocol):
    """Rates to read."""

    async def last_published(self) -> date:
        """The newest day of which published rates are known."""
        ...

    async def own(self, user_id: UserId, wanted: OwnRateFilter) -> list[OwnRate]:
        """Newest day first; raises TooManyRows."""
        ...


@dataclass(frozen=True, slots=True)
class RatesAsked:
    """A pair and a range of days, both included."""

    base: str
    quote: str
    first: date
    last: date


async def list_rates(
    rates: ExchangeRates, lookups: RateLookups, principal: Principal, asked: RatesAsked
) -> RateList:
    """The rate of each day as the caller's reports use it; raises RangeInvalid, TooManyRows."""
    check_range(asked.first, asked.last)
    count = (asked.last - asked.first).days + 1
    if count > MAX_DAYS:
        raise TooManyRows(f"At most {MAX_DAYS} days at a time: choose a shorter range.")
    book = await rates.book(principal.user_id, asked.first, asked.last)
    days = (asked.first + timedelta(days=number) for number in range(count))
    views = [_view(day, book.rate(asked.base, asked.quote, day)) for day in days]
    missing = sum(view.rate is None for view in views)
    until = await lookups.last_published()
    return RateList(asked.base, asked.quote, views, count, missing, until, ATTRIBUTION)


async def list_own_rates(
    lookups: RateLookups, principal: Principal, wanted: OwnRateFilter
) -> OwnRateList:
    """The caller's own rates; raises RangeInvalid, TooManyRows."""
    check_range(wanted.first, wanted.last)
    found = await lookups.own(principal.user_id, wanted)
    return OwnRateList([_own_view(rate) for rate in found], len(found))


@dataclass(frozen=True, slots=True)
class RateDraft:
    """What one unit of the base currency was worth on a day."""

    base: str
    quote: str
    date: date
    rate: Decimal


async def keep_rates(
    uow: UnitOfWork, clock: Clock, principal: Principal, drafts: Sequence[RateDraft]
) -> OwnRateList:
    """Keep rates of the caller's own, in the place of those of the same pairs and days.

    Raises RateInvalid, TooManyRates.
    """
    now = clock.now()
    _check(drafts, (now + _AHEAD).date())
    mine = [
        OwnRate(new_id(), principal.user_id, each.base, each.quote, each.date, each.rate, now)
        for each in drafts
    ]
    async with uow:
        kept = await uow.exchange_rates.put(mine)
        uow.record(Event("ExchangeRatesKept", principal.user_id, details={"count": len(kept)}))
        await uow.commit()
    return OwnRateList([_own_view(rate) for rate in kept], len(kept))


async def forget_rate(uow: UnitOfWork, principal: Principal, rate_id: UUID) -> None:
    """Forget one of the caller's own rates; raises RateNotFound, NotYours."""
    async with uow:
        rate = await uow.exchange_rates.remove(principal.user_id, rate_id)
        uow.record(Event("ExchangeRateForgotten", rate.user_id, rate.id))
        await uow.commit()


class RateSource(Protocol):
    """Where newly published rates are told."""

    async def published(self) -> Sequence[Rate]:
        """Those that it tells now, none when there is no such place; raises UpstreamFailed."""
        ...


async def refresh_published(uow: UnitOfWork, lookups: RateLookups, source: RateSource) -> int:
    """Ask for new rates and keep them; answers how many were new. Raises UpstreamFailed."""
    newest, rates = await lookups.last_published(), await source.published()
    if not any(rate.date > newest for rate in rates):
        return 0
    return await load_published(uow, lookups, rates)


async def load_published(uow: UnitOfWork, lookups: RateLookups, rates: Sequence[Rate]) -> int:
    """Keep published rates of days newer than all that are known; answers how many those were."""
    newest = await lookups.last_published()
    newer = [rate for rate in rates if rate.date > newest]
    async with uow:
        await uow.published_rates.put(newer)
        uow.record(Event("PublishedRatesLoaded", details={"count": len(newer)}))
        await uow.commit()
    return len(newer)


def _check(drafts: Sequence[RateDraft], latest: date) -> None:
    for each in drafts:
        if each.rate <= 0:
            raise RateInvalid("An exchange rate is above zero.", field="rate")
        if each.base == each.quote:
            raise RateInvalid("A currency has no rate to itself.", field="quote_currency")
        if each.date > latest:
            raise RateInvalid("A rate of the future is not known.", field="date")
    if len({(each.base, each.quote, each.date) for each in drafts}) != len(drafts):
        raise RateInvalid("One pair has two rates on one day.")


def _view(day: date, rate: Rate | None) -> RateView:
    if rate is None:
        return RateView(day, None, None, None)
    return RateView(day, format(rate.rate, "f"), rate.date, rate.source)


def _own_view(rate: OwnRate) -> OwnRateView:
    return OwnRateView(
        rate.id, rate.base, rate.quote, rate.date, format(rate.rate, "f"), rate.created_at
    )

"""/exchange-rates: what one currency is worth in another."""

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query
from pydantic import Field

from coffers.application.markets import rates
from coffers.application.markets.rates import (
    OwnRateFilter,
    OwnRateList,
    RateDraft,
    RateList,
    RatesAsked,
)
from coffers.domain.errors import Invalid
from coffers.presentation.calls import Caller
from coffers.presentation.days import day_of
from coffers.presentation.schemas import Body, CodeIn, DateIn, DecimalIn

#: Rates in one request.
MAX_RATES: Final = 1_000

Base = Annotated[CodeIn, Query(description="One unit of this currency …")]
Quote = Annotated[CodeIn, Query(description="… in units of this one.")]
On = Annotated[DateIn | None, Query(description="One day; by itself today.")]
From = Annotated[DateIn | None, Query(description="The first of several days.")]
To = Annotated[DateIn | None, Query(description="The last of them; by itself today.")]
OfBase = Annotated[CodeIn | None, Query(description="Only with this base currency.")]
OfQuote = Annotated[CodeIn | None, Query(description="Only with this quote currency.")]


class DaysInvalid(Invalid):
    """One day and a range cannot both be asked for."""


class NewRate(Body):
    """What one unit of the base currency was worth on a day."""

    base_currency: CodeIn = Field(examples=["EUR"])
    quote_currency: CodeIn = Field(examples=["USD"])
    date: DateIn = Field(examples=["2026-11-20"])
    rate: DecimalIn = Field(examples=["1.1172"])


class NewRates(Body):
    """Rates of one's own; each takes the place of the one of its pair and day."""

    exchange_rates: list[NewRate] = Field(min_length=1, max_length=MAX_RATES)


async def list_exchange_rates(
    call: Caller,
    base: Base,
    quote: Quote,
    date: On = None,
    start_date: From = None,
    end_date: To = None,
) -> RateList:
    """The rate of a day, or of each day of a range: as last known, at most 7 days before."""
    services = call.services
    first, last = _range(date, start_date, end_date, await day_of(call))
    return await rates.list_rates(
        services.exchange_rates,
        services.rate_lookups,
        call.principal,
        RatesAsked(base, quote, first, last),
    )


async def list_own_exchange_rates(
    call: Caller,
    base: OfBase = None,
    quote: OfQuote = None,
    start_date: From = None,
    end_date: To = None,
) -> OwnRateList:
    """List one's own rates, newest day first."""
    wanted = OwnRateFilter(base, quote, start_date, end_date)
    return await rates.list_own_rates(call.services.rate_lookups, call.principal, wanted)


async def keep_exchange_rates(call: Caller, body: NewRates) -> OwnRateList:
    """Keep rates of one's own; nobody else sees them."""
    drafts = [
        RateDraft(each.base_currency, each.quote_currency, each.date, each.rate)
        for each in body.exchange_rates
    ]
    return await rates.keep_rates(call.uow, call.services.clock, call.principal, drafts)


async def forget_exchange_rate(call: Caller, exchange_rate_id: UUID) -> None:
    """Forget one of one's own rates."""
    await rates.forget_rate(call.uow, call.principal, exchange_rate_id)


def _range(
    on: date | None, first: date | None, last: date | None, today: date
) -> tuple[date, date]:
    if on is not None and (first is not None or last is not None):
        raise DaysInvalid("Either one day, or a range of days.", field="date")
    if on is not None:
        return on, on
    last = today if last is None else last
    return (last if first is None else first), last

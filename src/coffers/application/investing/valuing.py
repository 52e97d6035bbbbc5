"""From a book to numbers: what each line is worth on a day, and the series of the whole."""

import asyncio
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from coffers.application.identity.users import Profiles
from coffers.application.investing.binding import bound
from coffers.application.investing.books import Book, Line, PortfolioLedgers, Quality, keys_of
from coffers.application.investing.derivations import Derivations
from coffers.application.investing.portfolios import PortfolioLookups
from coffers.application.investing.securities import known_securities
from coffers.application.markets.assets import AssetLookups
from coffers.application.markets.prices import PriceLookups
from coffers.application.ports import Clock
from coffers.application.views import DecimalText
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.investing.columns import steps_of
from coffers.domain.investing.portfolios import Portfolio
from coffers.domain.markets.calendars import missed
from coffers.domain.markets.close_paths import last_by
from coffers.domain.markets.rates import ExchangeRates
from coffers.domain.money import EXACT

ZERO: Final = Decimal(0)
#: Before any day of a ledger: money is looked at before its first movement too.
_EARLIEST: Final = date(1901, 1, 1)


class StalePrice(msgspec.Struct, frozen=True):
    """A price since which a whole trading day of its exchange has passed without one."""

    symbol: str
    price_date: date


class LongGap(msgspec.Struct, frozen=True):
    """The longest time without a price while something of it was held: its value stood still."""

    symbol: str
    price_date: date
    next_price_date: date
    days: int


class Unexplained(msgspec.Struct, frozen=True):
    """What is reported to be held beyond what the movements add up to."""

    symbol: str
    quantity: DecimalText
    since: Annotated[
        date | None, Meta(description="The first day since which they never agreed again.")
    ]


class DataQuality(msgspec.Struct, frozen=True):
    """What the numbers had to do without."""

    coverage_ratio: Annotated[
        DecimalText | None, Meta(description="The part of the securities whose price is known.")
    ]
    missing_prices: list[str]
    stale_prices: list[StalePrice]
    price_gaps: Annotated[
        list[LongGap],
        Meta(description="Where a period is looked at: more than a week between two prices."),
    ]
    missing_rates: list[str]
    missing_basis: Annotated[list[str], Meta(description="Symbols whose cost nobody told.")]
    unexplained_quantities: list[Unexplained]
    unreadable_histories: list[str]
    unknown_lots: Annotated[
        list[str],
        Meta(description="Symbols whose sales name lots that are not there: the oldest went."),
    ]


@dataclass(frozen=True, slots=True)
class BookPorts:
    """What a book is read through."""

    portfolios: PortfolioLookups
    ledgers: PortfolioLedgers
    assets: AssetLookups
    prices: PriceLookups
    rates: ExchangeRates
    profiles: Profiles
    clock: Clock
    derivations: Derivations = field(default_factory=Derivations)


async def open_book(
    ports: BookPorts, principal: Principal, portfolio_id: UUID, currency: str | None = None
) -> tuple[Portfolio, Book, date]:
    """The caller's portfolio, its book, and the day that it is for them; as `book_of`."""
    return await book_of(ports, principal.user_id, portfolio_id, currency)


async def book_of(
    ports: BookPorts, user_id: UserId, portfolio_id: UUID, currency: str | None = None
) -> tuple[Portfolio, Book, date]:
    """The portfolio, its book in a currency, its own if none is given, and its owner's today.

    Raises PortfolioNotFound, NotYours, TooManyRows.
    """
    portfolio = await ports.portfolios.get(user_id, portfolio_id)
    profile = (await ports.profiles.profile(user_id)).view
    today = ports.clock.now().astimezone(ZoneInfo(profile.time_zone)).date()
    ledger = await ports.ledgers.of_accounts(user_id, portfolio.account_ids)
    securities = await known_securities(ports.assets, ports.prices, user_id, keys_of(ledger), today)
    book = await ports.rates.book(user_id, _EARLIEST, today)
    made = await asyncio.to_thread(
        bound,
        ledger,
        securities,
        book,
        currency or portfolio.base_currency,
        portfolio.lot_method,
        ports.derivations,
    )
    return portfolio, made, today


@dataclass(frozen=True, slots=True)
class Worth:
    """What a line is worth on a day, in its own currency and in the book's; None if unknown."""

    price: Decimal | None
    price_date: date | None
    local: Decimal | None
    base: Decimal | None


def worth(book: Book, line: Line, day: date) -> Worth:
    """At the last price known by then and the rate of the day; what is missing is noted."""
    known = last_by(line.closes, day)
    if known is None:
        book.quality.missing_prices.add(line.symbol)
        return Worth(None, None, None, None)
    when, price = known
    if missed(line.security.calendar, when, day):
        book.quality.stale_prices[line.symbol] = when
    local = EXACT.multiply(line.local.quantity, price)
    return Worth(price, when, local, in_base(book, local, line.currency, day))


def value_on(book: Book, line: Line, day: date, quantity: Decimal | None = None) -> Decimal | None:
    """What so much of it, or what was held of it, was worth on a day, in the book's currency."""
    held = held_on(line, day) if quantity is None else quantity
    if not held:
        return ZERO
    known = last_by(line.closes, day)
    if known is None:
        book.quality.missing_prices.add(line.symbol)
        return None
    return in_base(book, EXACT.multiply(held, known[1]), line.currency, day)


def held_on(line: Line, day: date) -> Decimal:
    """How much of it at the end of a day."""
    steps = steps_of(line.local.steps)
    place = bisect_right(steps.days, day)
    return steps.quantities[place - 1] if place else ZERO


def in_base(book: Book, amount: Decimal, currency: str, day: date) -> Decimal | None:
    """The amount at the rate of the day; None, and noted, when that is missing."""
    if currency == book.base_currency:
        return amount
    rate = book.rates.rate(currency, book.base_currency, day)
    if rate is None:
        if amount:
            book.quality.missing_rates.add(f"{currency}/{book.base_currency} {day}")
            return None
        return ZERO
    return rate.convert(amount)


def quality_view(quality: Quality, symbols: Iterable[str]) -> DataQuality:
    """As it goes out; `symbols` are all that were looked at."""
    names = set(symbols)
    known = len(names - quality.missing_prices)
    ratio = None if not names else format(round(Decimal(known) / len(names), 4), "f")
    return DataQuality(
        ratio,
        sorted(quality.missing_prices),
        [StalePrice(symbol, day) for symbol, day in sorted(quality.stale_prices.items())],
        [LongGap(symbol, *gap, gap.days) for symbol, gap in sorted(quality.price_gaps.items())],
        sorted(quality.missing_rates),
        sorted(quality.missing_basis),
        [
            Unexplained(name, format(amount, "f"), quality.parted.get(name))
            for name, amount in _items(quality.unexplained)
        ],
        sorted(quality.unreadable),
        sorted(quality.lost_lots),
    )


def _items(amounts: dict[str, Decimal]) -> list[tuple[str, Decimal]]:
    return sorted(amounts.items())

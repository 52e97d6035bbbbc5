"""What one is worth, now and day by day."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final, Protocol
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, Meta, UnsetType

from coffers.application.explanations import Explanation
from coffers.application.identity.users import Profiles
from coffers.application.ledger.net_worth_explained import ToldBalance, explained
from coffers.application.ports import Clock
from coffers.application.views import DecimalText, Instant
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.ledger.net_worth import (
    MAX_DAYS,
    Sighting,
    Worth,
    end_of_day,
    worth_by_day,
    worth_of,
)
from coffers.domain.markets.rates import ExchangeRates, RateBook
from coffers.domain.money import money_digits
from coffers.domain.paging import TooManyRows
from coffers.domain.ranges import check_range

#: How far back a history goes by itself.
DEFAULT_SPAN: Final = timedelta(days=364)

InBase = Annotated[
    DecimalText | None,
    Meta(description="In the base currency; null when an exchange rate is missing."),
]
Reason = Annotated[
    str | None, Meta(description="Why there is no amount in the base currency, if there is none.")
]


class BalanceQuality(msgspec.Struct, frozen=True):
    """What the net worth had to do without."""

    coverage_ratio: Annotated[
        DecimalText | None,
        Meta(description="Of the active accounts (of the days, in a history), those that count."),
    ]
    missing_rates: Annotated[list[str], Meta(description="As `XAU/USD`.")]
    notes: list[str]


class NetWorthStatement(msgspec.Struct, frozen=True):
    """Assets (balances above zero) less liabilities (those below), of the active accounts."""

    as_of: Instant
    assets_by_currency: dict[str, DecimalText]
    liabilities_by_currency: dict[str, DecimalText]
    net_worth_by_currency: dict[str, DecimalText]
    base_currency: str
    net_worth: InBase
    net_worth_unavailable_reason: Reason
    accounts_without_balance: Annotated[
        int, Meta(description="Active accounts left out because their balance is not known.")
    ]
    data_quality: BalanceQuality
    explanation: Annotated[
        Explanation | UnsetType, Meta(description="With `explain=true`: the net worth as a tree.")
    ] = UNSET


class DailyNetWorth(msgspec.Struct, frozen=True):
    """The net worth at the end of a day, in the user's time zone."""

    date: date
    assets_by_currency: dict[str, DecimalText]
    liabilities_by_currency: dict[str, DecimalText]
    net_worth_by_currency: dict[str, DecimalText]
    net_worth: InBase


class NetWorthHistory(msgspec.Struct, frozen=True):
    """Day by day, oldest first, from the first day on which a balance is known."""

    history: list[DailyNetWorth]
    total_count: int
    base_currency: str
    net_worth_unavailable_reason: Reason
    data_quality: BalanceQuality


@dataclass(frozen=True, slots=True)
class Balances:
    """Balances of the active accounts, and how many of those have none.

    `depots` are how many are kept by hand and have securities, which are not in their balances.
    """

    balances: Sequence[tuple[str, Decimal]]
    without_balance: int
    depots: int = 0
    #: For an explanation only: the same ones, each with its account.
    told: Sequence[ToldBalance] = ()


class NetWorthLookups(Protocol):
    """What net worth is made of."""

    async def balances(self, user_id: UserId) -> Balances:
        """As they stand now."""
        ...

    async def told_balances(self, user_id: UserId) -> Balances:
        """Likewise, each with its account."""
        ...

    async def sightings(
        self, user_id: UserId, start: datetime, end: datetime
    ) -> Sequence[Sighting]:
        """In order of time: from start to end, and the last before start of each account.

        Raises TooManyRows.
        """
        ...


async def get_net_worth(
    lookups: NetWorthLookups,
    profiles: Profiles,
    rates: ExchangeRates,
    clock: Clock,
    principal: Principal,
    *,
    is_explained: bool = False,
) -> NetWorthStatement:
    """What the caller owns and owes now, in the base currency at today's rates."""
    profile = (await profiles.profile(principal.user_id)).view
    base, today = profile.base_currency, clock.now().astimezone(ZoneInfo(profile.time_zone)).date()
    read = lookups.told_balances if is_explained else lookups.balances
    held = await read(principal.user_id)
    worth = worth_of(held.balances)
    book = await rates.book(principal.user_id, today, today)
    missing = worth.missing(base, book, today)
    return NetWorthStatement(
        as_of=clock.now(),
        assets_by_currency=_texts(worth.assets),
        liabilities_by_currency=_texts(worth.liabilities),
        net_worth_by_currency=_texts(worth.net),
        base_currency=base,
        net_worth=_total(worth, base, book, today),
        net_worth_unavailable_reason=_reason(missing, base),
        accounts_without_balance=held.without_balance,
        data_quality=_quality(held, missing, base),
        explanation=explained(held.told, base, book, today) if is_explained else UNSET,
    )


def _quality(held: Balances, missing: Sequence[str], base: str) -> BalanceQuality:
    known = sum(code not in missing for code, _ in held.balances)
    notes = []
    if held.without_balance:
        notes.append(f"Active accounts without a known balance: {held.without_balance}.")
    if held.depots:
        detail = "Only the money counts, portfolios value the rest"
        notes.append(f"Accounts kept by hand that have securities: {held.depots}. {detail}.")
    ratio = _ratio(known, len(held.balances) + held.without_balance)
    return BalanceQuality(ratio, [f"{code}/{base}" for code in missing], notes)


async def get_net_worth_history(  # noqa: PLR0913, PLR0917 - the range and four ports
    lookups: NetWorthLookups,
    profiles: Profiles,
    rates: ExchangeRates,
    clock: Clock,
    principal: Principal,
    first: date | None,
    last: date | None,
) -> NetWorthHistory:
    """Day by day, both days included, at each day's rates; by itself the last year.

    No day lies in the future.
    Raises RangeInvalid, TooManyRows.
    """
    profile = (await profiles.profile(principal.user_id)).view
    zone = ZoneInfo(profile.time_zone)
    today = clock.now().astimezone(zone).date()
    last = today if last is None else last
    first = last - DEFAULT_SPAN if first is None else first
    check_range(first, last)
    last = min(last, today)
    if (last - first).days >= MAX_DAYS:
        raise TooManyRows(f"At most {MAX_DAYS} days at a time: choose a shorter range.")
    start = end_of_day(first - timedelta(days=1), zone)
    seen = await lookups.sightings(principal.user_id, start, end_of_day(last, zone))
    book = await rates.book(principal.user_id, first, last)
    worths = worth_by_day(seen, first, last, zone)
    # Thousands of days take more than a few milliseconds: not on the event loop.
    return await asyncio.to_thread(_history, worths, profile.base_currency, book)


def _history(worths: Iterator[tuple[date, Worth]], base: str, book: RateBook) -> NetWorthHistory:
    history, missing = [], set[str]()
    for day, worth in worths:
        missing.update(worth.missing(base, book, day))
        history.append(
            DailyNetWorth(
                day,
                _texts(worth.assets),
                _texts(worth.liabilities),
                _texts(worth.net),
                _total(worth, base, book, day),
            )
        )
    known = sum(each.net_worth is not None for each in history)
    pairs = [f"{code}/{base}" for code in sorted(missing)]
    quality = BalanceQuality(_ratio(known, len(history)), pairs, [])
    reason = _reason(sorted(missing), base)
    return NetWorthHistory(history, len(history), base, reason, quality)


def _total(worth: Worth, base: str, book: RateBook, day: date) -> str | None:
    total = worth.total(base, book, day)
    return None if total is None else format(money_digits(total, base), "f")


def _ratio(known: int, count: int) -> str | None:
    return format(round(Decimal(known) / count, 4), "f") if count else None


def _texts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {code: format(money_digits(amount, code), "f") for code, amount in amounts.items()}


def _reason(missing: Sequence[str], base: str) -> str | None:
    if not missing:
        return None
    return f"No exchange rate to {base} is known for {', '.join(missing)}."

"""What one is worth, now and day by day."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import UNSET

from coffers.application.explanations import Operation, made, told
from coffers.application.investing.books import Book
from coffers.application.investing.depots import (
    Days,
    Holding,
    holdings_on,
    open_depots,
    sightings,
    unreadable,
)
from coffers.application.investing.explained import local_value
from coffers.application.investing.valuing import BookPorts, StalePrice
from coffers.application.ledger.net_worth_explained import (
    ToldAmount,
    ToldBalance,
    balance_told,
    explained,
)
from coffers.application.ledger.net_worth_views import (
    BalanceQuality,
    DailyNetWorth,
    NetWorthHistory,
    NetWorthStatement,
)
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.net_worth import (
    MAX_DAYS,
    Amount,
    Sighting,
    Worth,
    end_of_day,
    worth_by_day,
    worth_of,
)
from coffers.domain.markets.rates import RateBook
from coffers.domain.money import money_digits
from coffers.domain.paging import TooManyRows
from coffers.domain.ranges import check_range

#: How far back a history goes by itself.
DEFAULT_SPAN: Final = timedelta(days=364)


@dataclass(frozen=True, slots=True)
class Balances:
    """Balances of the active accounts, and how many of those have none.

    `depots` are accounts that hold something apart from their balance: these are not among them.
    """

    balances: Sequence[tuple[str, Decimal]]
    without_balance: int
    depots: Sequence[UUID] = ()
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

    async def depots(self, user_id: UserId) -> Sequence[UUID]:
        """Active accounts that hold something apart from their balance."""
        ...

    async def sightings(
        self, user_id: UserId, start: datetime, end: datetime
    ) -> Sequence[Sighting]:
        """In order of time: from start to end, and the last before start of each account.

        Raises TooManyRows.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Held:
    """Everything that counts on a day: balances, and what depots hold."""

    balances: Balances
    book: Book
    holdings: Sequence[Holding]

    def amounts(self) -> Iterator[Amount]:
        """Each in its currency."""
        yield from self.balances.balances
        for account in self.book.ledger.accounts:
            if account.balance is not None:
                yield account.currency, account.balance
        for each in self.holdings:
            yield each.line.currency, each.value
        for _, currency in unreadable(self.book):
            yield currency, None

    def told(self) -> list[ToldAmount]:
        """The same, by account, each with how it comes about."""
        accounts = self.book.ledger.accounts
        money = [_balance(each, each.balance) for each in accounts if each.balance is not None]
        balances = sorted([*self.balances.told, *money], key=attrgetter("account"))
        return [
            *map(balance_told, balances),
            *map(_holding_told, self.holdings),
            *(_unreadable_told(*key) for key in unreadable(self.book)),
        ]

    def without_balance(self) -> int:
        """Of how many accounts the balance is not known."""
        unknown = sum(account.balance is None for account in self.book.ledger.accounts)
        return self.balances.without_balance + unknown

    def known(self, missing: Collection[str]) -> int:
        """How many accounts count as a whole."""
        unvalued = {each.line.account.id for each in self.holdings if each.value is None}
        counting = [
            account.currency
            for account in self.book.ledger.accounts
            if account.balance is not None and account.id not in unvalued
        ]
        codes = [*(code for code, _ in self.balances.balances), *counting]
        return sum(code not in missing for code in codes)


async def get_net_worth(
    lookups: NetWorthLookups,
    ports: BookPorts,
    principal: Principal,
    *,
    is_explained: bool = False,
) -> NetWorthStatement:
    """What the caller owns and owes now, in the base currency at today's rates.

    Raises TooManyRows.
    """
    profile = (await ports.profiles.profile(principal.user_id)).view
    now, base = ports.clock.now(), profile.base_currency
    today = now.astimezone(ZoneInfo(profile.time_zone)).date()
    read = lookups.told_balances if is_explained else lookups.balances
    balances = await read(principal.user_id)
    rates = await ports.rates.book(principal.user_id, today, today)
    book = await open_depots(ports, principal.user_id, balances.depots, rates, today)
    held = _Held(balances, book, holdings_on(book, today))
    worth = worth_of(held.amounts())
    missing = worth.missing(base, rates, today)
    return NetWorthStatement(
        as_of=now,
        assets_by_currency=_texts(worth.assets, worth),
        liabilities_by_currency=_texts(worth.liabilities, worth),
        net_worth_by_currency=_texts(worth.net, worth),
        base_currency=base,
        net_worth=_total(worth, base, rates, today),
        net_worth_unavailable_reason=_reason(missing, base, book),
        accounts_without_balance=held.without_balance(),
        data_quality=_quality(held, missing, base),
        explanation=explained(held.told(), base, rates, today) if is_explained else UNSET,
    )


def _balance(account: Account, balance: Decimal) -> ToldBalance:
    day = (account.last_synced_at or account.updated_at).date()
    return ToldBalance(account.name, account.source, account.currency, balance, day)


def _holding_told(each: Holding) -> ToldAmount:
    currency, product = each.line.currency, local_value(each.line, each.worth)
    tree = made(each.line.symbol, Operation.ROUNDED, each.value, [product], currency=currency)
    return ToldAmount(currency, each.value, tree)


def _unreadable_told(symbol: str, currency: str) -> ToldAmount:
    return ToldAmount(currency, None, told(symbol, None, currency=currency, source="ledger"))


def _quality(held: _Held, missing: Sequence[str], base: str) -> BalanceQuality:
    without = held.without_balance()
    notes = [f"Active accounts without a known balance: {without}."] if without else []
    every = len(held.balances.balances) + held.balances.without_balance
    ratio = _ratio(held.known(missing), every + len(held.book.ledger.accounts))
    return _quality_of(held.book, ratio, [f"{code}/{base}" for code in missing], notes)


def _quality_of(
    book: Book, ratio: str | None, missing_rates: list[str], notes: list[str]
) -> BalanceQuality:
    names = sorted(book.quality.unreadable)
    if names:
        notes = [*notes, f"How much is held cannot be told of {', '.join(names)}."]
    stale = [StalePrice(*each) for each in sorted(book.quality.stale_prices.items())]
    return BalanceQuality(ratio, missing_rates, sorted(book.quality.missing_prices), stale, notes)


async def get_net_worth_history(
    lookups: NetWorthLookups,
    ports: BookPorts,
    principal: Principal,
    first: date | None,
    last: date | None,
) -> NetWorthHistory:
    """Day by day, both days included, at each day's prices and rates; by itself the last year.

    No day lies in the future.
    Raises RangeInvalid, TooManyRows.
    """
    profile = (await ports.profiles.profile(principal.user_id)).view
    zone = ZoneInfo(profile.time_zone)
    today = ports.clock.now().astimezone(zone).date()
    last = today if last is None else last
    first = last - DEFAULT_SPAN if first is None else first
    check_range(first, last)
    last = min(last, today)
    if (last - first).days >= MAX_DAYS:
        raise TooManyRows(f"At most {MAX_DAYS} days at a time: choose a shorter range.")
    start = end_of_day(first - timedelta(days=1), zone)
    seen = await lookups.sightings(principal.user_id, start, end_of_day(last, zone))
    rates = await ports.rates.book(principal.user_id, first, last)
    depots = await lookups.depots(principal.user_id)
    book = await open_depots(ports, principal.user_id, depots, rates, today)
    days = Days(first, last, today, zone)
    # Thousands of days take more than a few milliseconds: not on the event loop.
    return await asyncio.to_thread(_history, seen, days, profile.base_currency, book)


def _history(seen: Sequence[Sighting], days: Days, base: str, book: Book) -> NetWorthHistory:
    history, missing, rates = [], set[str](), book.rates
    for day, worth in worth_by_day(
        _with_depots(seen, days, book), days.first, days.last, days.zone
    ):
        missing.update(worth.missing(base, rates, day))
        history.append(
            DailyNetWorth(
                day,
                _texts(worth.assets, worth),
                _texts(worth.liabilities, worth),
                _texts(worth.net, worth),
                _total(worth, base, rates, day),
            )
        )
    known = sum(each.net_worth is not None for each in history)
    pairs = [f"{code}/{base}" for code in sorted(missing)]
    quality = _quality_of(book, _ratio(known, len(history)), pairs, [])
    reason = _reason(sorted(missing), base, book)
    return NetWorthHistory(history, len(history), base, reason, quality)


def _with_depots(seen: Sequence[Sighting], days: Days, book: Book) -> Sequence[Sighting]:
    """In order of time; of an account that holds things apart, only the money was seen."""
    apart = {str(account.id): account for account in book.ledger.accounts}
    if not apart:
        return seen
    kept = []
    for each in seen:
        account = apart.get(each.account_id)
        if account is None:
            kept.append(each)
        elif not account.adds_up:
            kept.append(each if each.cash is None else replace(each, balance=each.cash))
    return sorted([*kept, *sightings(book, days)], key=attrgetter("at"))


def _total(worth: Worth, base: str, book: RateBook, day: date) -> str | None:
    total = worth.total(base, book, day)
    return None if total is None else format(money_digits(total, base), "f")


def _ratio(known: int, count: int) -> str | None:
    return format(round(Decimal(known) / count, 4), "f") if count else None


def _texts(amounts: Mapping[str, Decimal], worth: Worth) -> dict[str, str | None]:
    return {
        code: None if code in worth.unvalued else format(money_digits(amount, code), "f")
        for code, amount in amounts.items()
    }


def _reason(missing: Sequence[str], base: str, book: Book) -> str | None:
    parts = []
    if missing:
        parts.append(f"No exchange rate to {base} is known for {', '.join(missing)}.")
    if book.quality.missing_prices:
        parts.append(f"No price is known for {', '.join(sorted(book.quality.missing_prices))}.")
    if book.quality.unreadable:
        names = ", ".join(sorted(book.quality.unreadable))
        parts.append(f"How much is held cannot be told of {names}.")
    return " ".join(parts) or None

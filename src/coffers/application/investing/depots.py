"""Depots: accounts whose balance is their money alone, and what their securities are worth."""

import asyncio
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from coffers.application.investing.binding import bound
from coffers.application.investing.books import AccountsLedger, Book, Line, Quality, keys_of
from coffers.application.investing.ledger_rows import LedgerRow
from coffers.application.investing.securities import known_securities
from coffers.application.investing.valuing import BookPorts, Worth, held_on, worth
from coffers.domain.ids import UserId
from coffers.domain.investing.lots import LotMethod
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.net_worth import Sighting, end_of_day
from coffers.domain.markets.rates import RateBook, rounded
from coffers.domain.money import EXACT, total_of

ZERO: Final = Decimal(0)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held of a security in an account, and its value to the minor unit of its currency."""

    line: Line
    worth: Worth
    value: Decimal | None


async def open_depots(
    ports: BookPorts, user_id: UserId, account_ids: Sequence[UUID], rates: RateBook, today: date
) -> Book:
    """Their book, whose lines are looked at in their own currencies; raises TooManyRows."""
    if not account_ids:
        return Book("", AccountsLedger([], [], []), [], rates, Quality())
    ledger = await ports.ledgers.of_accounts(user_id, account_ids)
    keys = keys_of(ledger)
    securities = await known_securities(ports.assets, ports.prices, user_id, keys, today)
    # What is held of a security does not depend on which of its lots were sold.
    book = await asyncio.to_thread(
        bound, ledger, securities, rates, "", LotMethod.FIFO, ports.derivations
    )
    return replace(book, lines=[_priced_by(line, today) for line in book.lines])


def _priced_by(line: Line, today: date) -> Line:
    """What was only ever bought on days to come counts today, at the price of then."""
    if not line.closes or line.closes[0][0] <= today:
        return line
    return replace(line, closes=[(today, line.closes[0][1])])


def holdings_on(book: Book, day: date) -> list[Holding]:
    """What is held, all that is entered counted, at the last price known by the day."""
    return [_holding(line, worth(book, line, day)) for line in book.lines if line.local.quantity]


def _holding(line: Line, found: Worth) -> Holding:
    value = None if found.local is None else rounded(found.local, line.currency)
    return Holding(line, found, value)


def unreadable(book: Book) -> list[tuple[str, str]]:
    """Symbols and currencies of what nobody can say how much of is held."""
    names = book.quality.unreadable
    return sorted(key for key in keys_of(book.ledger) if key[0] in names)


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a history, where its owner lives; what is entered for days to come is today's."""

    first: date
    last: date
    today: date
    zone: ZoneInfo
    _begun: dict[date, datetime] = field(default_factory=dict)

    def begins(self, day: date) -> datetime:
        """Its first instant."""
        if day not in self._begun:
            self._begun[day] = end_of_day(day - _DAY, self.zone)
        return self._begun[day]


def sightings(book: Book, days: Days) -> Iterator[Sighting]:
    """Money and value of each security, of every day on which one of them changed, unsorted.

    The money of accounts that add up; what others had, their snapshots say. Notes what is missing.
    """
    for account, path in _money_paths(book, days):
        for day, amount in _within(path, days):
            yield Sighting(days.begins(day), str(account.id), account.currency, amount)
    for line in book.lines:
        name = f"{line.account.id} {line.symbol} {line.currency}"
        for day, value in _values(line, days):
            is_unvalued = value is None
            if is_unvalued:
                book.quality.missing_prices.add(line.symbol)
            told = value or None
            yield Sighting(days.begins(day), name, line.currency, told, is_unvalued=is_unvalued)
        if held_on(line, days.last):
            worth(book, line, days.last)
    for symbol, currency in unreadable(book):
        at = days.begins(days.first)
        yield Sighting(at, f"{symbol} {currency}", currency, None, is_unvalued=True)


Path = list[tuple[date, Decimal]]


def _money_paths(book: Book, days: Days) -> Iterator[tuple[Account, Path]]:
    rows: dict[UUID, list[LedgerRow]] = defaultdict(list)
    for row in book.ledger.rows:
        rows[row.account_id].append(row)
    for account in book.ledger.accounts:
        if account.adds_up and account.balance is not None:
            yield account, _money_path(account, account.balance, rows[account.id], days)


def _money_path(account: Account, balance: Decimal, rows: Sequence[LedgerRow], days: Days) -> Path:
    """What it opened with, then what it had at the end of each day; what is pending is of today."""
    moved: dict[date, Decimal] = defaultdict(lambda: ZERO)
    for row in rows:
        if row.currency == account.currency:
            day = min(row.day, days.today)
            moved[day] = EXACT.add(moved[day], row.amount)
    opening = account.opening_balance or ZERO
    settled = EXACT.add(opening, total_of(moved.values()))
    moved[days.today] = EXACT.add(moved[days.today], EXACT.subtract(balance, settled))
    begun = account.created_at.astimezone(days.zone).date()
    path, money = [(min(begun, *moved), opening)], opening
    for day in sorted(moved):
        money = EXACT.add(money, moved[day])
        path.append((day, money))
    return path


def _within(path: Path, days: Days) -> Iterator[tuple[date, Decimal]]:
    """From the first day on, which has what was last known by then."""
    start = bisect_right(path, days.first, key=itemgetter(0))
    if start:
        yield days.first, path[start - 1][1]
    yield from (each for each in path[start:] if each[0] <= days.last)


def _values(line: Line, days: Days) -> Iterator[tuple[date, Decimal | None]]:
    """On the days on which quantity or price changed; None without a price, zero when all went."""
    held = {min(step.day, days.today): step.quantity for step in line.local.steps}
    prices, price = _prices(line, days)
    before = [day for day in held if day <= days.first]
    quantity, is_begun = held[max(before)] if before else ZERO, False
    later = {day for day in held if days.first < day <= days.last}
    for day in sorted({days.first, *prices, *later}):
        quantity, price = held.get(day, quantity), prices.get(day, price)
        is_begun = is_begun or bool(quantity)
        if is_begun:
            yield day, _value(quantity, price, line.currency)


def _prices(line: Line, days: Days) -> tuple[dict[date, Decimal], Decimal | None]:
    """Those after the first day until the last, and the last one by the first day."""
    start, end = (
        bisect_right(line.closes, day, key=itemgetter(0)) for day in (days.first, days.last)
    )
    return dict(line.closes[start:end]), line.closes[start - 1][1] if start else None


def _value(quantity: Decimal, price: Decimal | None, currency: str) -> Decimal | None:
    if not quantity:
        return ZERO
    return None if price is None else rounded(EXACT.multiply(quantity, price), currency)

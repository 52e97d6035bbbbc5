"""The series of a book: its value, money, flows and income day by day, in its currency."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import accumulate
from operator import attrgetter
from typing import TYPE_CHECKING, Final
from uuid import UUID

from coffers.application.investing.books import EARNED, INSIDE, Book, LedgerRow
from coffers.application.investing.valuing import held_on
from coffers.domain.investing.positions import OPENING
from coffers.domain.ledger.transactions import TransactionSubtype
from coffers.domain.markets.calendars import missed
from coffers.domain.markets.close_paths import last_by
from coffers.domain.markets.rates import rounded
from coffers.domain.money import EXACT, money_digits
from coffers.domain.paging import TooManyRows

if TYPE_CHECKING:
    from coffers.domain.investing.valuations import Asset, Cash, Days, Movement, Path, Valuation

UNKNOWN: Final = Decimal("NaN")
#: Series have at most this many days: thirty years.
MAX_DAYS: Final = 10_980
_NOTHING: Final = [(date.min, Decimal(0))]
_IN_KIND: Final = (TransactionSubtype.TRANSFER_IN, TransactionSubtype.TRANSFER_OUT)


async def series(book: Book, first: date, last: date) -> "Valuation":
    """The series of the whole book over these days; raises TooManyRows."""
    if (last - first).days >= MAX_DAYS:
        raise TooManyRows(f"At most {MAX_DAYS} days at a time: choose a shorter range.")
    return await asyncio.to_thread(valuation_of, book, first, last)


def exact_amount(amount: float, currency: str) -> Decimal | None:
    """To the currency's minor units, halves away from zero; None for what is not known."""
    if math.isnan(amount):
        return None
    return money_digits(rounded(Decimal(repr(amount)), currency), currency)


def valuation_of(book: Book, first: date, last: date) -> "Valuation":
    """Likewise, however long that takes."""
    from coffers.domain.investing.valuations import (  # noqa: PLC0415 - numpy is slow to load
        Days,
        Holdings,
        valued,
    )

    _note_missing_prices(book, first)
    _note_stale_prices(book, last)
    days = Days(first, last)
    held = Holdings(_assets(book), _cash(book), flows_of(book), income_of(book))
    return valued(days, held, _rate_paths(book, days))


def flows_of(book: Book) -> "list[Movement]":
    """What came in from outside (above zero) and what went there, each in its own currency."""
    return [*_flows(book), *_openings(book)]


def income_of(book: Book) -> "list[Movement]":
    """Dividends, interest and the like."""
    return list(_income(book))


def _note_missing_prices(book: Book, first: date) -> None:
    for line in book.lines:
        begun = max(first, line.local.steps[0].day) if line.local.steps else first
        if not line.closes or line.closes[0][0] > begun:
            book.quality.missing_prices.add(line.symbol)


def _note_stale_prices(book: Book, last: date) -> None:
    """Of what is held on the last day, as its last price of all counts on and on."""
    for line in book.lines:
        known = last_by(line.closes, last) if held_on(line, last) else None
        if known is not None and missed(line.security.calendar, known[0], last):
            book.quality.stale_prices[line.symbol] = known[0]


def _assets(book: Book) -> "list[Asset]":
    from coffers.domain.investing.valuations import Asset  # noqa: PLC0415 - as above

    return [
        Asset(line.currency, book.derivations.held(line.local, line.base), line.closes)
        for line in book.lines
    ]


def _cash(book: Book) -> "list[Cash]":
    from coffers.domain.investing.valuations import Cash  # noqa: PLC0415 - as above

    by_account = _by_account(book)
    return [
        Cash(account.currency, _balances(now, by_account.get(account.id, ())))
        for account in book.ledger.accounts
        if (now := account.money) is not None
    ]


def _balances(now: Decimal, rows: Sequence[LedgerRow]) -> "Path":
    """The money at the end of each day with movements, counted back from what there is now."""
    back = sorted(rows, key=attrgetter("day"), reverse=True)
    before = list(accumulate([row.amount for row in back], EXACT.subtract, initial=now))
    # Of a day the first is what its last movement left.
    by_day = dict(zip([row.day for row in reversed(back)], before[-2::-1], strict=True))
    return [(date.min, before[-1]), *by_day.items()]


def _by_account(book: Book) -> dict[UUID, list[LedgerRow]]:
    by_account: dict[UUID, list[LedgerRow]] = defaultdict(list)
    last, mine = None, list[LedgerRow]()
    for row in book.ledger.rows:
        # Rows of an account share its id's object: comparing ids costs more than all the rest.
        if row.account_id is not last:
            last, mine = row.account_id, by_account[row.account_id]
        mine.append(row)
    return by_account


def _flows(book: Book) -> "Iterator[Movement]":
    """What came from outside or went there.

    Where an account's money is not known, buying brings money in and selling takes it out.
    """
    from coffers.domain.investing.valuations import Movement  # noqa: PLC0415 - as above

    without = [each.id for each in book.ledger.accounts if each.money is None]
    closes = {(line.account.id, line.symbol, line.currency): line.closes for line in book.lines}
    for row in book.ledger.rows if without else book.ledger.beyond_trades:
        is_inside = row.transaction_type in INSIDE or row.subtype in EARNED
        if row.account_id in without:
            yield Movement(row.day, row.currency, EXACT.minus(row.amount))
        elif not is_inside:
            yield Movement(row.day, row.currency, row.amount)
        if row.subtype in _IN_KIND and row.symbol and row.quantity:
            # What has no line is in no value either.
            path = closes.get((row.account_id, row.symbol, row.currency), _NOTHING)
            sign = 1 if row.subtype is TransactionSubtype.TRANSFER_IN else -1
            yield Movement(row.day, row.currency, sign * _value(abs(row.quantity), path, row.day))


def _openings(book: Book) -> "Iterator[Movement]":
    """What was there before the history begins comes in at its market value of that day."""
    from coffers.domain.investing.valuations import Movement  # noqa: PLC0415 - as above

    for line in book.lines:
        opening = next((lot for lot in line.local.book.lots if lot.id == OPENING), None)
        if opening is not None and line.local.steps:
            first = line.local.steps[0]
            value = _value(first.quantity, line.closes, first.day)
            yield Movement(first.day, line.currency, value)


def _value(quantity: Decimal, closes: Sequence[tuple[date, Decimal]], day: date) -> Decimal:
    """At the last price by then; NaN without one."""
    known = last_by(closes, day)
    return UNKNOWN if known is None else EXACT.multiply(quantity, known[1])


def _income(book: Book) -> "Iterator[Movement]":
    from coffers.domain.investing.valuations import Movement  # noqa: PLC0415 - as above

    for row in book.ledger.beyond_trades:
        if row.subtype in EARNED:
            yield Movement(row.day, row.currency, row.amount)


def _rate_paths(book: Book, days: "Days") -> "dict[str, Path]":
    currencies = {line.currency for line in book.lines}
    currencies |= {row.currency for row in book.ledger.rows}
    currencies |= {account.currency for account in book.ledger.accounts}
    return {currency: rate_path(book, currency, days) for currency in sorted(currencies)}


def rate_path(book: Book, currency: str, days: "Days") -> "Path":
    """The rate of each day; NaN, and noted, where it is not known."""
    if currency == book.base_currency:
        return [(date.min, Decimal(1))]
    path, missing = [], list[date]()
    for day in days.all():
        rate = book.rates.rate(currency, book.base_currency, day)
        path.append((day, UNKNOWN if rate is None else rate.rate))
        if rate is None:
            missing.append(day)
    if missing:
        span = f"{currency}/{book.base_currency} {missing[0]} to {missing[-1]}"
        book.quality.missing_rates.add(span)
    return path

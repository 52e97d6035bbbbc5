"""The series of a book: its value, money, flows and income day by day, in its currency."""

import asyncio
import math
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from coffers.application.investing.books import EARNED, INSIDE, Book, Line
from coffers.application.investing.derivations import size_of
from coffers.application.investing.ledger_rows import LedgerRow, LedgerRows, Part, rows_of
from coffers.application.investing.price_notes import note_prices
from coffers.application.investing.tallies import Tally, settled_money, tallied
from coffers.domain.investing.lots import Step
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from coffers.domain.markets.close_paths import ClosePath, last_by
from coffers.domain.markets.rates import rounded
from coffers.domain.money import EXACT, money_digits, total_of
from coffers.domain.paging import TooManyRows

if TYPE_CHECKING:
    from coffers.domain.investing.spreads import Path
    from coffers.domain.investing.valuations import Asset, Cash, Days, Flows, Gathered, Valuation

UNKNOWN: Final = Decimal("NaN")
ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
#: Series have at most this many days: thirty years.
MAX_DAYS: Final = 10_980
#: Rates of so many days are as large as anything else that is remembered.
_DAYS_OF_ONE: Final = 100
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
    from coffers.domain.investing.valuations import Days, Holdings, valued

    note_prices(book, first, last)
    days = Days(first, last)
    held = Holdings(_assets(book), _cash(book), flows_of(book), income_of(book))
    return valued(days, held, _rate_paths(book, days))


def flows_of(book: Book) -> "Gathered":
    """What came in from outside (above zero) and what went there, each in its own currency."""
    from coffers.domain.investing.valuations import Gathered

    return Gathered([*_flows(book), *_openings(book)])


def income_of(book: Book) -> "Gathered":
    """Dividends, interest and the like."""
    from coffers.domain.investing.valuations import Gathered

    return Gathered([told.earned for _, told in _beyond_trades(book) if told.earned.amounts])


def _assets(book: Book) -> "list[Asset]":
    return [
        book.derivations.once(
            ("asset", line.account.id, line.symbol, line.currency),
            (line.local, line.base, line.closes),
            partial(_asset, line),
            size_of(line.local.steps),
        )
        for line in book.lines
    ] + [_dark(book) for _ in book.quality.unreadable]


def _dark(book: Book) -> "Asset":
    """Stands for what has a history that cannot be: something, of no known worth or cost."""
    from coffers.domain.investing.spreads import held_steps
    from coffers.domain.investing.valuations import Asset

    currency = book.ledger.accounts[0].currency
    return Asset(currency, held_steps([Step(date.min, ONE, UNKNOWN)], None), ())


def _asset(line: Line) -> "Asset":
    from coffers.domain.investing.spreads import held_steps
    from coffers.domain.investing.valuations import Asset

    costs = None if line.base is None else line.base.steps
    return Asset(line.currency, held_steps(line.local.steps, costs), line.closes)


def _cash(book: Book) -> "list[Cash]":
    return [_money(book, account) for account in book.ledger.accounts if account.money is not None]


def _money(book: Book, account: Account) -> "Cash":
    """The money at the end of each day with movements, counted back from what there is now.

    Movements in another currency are of other money; what is pending has not moved yet.
    """
    from coffers.domain.investing.valuations import Cash

    parts = [
        book.derivations.same(part, rows)
        for part, rows in book.ledger.parts.items()
        if (part[0], part[2]) == (account.id, account.currency)
    ]
    size = 1 + sum(size_of(rows) - 1 for rows in parts)
    tally = book.derivations.renewed(("tally", account.id), partial(tallied, parts), size)
    asked, make = (account.money, account.opening_balance), partial(_balances, tally, account)
    balances = book.derivations.once_each(
        ("money", account.id), (tally,), asked, make, most=1, size=size
    )
    return Cash(account.currency, balances)


def _balances(tally: Tally, account: Account) -> ClosePath:
    moved = tally.moved
    days, whole = sorted(moved), total_of(moved.values())
    before = EXACT.subtract(settled_money(account, whole) or ZERO, whole)
    money = accumulate((moved[day] for day in days), EXACT.add, initial=before)
    return ClosePath([date.min, *days], list(money))


def _flows(book: Book) -> "Iterator[Flows]":
    """What came from outside or went there.

    Where an account's money is not known, as it is in no other currency than its own, buying brings
    money in and selling takes it out.
    """
    known = {(each.id, each.currency) for each in book.ledger.accounts if each.money is not None}
    closes: dict[Part, Sequence[tuple[date, Decimal]]] = {
        (line.account.id, line.symbol, line.currency): line.closes for line in book.lines
    }
    for part, told in _beyond_trades(book):
        money = told.money if (part[0], part[2]) in known else _spent(book, part)
        if money.amounts:
            yield money
        # What has no line is in no value either.
        yield from _in_kind(told.in_kind, closes.get(part, _NOTHING))


def _spent(book: Book, part: Part) -> "Flows":
    rows = _rows(book, part)
    return book.derivations.once(("spent", part), (rows,), partial(_turned, rows))


def _turned(rows: LedgerRows) -> "Flows":
    """What is paid in or out besides is between outside and money that is in no value."""
    kinds = zip(rows.columns.types, rows.columns.subtypes, strict=True)
    moved = rows.where([kind in INSIDE or each in EARNED for kind, each in kinds]).columns
    return _told(rows.part[2], moved.days, list(map(EXACT.minus, moved.amounts)))


def _told(currency: str, days: Sequence[date], amounts: Sequence[Decimal]) -> "Flows":
    from coffers.domain.investing.valuations import Flows

    return Flows(currency, ClosePath(days, amounts))


def _in_kind(
    rows: Sequence[LedgerRow], closes: Sequence[tuple[date, Decimal]]
) -> "Iterator[Flows]":
    for row in rows:
        sign = 1 if row.subtype is TransactionSubtype.TRANSFER_IN else -1
        value = sign * _value(abs(row.quantity or ZERO), closes, row.day)
        yield _told(row.currency, [row.day], [value])


class _Beyond(NamedTuple):
    """What comes from outside or goes there, as money or in kind, and what was earned."""

    money: "Flows"
    in_kind: Sequence[LedgerRow]
    earned: "Flows"


def _beyond_trades(book: Book) -> "Iterator[tuple[Part, _Beyond]]":
    """Of the movements of each security in each account."""
    for part in book.ledger.parts:
        rows = _rows(book, part)
        yield part, book.derivations.once(("beyond", part), (rows,), partial(_beyond, rows))


def _rows(book: Book, part: Part) -> LedgerRows:
    """Those that were there before, if they are equal."""
    return rows_of(book.derivations.same(part, book.ledger.parts[part]))


def _beyond(rows: LedgerRows) -> _Beyond:
    types, subtypes = rows.columns.types, rows.columns.subtypes
    trade, buy, sell = TransactionType.TRADE, TransactionSubtype.BUY, TransactionSubtype.SELL
    # Most are trades, and are left aside before anything is looked for among others.
    others = [
        at
        for at, (kind, each) in enumerate(zip(types, subtypes, strict=True))
        if (each is not buy and each is not sell) or kind is not trade
    ]
    money = [at for at in others if types[at] not in INSIDE and subtypes[at] not in EARNED]
    earned = [at for at in others if subtypes[at] in EARNED]
    in_kind = [rows[at] for at in others if subtypes[at] in _IN_KIND]
    moved = [row for row in in_kind if row.symbol and row.quantity]
    return _Beyond(_chosen(rows, money), moved, _chosen(rows, earned))


def _chosen(rows: LedgerRows, places: Sequence[int]) -> "Flows":
    days, amounts = rows.columns.days, rows.columns.amounts
    return _told(rows.part[2], [days[at] for at in places], [amounts[at] for at in places])


def _openings(book: Book) -> "Iterator[Flows]":
    """What was there before the history begins comes in at its market value of that day."""
    for line in book.lines:
        for day, quantity in line.local.openings:
            yield _told(line.currency, [day], [_value(quantity, line.closes, day)])


def _value(quantity: Decimal, closes: Sequence[tuple[date, Decimal]], day: date) -> Decimal:
    """At the last price by then; NaN without one."""
    known = last_by(closes, day)
    return UNKNOWN if known is None else EXACT.multiply(quantity, known[1])


def _rate_paths(book: Book, days: "Days") -> "dict[str, Path]":
    currencies = {line.currency for line in book.lines}
    currencies |= {currency for _, _, currency in book.ledger.parts}
    currencies |= {account.currency for account in book.ledger.accounts}
    return {currency: rate_path(book, currency, days) for currency in sorted(currencies)}


def rate_path(book: Book, currency: str, days: "Days") -> "Path":
    """The rate of each day; NaN, and noted, where it is not known."""
    if currency == book.base_currency:
        return [(date.min, Decimal(1))]
    known = book.derivations.once(
        ("rates", currency, book.base_currency, days),
        (book.rates.mark,),
        lambda: _known_rates(book, currency, days),
        size=1 + len(days) // _DAYS_OF_ONE,
    )
    return _noted(book, currency, days) if known is None else known


def _known_rates(book: Book, currency: str, days: "Days") -> "Path | None":
    """None where one is missing."""
    found = book.rates.rates(currency, book.base_currency, days.all())
    rates = [each.rate for each in found if each is not None]
    return ClosePath(days.all(), rates) if len(rates) == len(found) else None


def _noted(book: Book, currency: str, days: "Days") -> "Path":
    path, missing = [], list[date]()
    for day in days.all():
        rate = book.rates.rate(currency, book.base_currency, day)
        path.append((day, UNKNOWN if rate is None else rate.rate))
        if rate is None:
            missing.append(day)
    span = f"{currency}/{book.base_currency} {missing[0]} to {missing[-1]}"
    book.quality.missing_rates.add(span)
    return path

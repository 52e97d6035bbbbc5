"""Contributions: what each security made of a portfolio's gain over a period."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from coffers.application.investing.books import Book, Line
from coffers.application.investing.ledger_rows import LedgerRows, rows_of
from coffers.application.investing.valuing import held_on, in_base, value_on
from coffers.domain.investing.reorganisations import Reorganisation
from coffers.domain.investing.replays import multiplied
from coffers.domain.ledger.transactions import TransactionSubtype
from coffers.domain.money import EXACT, known_total, total_of

ZERO: Final = Decimal(0)
_IN: Final = TransactionSubtype.TRANSFER_IN
_OUT: Final = TransactionSubtype.TRANSFER_OUT
_IN_KIND: Final = {_IN: -1, _OUT: 1}


def gains(book: Book, first: date, last: date) -> dict[str, Decimal | None]:
    """By symbol: worth at the end less worth at the start, and what trades and income paid.

    From the end of the first day to the end of the last, in the base currency; None where a price
    or a rate is missing.
    """
    found: dict[str, Decimal | None] = {}
    for line in book.lines:
        gain = book.derivations.once_each(
            ("gain", line.account.id, line.symbol, line.currency, book.base_currency),
            (line.local, line.closes, line.rows, book.rates.mark),
            (first, last),
            partial(_gain, book, line, first, last),
        )
        known = found.get(line.symbol, ZERO)
        found[line.symbol] = None if known is None or gain is None else EXACT.add(known, gain)
    for symbol, value in _passed_on(book, first, last):
        known = found.get(symbol)
        found[symbol] = None if known is None or value is None else EXACT.add(known, value)
    return found


def _gain(book: Book, line: Line, first: date, last: date) -> Decimal | None:
    return known_total(_parts(book, line, _between(line, first, last), first, last))


def _passed_on(book: Book, first: date, last: date) -> Iterator[tuple[str, Decimal | None]]:
    """What went from one security to another is no loss of the one, nor a gain of the other."""
    lines = {(line.account.id, line.symbol, line.currency): line for line in book.lines}
    for line in book.lines:
        for each in line.became:
            target = each.target and lines.get((line.account.id, *each.target))
            if target is not None and first < each.day <= last:
                value = _value_passed(book, line, target, each)
                yield line.symbol, value
                yield target.symbol, None if value is None else EXACT.minus(value)


def _value_passed(book: Book, line: Line, target: Line, each: Reorganisation) -> Decimal | None:
    """At the old one's last price; of a spin-off, whose old units stay, at the new one's first."""
    before = each.day - timedelta(days=1)
    if not each.stays:
        return value_on(book, line, before)
    came = multiplied(held_on(line, before), each.factor)
    return value_on(book, target, each.day, came)


def _between(line: Line, first: date, last: date) -> LedgerRows:
    """Its movements after the first day, until the last."""
    rows = rows_of(line.rows)
    start, end = (bisect_right(rows.columns.days, day) for day in (first, last))
    return rows.between(start, end)


def _parts(
    book: Book, line: Line, rows: LedgerRows, first: date, last: date
) -> Iterator[Decimal | None]:
    yield value_on(book, line, last)
    start = value_on(book, line, first)
    yield None if start is None else EXACT.minus(start)
    yield _paid(book, line, rows)
    for row in rows.where([each is _IN or each is _OUT for each in rows.columns.subtypes]):
        if row.quantity:
            value = value_on(book, line, row.day, abs(row.quantity))
            yield None if value is None else _IN_KIND[row.subtype] * value
    yield from _opening(book, line, first, last)


def _paid(book: Book, line: Line, rows: LedgerRows) -> Decimal | None:
    """What trades and income paid, each at the rate of its day; None where one is missing."""
    days, amounts = rows.columns.days, rows.columns.amounts
    if line.currency == book.base_currency:
        return total_of(amounts)
    found = book.rates.rates(line.currency, book.base_currency, days)
    if None in found:
        pairs = zip(amounts, days, strict=True)
        return known_total(in_base(book, amount, line.currency, day) for amount, day in pairs)
    rates = [each.rate for each in found if each is not None]
    return total_of(map(EXACT.multiply, amounts, rates))


def _opening(book: Book, line: Line, first: date, last: date) -> Iterator[Decimal | None]:
    """What was there before the history begins came in at its value of that day."""
    for day, quantity in line.local.openings:
        if first < day <= last:
            value = value_on(book, line, day, quantity)
            yield None if value is None else EXACT.minus(value)

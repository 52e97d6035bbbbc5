"""What prices a period had to do without: none at first, none for long, none at last."""

from bisect import bisect_left, bisect_right
from datetime import date

from coffers.application.investing.books import Book, Line, PriceGap
from coffers.application.investing.valuing import held_on
from coffers.domain.investing.columns import steps_of
from coffers.domain.markets.calendars import missed
from coffers.domain.markets.close_paths import begins, last_by, pauses


def note_prices(book: Book, first: date, last: date) -> None:
    """Note what is missing, what stood still, and what is old by the last day."""
    for line in book.lines:
        _note_missing(book, line, first)
        _note_gap(book, line, first, last)
        _note_stale(book, line, last)


def _note_missing(book: Book, line: Line, first: date) -> None:
    begun = max(first, line.local.steps[0].day) if line.local.steps else first
    known = begins(line.closes)
    if known is None or known > begun:
        book.quality.missing_prices.add(line.symbol)


def _note_stale(book: Book, line: Line, last: date) -> None:
    """Of what is held on the last day, as its last price of all counts on and on."""
    known = last_by(line.closes, last) if held_on(line, last) else None
    if known is not None and missed(line.security.calendar, known[0], last):
        book.quality.stale_prices[line.symbol] = known[0]


def _note_gap(book: Book, line: Line, first: date, last: date) -> None:
    """The longest that lies in the period with some days on which it was held."""
    for before, after in pauses(line.closes):
        if after > first and before < last and _is_held(line, max(before, first), min(after, last)):
            book.quality.note_gap(line.symbol, PriceGap(before, after))


def _is_held(line: Line, start: date, end: date) -> bool:
    """On the first day or any other before the end."""
    steps = steps_of(line.local.steps)
    known = max(bisect_right(steps.days, start) - 1, 0)
    return any(steps.quantities[known : bisect_left(steps.days, end)])

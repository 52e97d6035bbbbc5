"""What prices a period had to do without: none at first, none for long, none at last."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import date

from coffers.application.investing.books import Book, Line, PriceGap, Quality
from coffers.application.investing.valuing import held_on
from coffers.domain.investing.columns import steps_of
from coffers.domain.markets.calendars import TradingCalendar, missed
from coffers.domain.markets.close_paths import Close, begins, last_by, pauses


def note_prices(book: Book, first: date, last: date) -> None:
    """Note of what was held what is missing, what stood still, and what is old by the last day."""
    for line in book.lines:
        begun = max(first, line.local.steps[0].day) if line.local.steps else first
        _note_missing(book.quality, line.symbol, line.closes, begun)
        for gap in _gaps(line.closes, first, last):
            if _is_held(line, max(gap.before, first), min(gap.after, last)):
                book.quality.note_gap(line.symbol, gap)
        if held_on(line, last):
            _note_old(book.quality, line.symbol, line.closes, line.security.calendar, last)


def note_comparison(
    quality: Quality,
    symbol: str,
    closes: Sequence[Close],
    calendar: TradingCalendar,
    period: tuple[date, date],
) -> None:
    """Note likewise of what a portfolio is compared with, on all days of the period."""
    _note_missing(quality, symbol, closes, period[0])
    for gap in _gaps(closes, *period):
        quality.note_gap(symbol, gap)
    _note_old(quality, symbol, closes, calendar, period[1])


def _note_missing(quality: Quality, symbol: str, closes: Sequence[Close], first: date) -> None:
    known = begins(closes)
    if known is None or known > first:
        quality.missing_prices.add(symbol)


def _note_old(
    quality: Quality, symbol: str, closes: Sequence[Close], calendar: TradingCalendar, last: date
) -> None:
    """The last price of all counts on and on."""
    known = last_by(closes, last)
    if known is not None and missed(calendar, known[0], last):
        quality.stale_prices[symbol] = known[0]


def _gaps(closes: Sequence[Close], first: date, last: date) -> Iterator[PriceGap]:
    for before, after in pauses(closes):
        if after > first and before < last:
            yield PriceGap(before, after)


def _is_held(line: Line, start: date, end: date) -> bool:
    """On the first day or any other before the end."""
    steps = steps_of(line.local.steps)
    known = max(bisect_right(steps.days, start) - 1, 0)
    return any(steps.quantities[known : bisect_left(steps.days, end)])

"""Periods: from the end of a first day to the end of a last, by name or by dates."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from coffers.application.investing.books import Book
from coffers.domain.ranges import check_range


class Span(StrEnum):
    """The usual periods, ending today."""

    MONTH = "1m"
    QUARTER = "3m"
    HALF_YEAR = "6m"
    YEAR_TO_DATE = "ytd"
    YEAR = "1y"
    TWO_YEARS = "2y"
    FIVE_YEARS = "5y"
    MAX = "max"


_MONTHS: Final = {
    Span.MONTH: 1,
    Span.QUARTER: 3,
    Span.HALF_YEAR: 6,
    Span.YEAR: 12,
    Span.TWO_YEARS: 24,
    Span.FIVE_YEARS: 60,
}


@dataclass(frozen=True, slots=True)
class PeriodAsked:
    """A usual span, or days of one's own; both ends count.

    `benchmark_id` is what to compare with in place of the portfolio's own.
    """

    span: Span = Span.MAX
    first: date | None = None
    last: date | None = None
    benchmark_id: UUID | None = None


def resolve(asked: PeriodAsked, book: Book, today: date) -> tuple[date, date]:
    """The first and last day; not before the day before anything is known, not after today.

    Raises RangeInvalid.
    """
    check_range(asked.first, asked.last)
    last = min(asked.last or today, today)
    before = (book.first or last) - timedelta(days=1)
    first = asked.first or _first(asked.span, last) or before
    return min(max(first, before), last), last


def _first(span: Span, last: date) -> date | None:
    if span is Span.YEAR_TO_DATE:
        return date(last.year - 1, 12, 31)
    return None if span is Span.MAX else months_before(last, _MONTHS[span])


def months_before(day: date, months: int) -> date:
    """The same day so many months before; the last of the month where it has no such day."""
    place = day.year * 12 + day.month - 1 - months
    year, month = divmod(place, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)  # noqa: PLR2004 - December
    return date(year, month + 1, min(day.day, (following - timedelta(days=1)).day))

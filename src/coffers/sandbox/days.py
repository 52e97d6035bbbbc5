"""The sandbox's calendar: when its history begins, when markets are open, how far today may go."""

from datetime import date, timedelta
from typing import Final

FIRST_DAY: Final = date(2019, 1, 1)
#: Today lies between these two: there are always 5 years of history, and never endless ones.
FIRST_TODAY: Final = date(2024, 1, 1)
LAST_TODAY: Final = date(2049, 12, 31)

DAY: Final = timedelta(days=1)
_HOLIDAYS: Final = {(1, 1), (7, 4), (12, 25)}
_SATURDAY: Final = 5
_FRIDAY: Final = 4


def is_business_day(day: date) -> bool:
    """Whether markets and banks are open."""
    return day.weekday() < _SATURDAY and (day.month, day.day) not in _HOLIDAYS


def business_day(day: date) -> date:
    """Answer the day itself or the first business day after it."""
    while not is_business_day(day):
        day += DAY
    return day


def next_business_day(day: date, count: int = 1) -> date:
    """Answer the business day that many after the day."""
    for _ in range(count):
        day = business_day(day + DAY)
    return day


def is_month_end(day: date) -> bool:
    """Whether tomorrow is another month."""
    return (day + DAY).month != day.month


def is_first_business_day(day: date) -> bool:
    """Whether this is the first business day of its month."""
    return day == business_day(day.replace(day=1))


def third_friday(day: date) -> date:
    """Tell when the listed options of the day's month expire."""
    first = day.replace(day=1)
    return first + timedelta(days=(_FRIDAY - first.weekday()) % 7 + 14)


def month_after(day: date) -> date:
    """Answer the first day of the next month."""
    return (day.replace(day=28) + 4 * DAY).replace(day=1)


def days_between(first: date, last: date) -> list[date]:
    """Every day from the first to the last, inclusive; none when the last is earlier."""
    return [first + count * DAY for count in range((last - first).days + 1)]


def years_before(day: date) -> int:
    """Whole calendar years since the history began."""
    return day.year - FIRST_DAY.year

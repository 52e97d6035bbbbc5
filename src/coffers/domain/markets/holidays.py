"""Holidays of the main exchanges, by their own published rules, since 2000.

Half days count as trading days. What an exchange closed for once (a funeral, a storm) is listed.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from typing import Final

#: The rules are those of the years from this one on.
FIRST_YEAR: Final = 2000
_MONDAY: Final = 0
_THURSDAY: Final = 3
_SATURDAY: Final = 5
_SUNDAY: Final = 6
_DAY: Final = timedelta(days=1)

Rule = Callable[[int], Iterator[date]]


@cache
def holidays(market: str, year: int) -> frozenset[date]:
    """The weekdays of a year on which the market with this code is closed."""
    return frozenset(day for day in _RULES[market](year) if day.weekday() < _SATURDAY)


def is_known(market: str) -> bool:
    """Whether there are rules for the market with this code (ISO 10383)."""
    return market in _RULES


def easter(year: int) -> date:
    """Easter Sunday (Meeus, Jones and Butcher's Gregorian algorithm)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    month, day = divmod(h + i - 7 * ((a + 11 * h + 22 * i) // 451) + 114, 31)
    return date(year, month, day + 1)


def _after_easter(year: int, days: int) -> date:
    return easter(year) + timedelta(days=days)


def _nth(year: int, month: int, weekday: int, number: int) -> date:
    """The so-manieth of its kind in the month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))


def _last_monday(year: int, month: int) -> date:
    last = _nth(year, month, _MONDAY, 5)
    return last if last.month == month else last - timedelta(days=7)


def _nearest(day: date) -> date:
    """On a Saturday the Friday before, on a Sunday the Monday after (NYSE Rule 7.2)."""
    return day + {_SATURDAY: -_DAY, _SUNDAY: _DAY}.get(day.weekday(), timedelta(0))


def _following(day: date) -> date:
    """The Monday after, if it is at a week's end."""
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() >= _SATURDAY else day


def _christmas(year: int) -> Iterator[date]:
    """Christmas and Boxing Day, each with a working day of its own to make up for a weekend."""
    first, second = date(year, 12, 25), date(year, 12, 26)
    yield first if first.weekday() < _SATURDAY else date(year, 12, 27)
    yield second if second.weekday() < _SATURDAY else date(year, 12, 28)
    if first.weekday() == _SUNDAY:
        yield second


def _new_york(year: int) -> Iterator[date]:
    new_year = date(year, 1, 1)
    yield new_year + _DAY if new_year.weekday() == _SUNDAY else new_year
    yield _nth(year, 1, _MONDAY, 3)
    yield _nth(year, 2, _MONDAY, 3)
    yield _after_easter(year, -2)
    yield _last_monday(year, 5)
    if year >= 2022:  # noqa: PLR2004 - Juneteenth since then
        yield _nearest(date(year, 6, 19))
    yield _nearest(date(year, 7, 4))
    yield _nth(year, 9, _MONDAY, 1)
    yield _nth(year, 11, _THURSDAY, 4)
    yield _nearest(date(year, 12, 25))
    yield from _once(year, _NEW_YORK_ONCE)


_NEW_YORK_ONCE: Final = (
    "2001-09-11 2001-09-12 2001-09-13 2001-09-14 2004-06-11 2007-01-02 2012-10-29 2012-10-30"
    " 2018-12-05 2025-01-09"
)


def _london(year: int) -> Iterator[date]:
    yield _following(date(year, 1, 1))
    yield _after_easter(year, -2)
    yield _after_easter(year, 1)
    yield date(2020, 5, 8) if year == 2020 else _nth(year, 5, _MONDAY, 1)  # noqa: PLR2004 - 75 years of VE Day
    if year not in {2002, 2012, 2022}:  # moved for the jubilees, which are listed
        yield _last_monday(year, 5)
    yield _last_monday(year, 8)
    yield from _christmas(year)
    yield from _once(year, _LONDON_ONCE)


_LONDON_ONCE: Final = (
    "2002-06-03 2002-06-04 2011-04-29 2012-06-04 2012-06-05 2022-06-02 2022-06-03 2022-09-19"
    " 2023-05-08"
)


def _frankfurt(year: int) -> Iterator[date]:
    yield from _continental(year)
    yield from _eves(year)
    if year == 2007 or 2015 <= year <= 2021:  # noqa: PLR2004 - Whit Monday in these years only
        yield _after_easter(year, 50)
    if 2014 <= year <= 2021:  # noqa: PLR2004 - German Unity Day, likewise
        yield date(year, 10, 3)
    yield from _once(year, "2017-10-31")


def _paris(year: int) -> Iterator[date]:
    yield from _continental(year)
    yield from _once(year, "2000-06-12 2000-07-14 2001-06-04 2001-12-31")


def _continental(year: int) -> Iterator[date]:
    yield date(year, 1, 1)
    yield _after_easter(year, -2)
    yield _after_easter(year, 1)
    yield date(year, 5, 1)
    yield date(year, 12, 25)
    yield date(year, 12, 26)


def _eves(year: int) -> Iterator[date]:
    yield date(year, 12, 24)
    yield date(year, 12, 31)


def _milan(year: int) -> Iterator[date]:
    yield from _continental(year)
    yield from _eves(year)
    yield date(year, 8, 15)


def _zurich(year: int) -> Iterator[date]:
    yield from _continental(year)
    yield from _eves(year)
    yield date(year, 1, 2)
    yield _after_easter(year, 39)
    yield _after_easter(year, 50)
    yield date(year, 8, 1)


def _toronto(year: int) -> Iterator[date]:
    yield _following(date(year, 1, 1))
    if year >= 2008:  # noqa: PLR2004 - Family Day since then
        yield _nth(year, 2, _MONDAY, 3)
    yield _after_easter(year, -2)
    yield date(year, 5, 24) - timedelta(days=date(year, 5, 24).weekday())
    yield _following(date(year, 7, 1))
    yield _nth(year, 8, _MONDAY, 1)
    yield _nth(year, 9, _MONDAY, 1)
    yield _nth(year, 10, _MONDAY, 2)
    yield from _christmas(year)
    yield from _once(year, "2001-09-11 2001-09-12")


def _once(year: int, days: str) -> Iterator[date]:
    for day in map(date.fromisoformat, days.split()):
        if day.year == year:
            yield day


_RULES: Final[Mapping[str, Rule]] = {
    "XNYS": _new_york,
    "XLON": _london,
    "XETR": _frankfurt,
    "XPAR": _paris,
    "XMIL": _milan,
    "XSWX": _zurich,
    "XTSE": _toronto,
}

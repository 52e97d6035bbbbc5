"""Dates as files write them: the day as written there, whatever clock time or zone follows it."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from typing import Final

from coffers.infrastructure.statements.refusals import FieldUnreadable

MIN_YEAR: Final = 1900
MAX_YEAR: Final = 2100
MAX_CHARACTERS: Final = 64

#: OFX 2.2, 3.2.8: YYYYMMDDHHMMSS.XXX[offset:zone]. What follows the day may be odd ("[-:EST]").
_OFX: Final = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})(?:[0-9]{2}){0,3}(?:[.,:][0-9]*)?\s*(?:\[[^][]*\]?)?"
)
_ISO: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:(?:T|Z|[+-]| ).*)?")
#: Quicken writes 1/31/24, 1/31'24, 01-31-2024 and 1/ 5/24; an apostrophe means this century.
_QIF: Final = re.compile(
    r"(?P<first>[0-9]{1,4}) *(?P<mark>[/.-]) *(?P<second>[0-9]{1,2}) *"
    r"(?P<mark2>[/.'-]) *(?P<last>[0-9]{1,4})"
)

_DIRECTIVES: Final = {
    "%d": "(?P<day>[0-9]{1,2})",
    "%m": "(?P<month>[0-9]{1,2})",
    "%b": "(?P<name>[A-Za-z]{3})[a-z.]*",
    "%Y": "(?P<year>[0-9]{4})",
    "%y": "(?P<short>[0-9]{2})",
}
_MONTHS: Final = [
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
]
#: POSIX: two-digit years up to 68 belong to this century.
_PIVOT: Final = 68
_MONTHS_A_YEAR: Final = 12


def ofx_day(text: str) -> date:
    """The day of an OFX date or instant."""
    match = _matched(_OFX, text)
    return _day(int(match[1]), int(match[2]), int(match[3]))


def iso_day(text: str) -> date:
    """The day of an ISO 8601 date or instant."""
    match = _matched(_ISO, text)
    return _day(int(match[1]), int(match[2]), int(match[3]))


def patterned_day(text: str, patterns: Sequence[str]) -> date:
    """The day written in the first of these patterns (%d %m %b %Y %y) that fits.

    What follows behind a blank or a T is ignored.
    """
    fitting = [compiled for compiled in map(_compiled, patterns) if compiled.fullmatch(text)]
    found = _matched(fitting[0] if fitting else _compiled(patterns[0]), text).groupdict()
    year = int(found["year"]) if found.get("year") else _century(int(found["short"]))
    month = int(found["month"]) if found.get("month") else _month(found["name"])
    return _day(year, month, int(found["day"]))


def is_date_pattern(pattern: str) -> bool:
    """Whether the pattern names a day, a month and a year, each once, and nothing unknown."""
    used = sorted(re.findall(r"%(.?)", pattern))
    return used in (["Y", "d", "m"], ["d", "m", "y"], ["Y", "b", "d"], ["b", "d", "y"])


def qif_day(text: str, *, day_first: bool) -> date:
    """The day of a QIF date."""
    match = _matched(_QIF, text)
    first, second, last = int(match["first"]), int(match["second"]), int(match["last"])
    if _is_year(match["first"]):
        return _day(first, second, last)
    if not _is_year(match["last"]):
        last = _century(last, apostrophe=match["mark2"] == "'")
    return _day(last, second, first) if day_first else _day(last, first, second)


def is_day_first(texts: Iterable[str]) -> bool | None:
    """Whether these QIF dates put the day before the month; None if they may do either."""
    matches = [match for match in map(_QIF.fullmatch, texts) if match]
    turned = [match for match in matches if not _is_year(match["first"])]
    if any(match["mark"] == "." or int(match["first"]) > _MONTHS_A_YEAR for match in turned):
        return True
    if any(int(match["second"]) > _MONTHS_A_YEAR for match in turned):
        return False
    return None if any(match["first"] != match["second"] for match in turned) else False


def _is_year(digits: str) -> bool:
    return len(digits) == 4  # noqa: PLR2004 - four digits


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(%.)", pattern)
    return re.compile(
        "".join(_DIRECTIVES.get(part, re.escape(part)) for part in parts) + r"(?:[ T].*)?"
    )


def _matched(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    if not text:
        raise FieldUnreadable("missing", "a date is missing.")
    match = pattern.fullmatch(text) if len(text) <= MAX_CHARACTERS else None
    if match is None:
        raise FieldUnreadable("not_a_date", "this is not a date of the expected form.")
    return match


def _month(name: str) -> int:
    if name.lower() not in _MONTHS:
        raise FieldUnreadable("not_a_date", "this is not the English name of a month.")
    return _MONTHS.index(name.lower()) + 1


def _century(short: int, *, apostrophe: bool = False) -> int:
    return 2000 + short if apostrophe or short <= _PIVOT else 1900 + short


def _day(year: int, month: int, day: int) -> date:
    if not MIN_YEAR <= year <= MAX_YEAR:
        raise FieldUnreadable("out_of_range", f"years go from {MIN_YEAR} to {MAX_YEAR}.")
    try:
        return date(year, month, day)
    except ValueError as error:
        raise FieldUnreadable("not_a_date", "there is no such day in the calendar.") from error

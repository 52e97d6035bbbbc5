"""Cadences: how often something comes back, and on which day next."""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median_low
from typing import Final

#: Stands for the last day of whatever month.
MONTH_END: Final = 31


class Cadence(StrEnum):
    """How often something comes back."""

    WEEKLY = "weekly"
    EVERY_TWO_WEEKS = "every_two_weeks"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A cadence in days or months; `grace` days early or late still belong to the day.

    `least` occurrences make a series; after `patience` missed ones in a row it has ended.
    """

    days: int
    months: int
    grace: int
    least: int
    patience: int


RHYTHMS: Final = {
    Cadence.WEEKLY: Rhythm(days=7, months=0, grace=2, least=3, patience=3),
    Cadence.EVERY_TWO_WEEKS: Rhythm(days=14, months=0, grace=3, least=3, patience=3),
    Cadence.MONTHLY: Rhythm(days=0, months=1, grace=5, least=3, patience=3),
    Cadence.QUARTERLY: Rhythm(days=0, months=3, grace=10, least=3, patience=2),
    Cadence.YEARLY: Rhythm(days=0, months=12, grace=15, least=2, patience=1),
}


def add_months(day: date, months: int, anchor: int | None = None) -> date:
    """So many months later on the anchor's day of the month, or on the last if there is none.

    The day's own is the anchor unless another is told: 31 January and a month is the last of
    February.
    """
    place = day.year * 12 + day.month - 1 + months
    year, month = place // 12, place % 12 + 1
    return date(year, month, min(anchor or day.day, monthrange(year, month)[1]))


def step(cadence: Cadence, day: date, count: int = 1) -> date:
    """The day so many turns of the cadence later."""
    rhythm = RHYTHMS[cadence]
    return add_months(day, rhythm.months * count) + timedelta(days=rhythm.days * count)


def following(cadence: Cadence, day: date, anchor: int) -> date:
    """When the next one is due after one on this day, which may have been early or late itself."""
    rhythm = RHYTHMS[cadence]
    if not rhythm.months:
        return day + timedelta(days=rhythm.days)
    around = [add_months(day.replace(day=1), months, anchor) for months in (-1, 0, 1)]
    meant = min(around, key=lambda each: abs(each - day))
    return add_months(meant, rhythm.months, anchor)


def due_days(cadence: Cadence, first: date, anchor: int, until: date) -> Iterator[date]:
    """The days from the first on until that day, both included."""
    day = first
    while day <= until:
        yield day
        day = following(cadence, day, anchor)


def anchor_of(days: Sequence[date]) -> int:
    """The day of the month that they keep to: the last, the most frequent, or the middle one."""
    if all(day.day == monthrange(day.year, day.month)[1] for day in days):
        return MONTH_END
    numbers = [day.day for day in days]
    count, number = max((count, number) for number, count in Counter(numbers).items())
    return number if count > 1 else median_low(numbers)


def regular_steps(cadence: Cadence, days: Sequence[date]) -> int:
    """How many of the steps from day to day, in their order, are one turn of the cadence."""
    grace = timedelta(days=RHYTHMS[cadence].grace)
    return sum(abs(step(cadence, one) - after) <= grace for one, after in pairwise(days))

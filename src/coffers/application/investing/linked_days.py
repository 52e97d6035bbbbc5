"""How returns are linked: from each flow to the next, since days without flows cancel out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from coffers.domain.investing.returns import DayValue


@dataclass(frozen=True, slots=True)
class Link:
    """From the end of one day to the end of another; flows, if any, are of the last."""

    first: DayValue
    last: DayValue


def links(days: Sequence[DayValue]) -> Iterator[Link]:
    """What a time-weighted return is the product of; every value is known.

    A day on which nothing was invested links as no change.
    """
    first = days[0]
    for before, day in pairwise(days):
        if not (day.inflow or day.outflow) and (before.value or 0) > 0:
            continue
        if before is not first:
            yield Link(first, before)
        if (before.value or 0) + day.inflow > 0:
            yield Link(before, day)
        first = day
    if days[-1] is not first:
        yield Link(first, days[-1])

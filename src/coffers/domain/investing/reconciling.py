"""Since when what movements add up to is not what a source reports to be held."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from coffers.domain.investing.lots import Step

ZERO: Final = Decimal(0)

#: How much, from each of these days on.
Told = Sequence[tuple[date, Decimal]]


def parted_on(derived: Sequence[Step], told: Told) -> date | None:
    """The first day since which both never agreed again; None while they agree.

    Nothing is known of the days before the source first told of the position. A difference that
    passes, such as that of a trade on its way, is none.
    """
    if not told:
        return None
    first, since = told[0][0], None
    ours = [(step.day, step.quantity) for step in derived]
    days = {first, *(day for day, _ in (*ours, *told) if day > first)}
    for day in sorted(days):
        if _on(ours, day) == _on(told, day):
            since = None
        elif since is None:
            since = day
    return since


def _on(told: Told, day: date) -> Decimal:
    return next((quantity for since, quantity in reversed(told) if since <= day), ZERO)

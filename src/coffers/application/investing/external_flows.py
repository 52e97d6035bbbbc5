"""External flows of a valuation, as returns count them."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from coffers.domain.investing.returns import Flow, Payments

if TYPE_CHECKING:
    from coffers.domain.investing.spreads import Series
    from coffers.domain.investing.valuations import Days, Valuation


def payments(valuation: "Valuation", start: Decimal, end: Decimal) -> Payments:
    """As the investor sees them: what is there at first is paid in, what is left is paid out."""
    import numpy as np

    amounts = valuation.outflow - valuation.inflow
    amounts[0] = 0.0
    amounts[-1] = float(Decimal(repr(float(amounts[-1]))) + end)
    amounts[0] -= float(start)
    places, days = np.flatnonzero(amounts), valuation.days
    ordinals = places + days.first.toordinal()
    return Payments(ordinals, amounts[places], len(days) - 1)


def paid_in(valuation: "Valuation") -> list[Flow]:
    """As the portfolio sees them, after the first day, be its value known on those days or not.

    What comes in at the start of a day has been there since the end of the day before.
    """
    came = (
        Flow(day - timedelta(days=1), amount)
        for day, amount in _within(valuation.inflow, valuation.days)
    )
    went = (Flow(day, -amount) for day, amount in _within(valuation.outflow, valuation.days))
    return [*came, *went]


def _within(amounts: "Series", days: "Days") -> Iterator[tuple[date, Decimal]]:
    import numpy as np

    from coffers.domain.floats import decimals

    places = np.flatnonzero(amounts[1:]) + 1
    found = map(date.fromordinal, (places + days.first.toordinal()).tolist())
    return zip(found, decimals(amounts[places]), strict=True)

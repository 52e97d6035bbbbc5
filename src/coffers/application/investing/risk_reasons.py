"""Why some numbers of risk are not there: the first reason that holds."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from coffers.domain.investing.returns import Undefined

if TYPE_CHECKING:
    from coffers.domain.investing.risk import Series

EVERYTHING: Final = -1


def lacking(returns: "Series", ratios: Sequence[str | None]) -> Undefined | None:
    """Of what is measured over these returns, none if there are too few; None if all is there.

    The ratios are those that are null where what they divide by is nothing.
    """
    if not returns.size:
        return Undefined.TOO_FEW_RETURNS
    return _yearless(returns) or (Undefined.NO_VARIATION if None in ratios else None)


def _yearless(returns: "Series") -> Undefined | None:
    from coffers.domain.investing import risk

    if risk.annual_return(returns) is not None:
        return None
    growth = risk.cumulative(returns)
    is_all_lost = growth is not None and growth <= EVERYTHING
    return Undefined.ALL_LOST if is_all_lost else Undefined.TOO_LARGE

"""Prices to read: what reports, portfolios and charts are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol, TypeAlias
from uuid import UUID

from coffers.domain.markets.close_paths import ClosePath
from coffers.domain.markets.corporate_actions import CorporateAction
from coffers.domain.markets.prices import StoredBar

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


#: Raw closing prices of one asset in its currency.
Closes: TypeAlias = ClosePath


@dataclass(frozen=True, slots=True)
class CloseArrays:
    """Such prices for calculations: days as `datetime64[D]`, closes as floats."""

    days: "npt.NDArray[np.datetime64]"
    closes: "npt.NDArray[np.float64]"


class PriceLookups(Protocol):
    """Prices to read. Whether the caller may see the assets was asked before."""

    async def closes(
        self, asset_ids: Sequence[UUID], first: date, last: date
    ) -> dict[UUID, Closes]:
        """Raw closes of these days, both included, of the assets that have any."""
        ...

    async def close_arrays(
        self, asset_ids: Sequence[UUID], first: date, last: date
    ) -> dict[UUID, CloseArrays]:
        """Likewise, as arrays, read off the event loop."""
        ...

    async def bars(self, asset_id: UUID, first: date, last: date) -> list[StoredBar]:
        """Raw bars of these days, oldest first; raises TooManyRows."""
        ...

    async def bar(self, asset_id: UUID, day: date) -> StoredBar:
        """That of a day; raises PriceNotFound."""
        ...

    async def last(
        self, asset_ids: Sequence[UUID], day: date, *, count: int = 1
    ) -> dict[UUID, list[StoredBar]]:
        """The newest bars of each on or before the day: 1 or 2 at most, oldest first."""
        ...

    async def actions(
        self, asset_ids: Sequence[UUID], first: date | None = None, last: date | None = None
    ) -> dict[UUID, list[CorporateAction]]:
        """What happened to these assets, by day; None is open."""
        ...

    async def origins(self, asset_ids: Sequence[UUID]) -> dict[UUID, list[CorporateAction]]:
        """Symbol changes and others that made one of these assets: by `new_asset_id`."""
        ...

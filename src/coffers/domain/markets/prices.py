"""Prices: one bar of an asset's trading day, kept as it was quoted that day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import Invalid, NotFound
from coffers.domain.ids import UserId
from coffers.domain.money import check_bounds

#: What its owner told by hand, or in a file.
MANUAL: Final = "manual"
UPLOAD: Final = "upload"
#: Bars of one upload.
MAX_BARS: Final = 20_000
#: A close that a source tells is at most so many times that of the day before, or a part of it.
ABSURD: Final = Decimal(100)
#: Nothing is quoted above this.
HIGHEST: Final = Decimal(10) ** 12
#: No history that anybody asks for begins before.
FIRST_DAY: Final = date(1901, 1, 1)
MAX_SOURCE: Final = 40


@dataclass(frozen=True, slots=True)
class Bar:
    """A day's prices in the asset's currency, raw: no split and no dividend is worked in."""

    day: date
    close: Decimal
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    volume: Decimal | None = None


@dataclass(frozen=True, slots=True)
class StoredBar:
    """A bar as it is kept: where it is from, and since when."""

    bar: Bar
    source: str
    updated_at: datetime


class Prices(Protocol):
    """Where prices are kept. Whether the caller may see or change the asset was asked before."""

    async def put(
        self,
        bars: Mapping[UUID, Sequence[Bar]],
        owners: Mapping[UUID, UserId | None],
        *,
        source: str,
        now: datetime,
    ) -> None:
        """Keep the bars of each asset, in the place of those of the same days.

        What an owner told, `manual` or `upload`, gives way only to what an owner tells.
        """
        ...

    async def remove(self, asset_id: UUID, day: date) -> bool:
        """Forget a day; whether there was one."""
        ...

    async def last(self, asset_ids: Sequence[UUID], day: date) -> dict[UUID, StoredBar]:
        """The newest bar of each on or before the day, of those that have one."""
        ...


def check_bar(bar: Bar, *, latest: date) -> Bar:
    """The bar; raises PriceInvalid for what no day can have been."""
    if bar.day > latest:
        raise PriceInvalid("A price of the future is not known.", field="date")
    if bar.day < FIRST_DAY:
        raise PriceInvalid(f"Prices are kept from {FIRST_DAY} on.", field="date")
    for name in ("close", "open", "high", "low"):
        _check_price(getattr(bar, name), name)
    if bar.volume is not None and (not bar.volume.is_finite() or bar.volume < 0):
        raise PriceInvalid("A volume is not below zero.", field="volume")
    told = [each for each in (bar.open, bar.close) if each is not None]
    if bar.high is not None and bar.high < max(told):
        raise PriceInvalid("The highest price is below another one of the day.", field="high")
    if bar.low is not None and bar.low > min(told):
        raise PriceInvalid("The lowest price is above another one of the day.", field="low")
    if bar.high is not None and bar.low is not None and bar.low > bar.high:
        raise PriceInvalid("The lowest price is above the highest.", field="low")
    return bar


def is_absurd(before: Decimal, close: Decimal) -> bool:
    """Whether no market moves so far from one day to the next."""
    return close > before * ABSURD or before > close * ABSURD


def _check_price(price: Decimal | None, name: str) -> None:
    if price is None:
        return
    if not price.is_finite() or not 0 < price <= HIGHEST:
        raise PriceInvalid("A price is above zero and at most 10^12.", field=name)
    check_bounds(price)


class PriceInvalid(Invalid):
    """No price of a day can be this."""


class PriceNotFound(NotFound):
    """No price is known of this day."""


@dataclass(frozen=True, slots=True)
class RowFlaw:
    """What is wrong with a row, which counts from 1; its field, if it is one."""

    row: int
    field: str | None
    message: str
    code: str = "price_invalid"


class SeriesInvalid(Invalid):
    """Rows of an upload are wrong: nothing of it was kept. `rows` says which and why."""

    def __init__(self, detail: str, rows: Sequence[RowFlaw] = ()) -> None:
        super().__init__(detail)
        self.rows = list(rows)

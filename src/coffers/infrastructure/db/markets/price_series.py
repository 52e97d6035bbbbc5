"""Prices to read: whole series of many assets in one statement, and the newest of each."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from coffers.application.markets.prices import CloseArrays, Closes, PriceLookups
from coffers.domain.markets.close_paths import ToldPath
from coffers.domain.markets.corporate_actions import CorporateAction
from coffers.domain.markets.prices import PriceNotFound, StoredBar
from coffers.domain.paging import MAX_UNPAGED, TooManyRows
from coffers.infrastructure.db.markets.corporate_actions import C, action_of, corporate_actions
from coffers.infrastructure.db.markets.price_marks import marks_of
from coffers.infrastructure.db.markets.prices import LAST, P, prices, stored_bar
from coffers.infrastructure.db.markets.remembered_closes import RememberedCloses
from coffers.infrastructure.db.reader import Reader, Rows
from coffers.infrastructure.db.spellings import is_among
from coffers.infrastructure.db.types import Ids

S = TypeVar("S")
#: Assets in one statement: the answer of 3,660 days each stays a few megabytes.
AT_ONCE: Final = 100


class joined(FunctionElement[str]):  # noqa: N801 - reads as a function in queries
    """The column's values as text with commas between, by day."""

    inherit_cache = True


# Any, here and below: the compiler's own types.
@compiles(joined)
def _joined(element: joined, compiler: Any, **kw: Any) -> str:
    column, day = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"string_agg(CAST({column} AS TEXT), ',' ORDER BY {day})"


@compiles(joined, "sqlite")
def _joined_sqlite(element: joined, compiler: Any, **kw: Any) -> str:
    # SQLite aggregates in the order of the subquery below, which is that of the key.
    column, _ = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"group_concat({column}, ',')"


class SqlPriceLookups(PriceLookups):
    """Prices to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._remembered = RememberedCloses()

    async def closes(
        self, asset_ids: Sequence[UUID], first: date, last: date
    ) -> dict[UUID, Closes]:
        """As the port says."""
        # The marks first: what is read after them is never older than they say.
        marks = await marks_of(self._reader, asset_ids)
        known = self._remembered.of(marks, asset_ids, first, last)
        unknown = [asset_id for asset_id in asset_ids if asset_id not in known]
        read = await self._series(unknown, first, last, ToldPath)
        self._remembered.keep(marks, read, first, last)
        return {**known, **read}

    async def close_arrays(
        self, asset_ids: Sequence[UUID], first: date, last: date
    ) -> dict[UUID, CloseArrays]:
        """As the port says."""
        return await self._series(asset_ids, first, last, _arrays)

    async def _series(
        self, asset_ids: Sequence[UUID], first: date, last: date, make: Callable[[str, str], S]
    ) -> dict[UUID, S]:
        found: dict[UUID, S] = {}
        wanted = list(asset_ids)
        for start in range(0, len(wanted), AT_ONCE):
            part = {"ids": wanted[start : start + AT_ONCE], "first": first, "last": last}
            rows = await self._reader.rows(_SERIES, part)
            found |= await asyncio.to_thread(_made, rows, make)
        return found

    async def bars(self, asset_id: UUID, first: date, last: date) -> list[StoredBar]:
        """As the port says."""
        asked = {"asset_id": asset_id, "first": first, "last": last}
        rows = await self._reader.rows(_BARS, asked)
        if len(rows) > MAX_UNPAGED:
            raise TooManyRows(f"More than {MAX_UNPAGED} prices: choose a shorter range.")
        return [stored_bar(row) for row in rows]

    async def bar(self, asset_id: UUID, day: date) -> StoredBar:
        """As the port says."""
        asked = {"asset_id": asset_id, "first": day, "last": day}
        rows = await self._reader.rows(_BARS, asked)
        if not rows:
            raise PriceNotFound("No price is known of this day.")
        return stored_bar(rows[0])

    async def last(
        self, asset_ids: Sequence[UUID], day: date, *, count: int = 1
    ) -> dict[UUID, list[StoredBar]]:
        """As the port says."""
        statement = LAST if count == 1 else _LAST_TWO
        found: dict[UUID, list[StoredBar]] = defaultdict(list)
        rows = await self._of(statement, asset_ids, {"day": day})
        for row in sorted(rows, key=lambda row: row.day):
            found[row.asset_id].append(stored_bar(row))
        return dict(found)

    async def actions(
        self, asset_ids: Sequence[UUID], first: date | None = None, last: date | None = None
    ) -> dict[UUID, list[CorporateAction]]:
        """As the port says."""
        days = {"first": first or date.min, "last": last or date.max}
        found: dict[UUID, list[CorporateAction]] = defaultdict(list)
        for row in await self._of(_ACTIONS, asset_ids, days):
            found[row.asset_id].append(action_of(row))
        return dict(found)

    async def origins(self, asset_ids: Sequence[UUID]) -> dict[UUID, list[CorporateAction]]:
        """As the port says."""
        found: dict[UUID, list[CorporateAction]] = defaultdict(list)
        for row in await self._of(_ORIGINS, asset_ids, {}):
            found[row.new_asset_id].append(action_of(row))
        return dict(found)

    async def _of(
        self, statement: Select[Any], asset_ids: Sequence[UUID], more: dict[str, Any]
    ) -> list[Any]:  # Any: whole rows
        wanted, rows = list(asset_ids), list[Any]()
        for start in range(0, len(wanted), MAX_UNPAGED):
            part = {"ids": wanted[start : start + MAX_UNPAGED], **more}
            rows += await self._reader.rows(statement, part)
        return rows


def _made(rows: Rows, make: Callable[[str, str], S]) -> dict[UUID, S]:
    return {row.asset_id: make(row.days, row.closes) for row in rows}


def _arrays(days: str, closes: str) -> CloseArrays:
    import numpy as np

    return CloseArrays(
        np.array(days.split(","), dtype="datetime64[D]"),
        np.array(closes.split(","), dtype=np.float64),
    )


def _series() -> Select[Any]:
    ordered = (
        select(P.asset_id, P.day, P.close)
        .where(
            P.asset_id.in_(bindparam("ids", expanding=True)),
            P.day >= bindparam("first"),
            P.day <= bindparam("last"),
        )
        .order_by(P.asset_id, P.day)
        .subquery("ordered")
    )
    c = ordered.c
    days, closes = joined(c.day, c.day).label("days"), joined(c.close, c.day).label("closes")
    return select(c.asset_id, days, closes).group_by(c.asset_id)


def _last_two() -> Select[Any]:
    other = prices.alias("other")
    days = select(other.c.day).where(
        other.c.asset_id == P.asset_id, other.c.day <= bindparam("day")
    )
    newest = days.order_by(other.c.day.desc()).limit(1)
    since = func.coalesce(newest.offset(1).scalar_subquery(), newest.scalar_subquery())
    return select(prices).where(
        P.asset_id.in_(bindparam("ids", expanding=True)),
        P.day >= since,
        P.day <= bindparam("day"),
    )


_SERIES: Final = _series()
_LAST_TWO: Final = _last_two()
_BARS: Final = (
    select(prices)
    .where(
        P.asset_id == bindparam("asset_id"),
        P.day >= bindparam("first"),
        P.day <= bindparam("last"),
    )
    .order_by(P.day)
    .limit(MAX_UNPAGED + 1)
)
_ACTIONS: Final = (
    select(corporate_actions)
    .where(
        is_among(C.asset_id, bindparam("ids", type_=Ids)),
        C.day >= bindparam("first"),
        C.day <= bindparam("last"),
    )
    .order_by(C.asset_id, C.day, C.id)
)
_ORIGINS: Final = (
    select(corporate_actions)
    .where(is_among(C.new_asset_id, bindparam("ids", type_=Ids)))
    .order_by(C.new_asset_id, C.day, C.id)
)

"""Assets to read: one, the pages of a list, the best matches of a search, those that are held."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, literal, or_, select

from coffers.application.markets.assets import AssetLookups, AssetsAsked
from coffers.domain.ids import UserId
from coffers.domain.markets.assets import Asset
from coffers.domain.paging import Page
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.markets.assets import (
    ONE,
    VISIBLE,
    A,
    asset_links,
    asset_of,
    assets,
    missing_asset,
)
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.spellings import is_among
from coffers.infrastructure.db.types import Ids

#: A search that names nothing of an asset.
_NO_MATCH: Final = 9


class SqlAssetLookups(AssetLookups):
    """Assets to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, user_id: UserId, asked: AssetsAsked) -> Page[Asset]:
        """As the port says."""
        rank = literal(0) if asked.q is None else _rank(asked.q)
        conditions = [VISIBLE, *_filters(asked)]
        if asked.q is not None:
            conditions.append(rank < _NO_MATCH)
        count = select(func.count()).where(*conditions)
        listed = select(assets, rank.label("rank")).where(*conditions, *_behind(asked, rank))
        order = listed.order_by(rank, A.symbol, A.id).limit(asked.limit + 1)
        async with self._reader.snapshot() as snapshot:
            total = (await snapshot.rows(count, {"user_id": user_id}))[0][0]
            rows = await snapshot.rows(order, {"user_id": user_id})
        shown = rows[: asked.limit]
        key = None
        if len(rows) > asked.limit:
            last = shown[-1]
            key = [str(last.rank), last.symbol, str(last.id)]
        return Page([asset_of(row) for row in shown], total, key)

    async def get(self, user_id: UserId, asset_id: UUID) -> Asset:
        """As the port says."""
        rows = await self._reader.rows(ONE, {"user_id": user_id, "asset_id": asset_id})
        if not rows:
            raise await missing_asset(self._reader, asset_id)
        return asset_of(rows[0])

    async def of_ids(self, user_id: UserId, asset_ids: Sequence[UUID]) -> dict[UUID, Asset]:
        """As the port says."""
        found: dict[UUID, Asset] = {}
        for part in stretches(asset_ids):
            rows = await self._reader.rows(_OF_IDS, {"user_id": user_id, "ids": list(part)})
            found |= {row.id: asset_of(row) for row in rows}
        return found

    async def of_symbols(self, user_id: UserId, symbols: Sequence[str]) -> list[Asset]:
        """As the port says."""
        wanted = sorted({symbol.upper() for symbol in symbols})
        found: list[Asset] = []
        for part in stretches(wanted):
            rows = await self._reader.rows(_OF_SYMBOLS, {"user_id": user_id, "symbols": list(part)})
            found += [asset_of(row) for row in rows]
        return found

    async def links(self, user_id: UserId) -> dict[tuple[str, str], UUID]:
        """As the port says."""
        rows = await self._reader.rows(_LINKS, {"user_id": user_id})
        return {(row.symbol, row.currency): row.asset_id for row in rows}

    async def surveyed(self, user_id: UserId, limit: int) -> list[Asset]:
        """As the port says."""
        rows = await self._reader.rows(_SURVEYED, {"user_id": user_id, "limit": limit})
        return [asset_of(row) for row in rows]

    async def linked(self, user_id: UserId | None) -> list[Asset]:
        """As the port says."""
        if user_id is None:
            return [asset_of(row) for row in await self._reader.rows(_ALL_LINKED)]
        rows = await self._reader.rows(_LINKED, {"user_id": user_id})
        return [asset_of(row) for row in rows]


def _filters(asked: AssetsAsked) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if asked.asset_type is not None:
        conditions.append(A.asset_type == asked.asset_type.value)
    if asked.exchange is not None:
        conditions.append(A.exchange == asked.exchange.upper())
    if asked.sector is not None:
        conditions.append(A.sector == asked.sector)
    if asked.currency is not None:
        conditions.append(A.currency == asked.currency)
    if asked.is_private is not None:
        conditions.append(A.user_id.is_not(None) if asked.is_private else A.user_id.is_(None))
    return conditions


def _rank(q: str) -> ColumnElement[int]:
    """How well an asset matches: the lower, the better. A word of the name may be begun only."""
    upper, words = q.strip().upper(), q.casefold().split()
    name = and_(*((" " + A.search_text).contains(f" {word}", autoescape=True) for word in words))
    inside = and_(*(A.search_text.contains(word, autoescape=True) for word in words))
    return case(
        (A.symbol == upper, 0),
        (A.symbol.startswith(upper, autoescape=True), 1),
        (or_(A.isin == upper, A.cusip == upper, A.figi == upper), 2),
        (name, 3),
        (inside, 4),
        else_=_NO_MATCH,
    )


def _behind(asked: AssetsAsked, rank: ColumnElement[int]) -> list[ColumnElement[bool]]:
    if asked.behind is None:
        return []
    number, symbol, last = int(asked.behind[0]), asked.behind[1], UUID(asked.behind[2])
    same_symbol = and_(rank == number, A.symbol == symbol, A.id > last)
    return [or_(rank > number, and_(rank == number, A.symbol > symbol), same_symbol)]


def _ids() -> Select[Any]:  # Any: whole rows
    return select(assets).where(VISIBLE, is_among(A.id, bindparam("ids", type_=Ids)))


_OF_IDS: Final = _ids()
_SURVEYED: Final = (
    select(assets)
    .where(VISIBLE, or_(A.exchange == "INDEX", A.sector.is_not(None)))
    .order_by(A.symbol, A.id)
    .limit(bindparam("limit"))
)
_OF_SYMBOLS: Final = (
    select(assets)
    .where(VISIBLE, A.symbol.in_(bindparam("symbols", expanding=True)))
    .order_by(A.symbol, A.user_id.is_(None), A.exchange, A.id)
)
_LINKS: Final = select(asset_links.c.symbol, asset_links.c.currency, asset_links.c.asset_id).where(
    asset_links.c.user_id == bindparam("user_id")
)
_LINKED: Final = (
    select(assets)
    .where(
        A.id.in_(
            select(asset_links.c.asset_id).where(asset_links.c.user_id == bindparam("user_id"))
        )
    )
    .order_by(A.symbol, A.id)
)
_ALL_LINKED: Final = (
    select(assets).where(A.id.in_(select(asset_links.c.asset_id))).order_by(A.symbol, A.id)
)

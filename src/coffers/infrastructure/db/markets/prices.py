"""The prices table and its repository."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    Date,
    Index,
    Row,
    Select,
    String,
    Table,
    and_,
    bindparam,
    delete,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from coffers.domain.ids import UserId
from coffers.domain.markets.prices import (
    MANUAL,
    MAX_SOURCE,
    UPLOAD,
    Bar,
    Prices,
    StoredBar,
)
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.markets.price_marks import mark
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import ExactDecimal, Id, UTCDateTime

prices: Final = Table(
    "prices",
    METADATA,
    Column("asset_id", Id, primary_key=True),
    Column("day", Date, primary_key=True),
    #: The asset's owner, NULL where the asset is shared.
    Column("user_id", Id),
    Column("open", ExactDecimal),
    Column("high", ExactDecimal),
    Column("low", ExactDecimal),
    Column("close", ExactDecimal, nullable=False),
    Column("volume", ExactDecimal),
    Column("source", String(MAX_SOURCE), nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
)
P: Final = prices.c
Index(
    "ix_prices_user_id",
    P.user_id,
    sqlite_where=P.user_id.is_not(None),
    postgresql_where=P.user_id.is_not(None),
)
_TOLD: Final = (MANUAL, UPLOAD)
_NEWS: Final = ("user_id", "open", "high", "low", "close", "volume", "source", "updated_at")


class SqlPrices(Prices):
    """Prices in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def put(
        self,
        bars: Mapping[UUID, Sequence[Bar]],
        owners: Mapping[UUID, UserId | None],
        *,
        source: str,
        now: datetime,
    ) -> None:
        """As the port says."""
        rows = [
            _row(asset_id, bar)
            | {"user_id": owners[asset_id], "source": source, "created_at": now, "updated_at": now}
            for asset_id, of_asset in bars.items()
            for bar in of_asset
        ]
        for part in stretches(rows):
            await self._transaction.execute(self._upsert(source), list(part))
        await mark(self._transaction, {asset_id: owners[asset_id] for asset_id in bars})

    def _upsert(self, source: str) -> Any:  # Any: two dialects' inserts
        dialect: Any = sqlite if self._transaction.is_sqlite else postgresql  # Any: modules
        statement = dialect.insert(prices)
        is_news = None if source in _TOLD else and_(*(P.source != each for each in _TOLD))
        return statement.on_conflict_do_update(
            index_elements=["asset_id", "day"],
            set_={name: statement.excluded[name] for name in _NEWS},
            where=is_news,
        )

    async def remove(self, asset_id: UUID, day: date) -> bool:
        """As the port says."""
        one = delete(prices).where(P.asset_id == asset_id, P.day == day).returning(P.user_id)
        gone = (await self._transaction.execute(one)).all()
        if gone:
            await mark(self._transaction, {asset_id: gone[0].user_id})
        return bool(gone)

    async def last(self, asset_ids: Sequence[UUID], day: date) -> dict[UUID, StoredBar]:
        """As the port says."""
        found: dict[UUID, StoredBar] = {}
        for part in stretches(asset_ids):
            rows = await self._transaction.rows(LAST, {"ids": list(part), "day": day})
            found |= {row.asset_id: stored_bar(row) for row in rows}
        return found


def stored_bar(row: Row[Any]) -> StoredBar:  # Any: a row of the whole table
    """The bar in a row."""
    bar = Bar(**{name: getattr(row, name) for name in Bar.__dataclass_fields__})
    return StoredBar(bar, row.source, row.updated_at)


def _row(asset_id: UUID, bar: Bar) -> dict[str, object]:
    row = {name: getattr(bar, name) for name in Bar.__dataclass_fields__}
    return row | {"asset_id": asset_id}


def _newest() -> Select[Any]:  # Any: whole rows
    """Of each asset: PostgreSQL and SQLite both walk the key backwards, one step an asset."""
    other = prices.alias("other")
    newest = (
        select(func.max(other.c.day))
        .where(other.c.asset_id == P.asset_id, other.c.day <= bindparam("day"))
        .scalar_subquery()
    )
    return select(prices).where(P.asset_id.in_(bindparam("ids", expanding=True)), P.day == newest)


LAST: Final = _newest()

"""The tables of assets and of the links of symbols, and their repositories."""

from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from coffers.domain.errors import NotFound, PreconditionFailed
from coffers.domain.identity.principals import NotYours, Principal
from coffers.domain.ids import UserId
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.markets.assets import (
    MAX_ASSETS,
    Asset,
    AssetInUse,
    AssetNotFound,
    Assets,
    AssetTaken,
    TooManyAssets,
    UnknownSymbol,
)
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.investing.portfolios import portfolios
from coffers.infrastructure.db.markets.corporate_actions import corporate_actions
from coffers.infrastructure.db.markets.price_marks import price_marks
from coffers.infrastructure.db.markets.prices import prices
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.reader import Reads
from coffers.infrastructure.db.refusals import REFUSALS
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import ExactDecimal, Id, UTCDateTime

assets: Final = Table(
    "assets",
    METADATA,
    Column("id", Id, primary_key=True),
    #: NULL: in the shared catalogue.
    Column("user_id", Id),
    Column("symbol", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("asset_type", String(20), nullable=False),
    Column("currency", String(12), nullable=False),
    Column("exchange", String(20), nullable=False),
    Column("isin", String(12)),
    Column("cusip", String(9)),
    Column("figi", String(12)),
    Column("sector", Text),
    Column("industry", Text),
    Column("country", String(2)),
    Column("market_cap", ExactDecimal),
    #: NULL: 100 for an option, else 1.
    Column("multiplier", ExactDecimal),
    #: Symbol, identifiers and name, case-folded: what a search looks through, on both engines.
    Column("search_text", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
)
A: Final = assets.c
Index("uq_assets_own", A.user_id, A.symbol, A.exchange, A.currency, unique=True)
Index(
    "uq_assets_shared",
    A.symbol,
    A.exchange,
    A.currency,
    unique=True,
    sqlite_where=A.user_id.is_(None),
    postgresql_where=A.user_id.is_(None),
)
_TAKEN: Final = AssetTaken("There is an asset of this symbol, exchange and currency already.")
REFUSALS["uq_assets_own"] = _TAKEN
REFUSALS["uq_assets_shared"] = _TAKEN

asset_links: Final = Table(
    "asset_links",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("symbol", Text, primary_key=True),
    Column("currency", String(12), primary_key=True),
    Column("asset_id", Id, nullable=False),
    Column("is_chosen", Boolean, nullable=False),
    Index("ix_asset_links_asset_id", "asset_id"),
)


class SqlAssets(Assets):
    """Assets in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def get(self, principal: Principal, asset_id: UUID) -> Asset:
        """As the port says."""
        one = {"user_id": principal.user_id, "asset_id": asset_id}
        rows = await self._transaction.rows(ONE.with_for_update(), one)
        if not rows:
            raise await missing_asset(self._transaction, asset_id)
        return asset_of(rows[0])

    async def add(self, asset: Asset) -> None:
        """As the port says."""
        if asset.user_id is not None:
            count = select(func.count()).where(A.user_id == asset.user_id)
            if (await self._transaction.execute(count)).scalar_one() >= MAX_ASSETS:
                raise TooManyAssets(f"At most {MAX_ASSETS} assets of one's own.")
        await self._transaction.execute(insert(assets), _row(asset))

    async def add_missing(self, new: Sequence[Asset]) -> None:
        """As the port says."""
        statement = _dialect(self._transaction).insert(assets).on_conflict_do_nothing()
        for part in stretches([_row(asset) for asset in new]):
            await self._transaction.execute(statement, list(part))

    async def update(self, asset: Asset, *, expected_version: int | None) -> Asset:
        """As the port says."""
        wanted = asset.version if expected_version is None else expected_version
        stored = replace(asset, version=wanted + 1)
        same = update(assets).where(A.id == asset.id, A.version == wanted)
        if (await self._transaction.execute(same.values(_row(stored)))).rowcount != 1:
            raise PreconditionFailed("The asset was changed in the meantime: read it again.")
        return stored

    async def delete(self, asset: Asset) -> None:
        """As the port says."""
        linked = select(asset_links.c.symbol).where(asset_links.c.asset_id == asset.id).limit(1)
        if await self._transaction.rows(linked):
            raise AssetInUse("Holdings or trades are linked to the asset: link them elsewhere.")
        compared = select(portfolios.c.id).where(portfolios.c.benchmark_id == asset.id).limit(1)
        if await self._transaction.rows(compared):
            raise AssetInUse("A portfolio is compared with the asset: take it away there first.")
        named = select(corporate_actions.c.id).where(corporate_actions.c.new_asset_id == asset.id)
        if await self._transaction.rows(named.limit(1)):
            raise AssetInUse("Another asset became it: take that corporate action back first.")
        for table in (prices, price_marks, corporate_actions):
            await self._transaction.execute(delete(table).where(table.c.asset_id == asset.id))
        await self._transaction.execute(delete(assets).where(A.id == asset.id))

    async def note_quoted(self, asset_ids: Sequence[UUID]) -> None:
        """As the port says; in one order, so that two of these never wait for each other."""
        for part in stretches(sorted(asset_ids)):
            newer = update(assets).where(A.id.in_(part)).values(version=A.version + 1)
            await self._transaction.execute(newer)

    async def candidates(self, user_id: UserId, unknown: Sequence[UnknownSymbol]) -> list[Asset]:
        """As the port says."""
        found: dict[UUID, Asset] = {}
        for part in stretches(unknown):
            wanted = {
                "user_id": user_id,
                "symbols": sorted({each.symbol.upper() for each in part}),
                "isins": sorted({each.isin for each in part if each.isin}),
                "cusips": sorted({each.cusip for each in part if each.cusip}),
            }
            rows = await self._transaction.rows(_CANDIDATES, wanted)
            found |= {row.id: asset_of(row) for row in rows}
        return sorted(found.values(), key=lambda each: not each.is_private)


async def missing_asset(reads: Reads, asset_id: UUID) -> NotFound | NotYours:
    """The refusal for an asset that this user does not see."""
    if await reads.rows(select(A.id).where(A.id == asset_id)):
        return NotYours("This belongs to somebody else.")
    return AssetNotFound("Asset not found")


def asset_of(row: Row[Any]) -> Asset:  # Any: a row that begins with the whole table
    """The asset in a row."""
    fields = dict(zip(_NAMES, _FIELDS(row), strict=True))
    return Asset(**fields, asset_type=_TYPES[row.asset_type])


def _row(asset: Asset) -> dict[str, object]:
    row = {name: getattr(asset, name) for name in Asset.__dataclass_fields__}
    words = (asset.symbol, asset.isin, asset.cusip, asset.figi, asset.name)
    text = " ".join(word for word in words if word).casefold()
    return row | {"asset_type": asset.asset_type.value, "search_text": text}


def _dialect(transaction: Transaction) -> Any:  # Any: two modules with the same functions
    return sqlite if transaction.is_sqlite else postgresql


_NAMES: Final = [name for name in Asset.__dataclass_fields__ if name != "asset_type"]
#: By their places: a name is looked up anew in each row.
_FIELDS: Final = itemgetter(*map(A.keys().index, _NAMES))
_TYPES: Final = {member.value: member for member in AssetType}
#: What a user sees.
VISIBLE: Final = or_(A.user_id == bindparam("user_id"), A.user_id.is_(None))
ONE: Final = select(assets).where(A.id == bindparam("asset_id"), VISIBLE)
_CANDIDATES: Final = select(assets).where(
    VISIBLE,
    or_(
        A.symbol.in_(bindparam("symbols", expanding=True)),
        A.isin.in_(bindparam("isins", expanding=True)),
        A.cusip.in_(bindparam("cusips", expanding=True)),
    ),
)

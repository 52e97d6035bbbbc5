"""The repository of links: what the symbols of a user's ledger stand for."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    Select,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite

from coffers.domain.ids import UserId
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import TransactionType
from coffers.domain.markets.assets import AssetLink, AssetLinks, UnknownSymbol
from coffers.domain.markets.face_values import ToldWorth
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.ledger.holdings import holdings
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.markets.assets import asset_links
from coffers.infrastructure.db.transaction import Transaction

_L: Final = asset_links.c


class SqlAssetLinks(AssetLinks):
    """Links in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def unknown(self, user_id: UserId, *, limit: int) -> list[UnknownSymbol]:
        """As the port says."""
        rows = await self._transaction.rows(_UNKNOWN, {"user_id": user_id, "limit": limit})
        return [
            UnknownSymbol(
                row.symbol,
                row.currency,
                row.name,
                None if row.asset_type is None else AssetType(row.asset_type),
                row.isin,
                row.cusip,
            )
            for row in rows
        ]

    async def told_worths(self, user_id: UserId, symbols: Sequence[str]) -> list[ToldWorth]:
        """As the port says."""
        found: list[ToldWorth] = []
        for statement in (_HELD_WORTHS, _TRADED_WORTHS):
            rows = await self._transaction.rows(
                statement, {"user_id": user_id, "symbols": list(symbols)}
            )
            found.extend(
                ToldWorth(row.symbol, row.currency, row.quantity, row.price, row.worth)
                for row in rows
            )
        return found

    async def put(self, link: AssetLink) -> None:
        """As the port says."""
        same = (_L.symbol == link.symbol) & (_L.currency == link.currency)
        await self._transaction.execute(delete(asset_links).where(_L.user_id == link.user_id, same))
        await self._transaction.execute(insert(asset_links), _row(link))

    async def add_missing(self, links: Sequence[AssetLink]) -> None:
        """As the port says."""
        dialect: Any = sqlite if self._transaction.is_sqlite else postgresql  # Any: modules
        statement = dialect.insert(asset_links).on_conflict_do_nothing()
        for part in stretches([_row(link) for link in links]):
            await self._transaction.execute(statement, list(part))


def _row(link: AssetLink) -> dict[str, object]:
    return {name: getattr(link, name) for name in AssetLink.__dataclass_fields__}


def _held() -> Select[Any]:
    h = holdings.c
    return select(
        h.symbol,
        h.currency,
        h.security_name.label("name"),
        h.asset_type,
        h.isin,
        h.cusip,
        literal(0).label("place"),
    ).where(h.user_id == bindparam("user_id"), h.symbol != "", ~_is_linked(h))


def _traded() -> Select[Any]:
    t = transactions.c
    return (
        select(
            t.symbol,
            t.currency,
            func.max(t.security_name).label("name"),
            func.max(t.asset_type).label("asset_type"),
            null().label("isin"),
            null().label("cusip"),
            literal(1).label("place"),
        )
        .where(t.user_id == bindparam("user_id"), t.symbol.is_not(None), t.symbol != "")
        .where(~_is_linked(t))
        .group_by(t.symbol, t.currency)
    )


def _is_linked(columns: Any) -> Any:  # Any: the columns of either table
    return exists().where(
        _L.user_id == columns.user_id,
        _L.symbol == columns.symbol,
        _L.currency == columns.currency,
    )


def _unknown() -> Select[Any]:
    both = union_all(_held(), _traded()).subquery("told")
    ranked = select(
        both,
        func.row_number()
        .over(partition_by=(both.c.symbol, both.c.currency), order_by=(both.c.place, both.c.name))
        .label("rank"),
    ).subquery("ranked")
    return (
        select(ranked)
        .where(ranked.c.rank == 1)
        .order_by(ranked.c.symbol, ranked.c.currency)
        .limit(bindparam("limit"))
    )


_UNKNOWN: Final = _unknown()


def _worths(columns: Any, price: Any, worth: Any) -> Select[Any]:  # Any: of either table
    return select(
        columns.symbol,
        columns.currency,
        columns.quantity,
        price.label("price"),
        worth.label("worth"),
    ).where(
        columns.user_id == bindparam("user_id"),
        columns.symbol.in_(bindparam("symbols", expanding=True)),
        columns.quantity.is_not(None),
        price.is_not(None),
    )


_HELD_WORTHS: Final = _worths(holdings.c, holdings.c.current_price, holdings.c.market_value)
_TRADED_WORTHS: Final = _worths(
    transactions.c, transactions.c.unit_price, transactions.c.amount
).where(transactions.c.transaction_type == TransactionType.TRADE.value)

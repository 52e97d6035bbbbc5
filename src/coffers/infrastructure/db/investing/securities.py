"""What is known of the securities of a ledger, in SQL: by way of what their symbols stand for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, Row, bindparam, select

from coffers.application.investing.books import Key, Securities, Security
from coffers.domain.ids import UserId
from coffers.domain.investing.positions import SplitAction
from coffers.domain.markets.corporate_actions import ActionKind
from coffers.infrastructure.db.markets.assets import asset_links, assets
from coffers.infrastructure.db.markets.corporate_actions import corporate_actions
from coffers.infrastructure.db.markets.prices import prices
from coffers.infrastructure.db.reader import Reader


class SqlSecurities(Securities):
    """Securities to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def known(
        self, user_id: UserId, keys: Iterable[Key], last: date
    ) -> Mapping[Key, Security]:
        """As the port says."""
        wanted = set(keys)
        if not wanted:
            return {}
        async with self._reader.snapshot() as snapshot:
            rows = await snapshot.rows(_LINKED, {"user_id": user_id})
            linked = [row for row in rows if (row.link_symbol, row.link_currency) in wanted]
            asked = {"ids": sorted({row.id for row in linked}), "last": last}
            closes = await snapshot.rows(_CLOSES, asked) if linked else []
            splits = await snapshot.rows(_SPLITS, asked) if linked else []
        by_asset = _by_asset(closes, splits)
        return {
            (row.link_symbol, row.link_currency): _security(row, *by_asset[row.id])
            for row in linked
        }


Known = tuple[list[tuple[date, Decimal]], list[SplitAction]]


def _by_asset(
    closes: Iterable[Row[Any]], splits: Iterable[Row[Any]]
) -> defaultdict[UUID, Known]:  # Any: rows of the statements below
    found: defaultdict[UUID, Known] = defaultdict(lambda: ([], []))
    for row in closes:
        found[row.asset_id][0].append((row.day, row.close))
    for row in splits:
        found[row.asset_id][1].append(SplitAction(row.id, row.day, row.ratio))
    return found


def _security(
    row: Row[Any], closes: list[tuple[date, Decimal]], splits: list[SplitAction]
) -> Security:  # Any: likewise
    return Security(row.id, row.name, row.asset_type, row.sector, row.country, splits, closes)


_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_LINKED: Final = (
    select(
        asset_links.c.symbol.label("link_symbol"),
        asset_links.c.currency.label("link_currency"),
        *(assets.c[name] for name in ("id", "name", "asset_type", "sector", "country")),
    )
    .join(assets, assets.c.id == asset_links.c.asset_id)
    .where(asset_links.c.user_id == bindparam("user_id"))
)
_CLOSES: Final = (
    select(prices.c.asset_id, prices.c.day, prices.c.close)
    .where(prices.c.asset_id.in_(_IDS), prices.c.day <= bindparam("last"))
    .order_by(prices.c.asset_id, prices.c.day)
)
_SPLITS: Final = (
    select(*(corporate_actions.c[name] for name in ("asset_id", "id", "day", "ratio")))
    .where(
        corporate_actions.c.asset_id.in_(_IDS),
        corporate_actions.c.kind == ActionKind.SPLIT.value,
        corporate_actions.c.day <= bindparam("last"),
    )
    .order_by(corporate_actions.c.asset_id, corporate_actions.c.day)
)

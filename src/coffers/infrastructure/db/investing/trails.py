"""Trails in SQL: what a security's movements in one account are, read where they are written."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select

from coffers.domain.ids import UserId
from coffers.domain.investing.movements import Movement, SplitAction, units
from coffers.domain.investing.trails import Trail, Trails
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.transactions import TransactionStatus, TransactionSubtype
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.corporate_actions import ActionKind
from coffers.infrastructure.db.ledger.entries import told_lots
from coffers.infrastructure.db.ledger.holdings import holdings
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.markets.assets import asset_links, asset_of, assets
from coffers.infrastructure.db.markets.corporate_actions import action_of, corporate_actions
from coffers.infrastructure.db.transaction import Transaction


class SqlTrails(Trails):
    """Trails in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def of(self, account: Account, symbol: str) -> Trail:
        """As the port says."""
        asked = {"user_id": account.user_id, "symbol": symbol, "currency": account.currency}
        mine = asked | {"account_id": account.id}
        rows = await self._transaction.rows(_ROWS, mine)
        actions = await self._transaction.rows(_ACTIONS, asked)
        reported = await self._transaction.rows(_REPORTED, mine)
        # A symbol without a movement has no link yet: it will be that of the asset of its name.
        fed = () if rows else await self._transaction.rows(_NAMED, asked)
        return Trail(
            [_movement(row) for row in rows],
            frozenset(row.id for row in rows if _is_by_hand(row)),
            [
                SplitAction(row.id, row.day, factor)
                for row in actions
                if row.kind == ActionKind.SPLIT and (factor := action_of(row).factor) is not None
            ],
            # How much of it came out of other securities these movements do not tell.
            is_fed=bool(reported or fed) or any(row.new_asset_id == row.linked for row in actions),
        )

    async def asset(self, user_id: UserId, symbol: str, currency: str) -> Asset | None:
        """As the port says."""
        asked = {"user_id": user_id, "symbol": symbol, "currency": currency}
        rows = await self._transaction.rows(_ASSET, asked)
        return asset_of(rows[0]) if rows else None


def _is_by_hand(row: Row[Any]) -> bool:  # Any: a row of _ROWS
    return row.provider_transaction_id is None and row.fingerprint is None and not row.import_id


def _movement(row: Row[Any]) -> Movement:  # Any: likewise
    subtype = TransactionSubtype(row.subtype)
    picks: dict[UUID, Any] = {each.transaction_id: each.quantity for each in told_lots(row.lots)}
    return Movement(
        row.id,
        row.transaction_date,
        subtype,
        units(row.quantity, subtype),
        row.amount,
        row.unit_price,
        row.acquired_date,
        picks,
    )


_T: Final = transactions.c
_H: Final = holdings.c
_L: Final = asset_links.c
_ROWS: Final = (
    select(
        *(_T[name] for name in ("id", "transaction_date", "subtype", "quantity", "amount")),
        *(_T[name] for name in ("unit_price", "acquired_date", "lots", "import_id")),
        *(_T[name] for name in ("provider_transaction_id", "fingerprint")),
    )
    .where(
        _T.user_id == bindparam("user_id"),
        _T.account_id == bindparam("account_id"),
        _T.symbol == bindparam("symbol"),
        _T.currency == bindparam("currency"),
        _T.status == TransactionStatus.SETTLED.value,
    )
    .order_by(_T.transaction_date, _T.id)
)
_REPORTED: Final = (
    select(_H.id)
    .where(
        _H.user_id == bindparam("user_id"),
        _H.account_id == bindparam("account_id"),
        _H.symbol == bindparam("symbol"),
        _H.currency == bindparam("currency"),
        _H.is_active,
    )
    .limit(1)
)
_LINK: Final = (
    (_L.user_id == bindparam("user_id"))
    & (_L.symbol == bindparam("symbol"))
    & (_L.currency == bindparam("currency"))
)
_ASSET: Final = select(assets).join(asset_links, _L.asset_id == assets.c.id).where(_LINK)
_ACTIONS: Final = (
    select(corporate_actions, _L.asset_id.label("linked"))
    .join(
        asset_links,
        (_L.asset_id == corporate_actions.c.asset_id)
        | (_L.asset_id == corporate_actions.c.new_asset_id),
    )
    .where(_LINK, corporate_actions.c.kind != ActionKind.DIVIDEND.value)
)
_A: Final = assets.c
_NAMED: Final = (
    select(corporate_actions.c.id)
    .join(assets, _A.id == corporate_actions.c.new_asset_id)
    .where(
        _A.symbol == func.upper(bindparam("symbol")),
        _A.currency == bindparam("currency"),
        (_A.user_id == bindparam("user_id")) | _A.user_id.is_(None),
    )
    .limit(1)
)

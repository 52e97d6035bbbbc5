"""The holdings table and its repository."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    insert,
    select,
    update,
)

from coffers.domain.accounts import Account
from coffers.domain.holdings import Holdings
from coffers.domain.ids import new_id
from coffers.domain.money import money_digits, quantity_digits
from coffers.domain.statements import ReportedHolding
from coffers.domain.syncs import Counts
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import ExactDecimal, Id, UTCDateTime

holdings: Final = Table(
    "holdings",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("account_id", Id, nullable=False),
    Column("provider_holding_id", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("security_name", Text, nullable=False),
    Column("asset_type", String(20), nullable=False),
    Column("quantity", ExactDecimal, nullable=False),
    Column("cost_basis", ExactDecimal),
    Column("market_value", ExactDecimal, nullable=False),
    Column("currency", String(12), nullable=False),
    Column("average_price", ExactDecimal),
    Column("current_price", ExactDecimal),
    Column("cusip", String(12)),
    Column("isin", String(16)),
    Column("is_active", Boolean, nullable=False),
    Column("last_synced_at", UTCDateTime),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    UniqueConstraint("user_id", "account_id", "provider_holding_id"),
    Index("ix_holdings_id", "id"),
)


class SqlHoldings(Holdings):
    """Positions in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def replace_reported(
        self, account: Account, rows: Sequence[ReportedHolding], *, now: datetime
    ) -> Counts:
        """As the port says."""
        told = {row.provider_holding_id: _told(row) for row in rows}
        known = await self._known(account)
        created = [told[key] for key in told if key not in known]
        changed = {
            known[key].id: told[key]
            for key in told.keys() & known.keys()
            if _differs(known[key], told[key])
        }
        gone = [row.id for key, row in known.items() if row.is_active and key not in told]
        await self._add(account, created, now)
        await self._change(account, changed, now)
        await self._change(account, {row_id: {"is_active": False} for row_id in gone}, now)
        await self._note_sync(account, now)
        unchanged = len(told) - len(created) - len(changed)
        return Counts(len(created), len(changed), unchanged, len(gone))

    async def _known(self, account: Account) -> dict[str, Row[Any]]:  # Any: whole rows
        found = await self._transaction.rows(_OF_ACCOUNT, _key(account))
        return {row.provider_holding_id: row for row in found}

    async def _add(
        self, account: Account, created: Sequence[Mapping[str, object]], now: datetime
    ) -> None:
        if not created:
            return
        fixed = {
            "user_id": account.user_id,
            "account_id": account.id,
            "version": 0,
            "created_at": now,
            "updated_at": now,
        }
        rows = [{**row, **fixed, "id": new_id()} for row in created]
        await self._transaction.execute(insert(holdings), rows)

    async def _change(
        self, account: Account, changes: Mapping[Any, Mapping[str, object]], now: datetime
    ) -> None:  # Any: ids, as the driver gives them
        if not changes:
            return
        rows = [
            {**change, "updated_at": now, "row_id": row_id} for row_id, change in changes.items()
        ]
        one = (holdings.c.user_id == account.user_id) & (holdings.c.id == bindparam("row_id"))
        values: dict[str, ColumnElement[Any]] = {
            name: bindparam(name) for name in rows[0] if name != "row_id"
        }
        values["version"] = holdings.c.version + 1
        await self._transaction.execute(update(holdings).where(one).values(values), rows)

    async def _note_sync(self, account: Account, now: datetime) -> None:
        """Every open position was just seen: a new version of it, though nothing else changed."""
        mine = (holdings.c.user_id == account.user_id) & (holdings.c.account_id == account.id)
        seen = {"last_synced_at": now, "version": holdings.c.version + 1}
        await self._transaction.execute(
            update(holdings).where(mine, holdings.c.is_active).values(seen)
        )


_OF_ACCOUNT: Final = (
    select(holdings)
    .where(
        holdings.c.user_id == bindparam("user_id"), holdings.c.account_id == bindparam("account_id")
    )
    .with_for_update()
)


def _key(account: Account) -> dict[str, object]:
    return {"user_id": account.user_id, "account_id": account.id}


def _told(row: ReportedHolding) -> Mapping[str, object]:
    money = ("cost_basis", "market_value", "average_price", "current_price")
    amounts = {name: getattr(row, name) for name in money}
    return {
        "provider_holding_id": row.provider_holding_id,
        "symbol": row.symbol,
        "security_name": row.security_name,
        "asset_type": row.asset_type.value,
        "quantity": quantity_digits(row.quantity),
        "currency": row.currency,
        "cusip": row.cusip,
        "isin": row.isin,
        "is_active": True,
    } | {
        name: None if amount is None else money_digits(amount, row.currency)
        for name, amount in amounts.items()
    }


def _differs(known: Row[Any], told: Mapping[str, object]) -> bool:  # Any: a whole row
    return any(getattr(known, name) != value for name, value in told.items())

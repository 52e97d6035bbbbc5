"""The holdings table and its repository."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    false,
    func,
    insert,
    select,
    update,
)

from coffers.application.ledger.holdings import HoldingFilter, HoldingLookups, HoldingView
from coffers.application.views import Versioned
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.holdings import HoldingNotFound, Holdings
from coffers.domain.ledger.statements import ReportedHolding
from coffers.domain.linking.syncs import Counts
from coffers.domain.money import EXACT, money_digits, quantity_digits
from coffers.domain.paging import MAX_UNPAGED, TooManyRows
from coffers.domain.percentages import percent_of
from coffers.infrastructure.db.lean import LeanReader
from coffers.infrastructure.db.ledger.accounts import check_account
from coffers.infrastructure.db.ledger.reported_quantities import note_changes, quantities
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import ExactDecimal, Id, UTCDateTime, as_text, ordered
from coffers.infrastructure.db.wire import difference, id_text, instant, percent, views

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
        self,
        account: Account,
        rows: Sequence[ReportedHolding],
        *,
        now: datetime,
        seen_at: datetime | None = None,
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
        await self._note_sync(account, seen_at or now)
        held = quantities(row for row in known.values() if row.is_active)
        by_id = {row.provider_holding_id: row for row in rows}
        await note_changes(self._transaction, account, held, quantities(by_id.values()), now)
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


class SqlHoldingLookups(HoldingLookups):
    """Positions to read, in SQL."""

    def __init__(self, reader: Reader, lean: LeanReader) -> None:
        self._reader = reader
        self._lean = lean

    async def matching(self, user_id: UserId, wanted: HoldingFilter) -> list[HoldingView]:
        """As the port says."""
        given = {name: getattr(wanted, name) for name in _FILTERS}
        given = {name: value for name, value in given.items() if value is not None}
        if wanted.symbol is not None:
            given["symbol"] = wanted.symbol.upper()
        is_sqlite = self._reader.is_sqlite
        statement = _matching(*given, is_sqlite=is_sqlite, active_only=wanted.active_only)
        rows = await self._lean.rows(statement, {"user_id": user_id, **given})
        if len(rows) > MAX_UNPAGED:
            raise TooManyRows(f"More than {MAX_UNPAGED} holdings: narrow the filter.")
        if not rows and wanted.account_id is not None:
            await check_account(self._reader, user_id, wanted.account_id)
        return await views(rows, _MAKE[is_sqlite])

    async def get(self, user_id: UserId, holding_id: UUID) -> Versioned[HoldingView]:
        """As the port says."""
        is_sqlite = self._reader.is_sqlite
        parameters = {"user_id": user_id, "holding_id": holding_id}
        rows = await self._reader.rows(_one(is_sqlite=is_sqlite), parameters)
        if not rows:
            refusal = HoldingNotFound("Holding not found")
            raise await missing(self._reader, holdings, holding_id, refusal)
        return Versioned(_MAKE[is_sqlite](rows[0][:-1]), rows[0].version)


_FILTERS: Final = ("account_id", "asset_type", "symbol")


@cache
def _columns(*, is_sqlite: bool) -> list[ColumnElement[Any]]:
    c = holdings.c
    gain = difference(c.market_value, c.cost_basis)
    # SQLite cannot calculate exactly: `_with_gain` puts into its rows what depends on the gain.
    gains = [] if is_sqlite else [as_text(gain), as_text(percent(gain, c.cost_basis))]
    profit = (
        []
        if is_sqlite
        else [func.coalesce(ordered(c.market_value) > ordered(c.cost_basis), false())]
    )
    return [
        *(id_text(c.id), id_text(c.account_id)),
        *(c.provider_holding_id, c.symbol, c.security_name, c.asset_type),
        *(as_text(c[name]) for name in ("quantity", "cost_basis", "market_value")),
        c.currency,
        *(as_text(c[name]) for name in ("average_price", "current_price")),
        *gains,
        c.is_active,
        *profit,
        *(instant(c[name]) for name in ("last_synced_at", "created_at", "updated_at")),
    ]


def _as_it_is(row: Sequence[Any]) -> HoldingView:  # Any: the view's fields
    return HoldingView(*row)


def _with_gain(row: Sequence[Any]) -> HoldingView:  # Any: the view's fields but the gains
    basis, value = row[7], row[8]
    gain = percentage = None
    if basis is not None:
        gain = EXACT.subtract(Decimal(value), Decimal(basis))
        percentage = percent_of(gain, Decimal(basis))
    gains = (
        None if gain is None else format(gain, "f"),
        None if percentage is None else str(percentage),
    )
    is_profitable = gain is not None and gain > 0
    return HoldingView(*(*row[:12], *gains, bool(row[12]), is_profitable, *row[13:]))


_MAKE: Final = {True: _with_gain, False: _as_it_is}


@cache
def _matching(*names: str, is_sqlite: bool, active_only: bool) -> Select[Any]:
    """One statement for each set of filters, compiled once."""
    tests = {
        "account_id": holdings.c.account_id == bindparam("account_id"),
        "asset_type": holdings.c.asset_type == bindparam("asset_type"),
        "symbol": func.upper(holdings.c.symbol) == bindparam("symbol"),
    }
    statement = select(*_columns(is_sqlite=is_sqlite)).where(
        holdings.c.user_id == bindparam("user_id"), *(tests[name] for name in names)
    )
    if active_only:
        statement = statement.where(holdings.c.is_active)
    return statement.order_by(holdings.c.symbol, holdings.c.id).limit(MAX_UNPAGED + 1)


@cache
def _one(*, is_sqlite: bool) -> Select[Any]:
    return select(*_columns(is_sqlite=is_sqlite), holdings.c.version).where(
        holdings.c.user_id == bindparam("user_id"), holdings.c.id == bindparam("holding_id")
    )

"""Ledgers of a portfolio's accounts, in SQL: one snapshot, so that rows and holdings agree."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, Row, bindparam, func, select

from coffers.application.investing.books import (
    AccountsLedger,
    Count,
    LedgerRow,
    PortfolioLedgers,
    Reported,
)
from coffers.domain.ids import UserId
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.paging import TooManyRows
from coffers.infrastructure.db.ledger.accounts import account_of, accounts
from coffers.infrastructure.db.ledger.entries import told_lots
from coffers.infrastructure.db.ledger.holdings import holdings
from coffers.infrastructure.db.ledger.reported_quantities import reported_quantities
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.reader import Reader

#: Movements that one portfolio is made of, at most.
MAX_ROWS: Final = 200_000


class SqlPortfolioLedgers(PortfolioLedgers):
    """Ledgers to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def of_accounts(self, user_id: UserId, account_ids: Sequence[UUID]) -> AccountsLedger:
        """As the port says."""
        if not account_ids:
            return AccountsLedger([], [], [])
        asked = {"user_id": user_id, "ids": list(account_ids)}
        async with self._reader.snapshot() as snapshot:
            found = await snapshot.rows(_ACCOUNTS, asked)
            rows = await snapshot.rows(_ROWS, asked)
            reported = await snapshot.rows(_REPORTED, asked)
            counts = await snapshot.rows(_COUNTS, asked)
        if max(len(rows), len(counts)) > MAX_ROWS:
            raise TooManyRows(f"A portfolio is made of at most {MAX_ROWS} movements.")
        return AccountsLedger(
            [account_of(row) for row in found],
            [_ledger_row(row) for row in rows],
            [_reported(row) for row in reported],
            [Count(**row._asdict()) for row in counts],
        )


_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_ACCOUNTS: Final = (
    select(accounts)
    .where(accounts.c.user_id == bindparam("user_id"), accounts.c.id.in_(_IDS))
    .order_by(accounts.c.id)
)
_ROWS: Final = (
    select(
        *(
            transactions.c[name]
            for name in (
                *("id", "account_id", "transaction_date", "transaction_type", "subtype"),
                *("amount", "currency", "symbol", "quantity", "unit_price", "asset_type"),
                *("acquired_date", "lots"),
            )
        )
    )
    .where(
        transactions.c.user_id == bindparam("user_id"),
        transactions.c.account_id.in_(_IDS),
        transactions.c.status == TransactionStatus.SETTLED.value,
    )
    .order_by(transactions.c.transaction_date, transactions.c.id)
    .limit(MAX_ROWS + 1)
)
_REPORTED: Final = (
    select(
        *(
            holdings.c[name]
            for name in (
                *("account_id", "symbol", "security_name", "asset_type", "currency", "quantity"),
                *("cost_basis", "current_price"),
            )
        ),
        func.coalesce(holdings.c.last_synced_at, holdings.c.updated_at).label("seen_at"),
    )
    .where(
        holdings.c.user_id == bindparam("user_id"),
        holdings.c.account_id.in_(_IDS),
        holdings.c.is_active,
    )
    .order_by(holdings.c.symbol, holdings.c.id)
)
_Q: Final = reported_quantities.c
_COUNTS: Final = (
    select(_Q.account_id, _Q.symbol, _Q.currency, _Q.day, _Q.quantity)
    .where(_Q.user_id == bindparam("user_id"), _Q.account_id.in_(_IDS))
    .order_by(_Q.account_id, _Q.symbol, _Q.currency, _Q.day)
    .limit(MAX_ROWS + 1)
)


def _ledger_row(row: Row[Any]) -> LedgerRow:  # Any: the columns above
    return LedgerRow(
        row.id,
        row.account_id,
        row.transaction_date,
        TransactionType(row.transaction_type),
        TransactionSubtype(row.subtype),
        row.amount,
        row.currency,
        row.symbol,
        row.quantity,
        row.unit_price,
        None if row.asset_type is None else AssetType(row.asset_type),
        row.acquired_date,
        told_lots(row.lots) if row.lots else (),
    )


def _reported(row: Row[Any]) -> Reported:  # Any: likewise
    return Reported(
        row.account_id,
        row.symbol,
        row.security_name,
        row.asset_type,
        row.currency,
        row.quantity,
        row.cost_basis,
        row.current_price,
        row.seen_at.date(),
    )

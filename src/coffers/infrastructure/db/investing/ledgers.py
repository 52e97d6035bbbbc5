"""Ledgers of a portfolio's accounts, in SQL: one snapshot, so that rows and holdings agree."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, Row, bindparam, func, select

from coffers.application.investing.books import AccountsLedger, Count, PortfolioLedgers, Reported
from coffers.domain.ids import UserId
from coffers.domain.paging import TooManyRows
from coffers.infrastructure.db.investing.ledger_rows import RememberedRows, rows_text
from coffers.infrastructure.db.ledger.accounts import account_of, accounts
from coffers.infrastructure.db.ledger.holdings import holdings
from coffers.infrastructure.db.ledger.reported_quantities import reported_quantities
from coffers.infrastructure.db.reader import Reader

#: Movements that one portfolio is made of, at most.
MAX_ROWS: Final = 200_000


class SqlPortfolioLedgers(PortfolioLedgers):
    """Ledgers to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._rows = RememberedRows()

    async def of_accounts(self, user_id: UserId, account_ids: Sequence[UUID]) -> AccountsLedger:
        """As the port says."""
        if not account_ids:
            return AccountsLedger([], [], [])
        asked = {"user_id": user_id, "ids": list(account_ids)}
        async with self._reader.snapshot() as snapshot:
            found = await snapshot.rows(_ACCOUNTS, asked)
            text = await rows_text(snapshot, asked, MAX_ROWS + 1)
            reported = await snapshot.rows(_REPORTED, asked)
            counts = await snapshot.rows(_COUNTS, asked)
        told = await asyncio.to_thread(self._rows.of, (user_id, *account_ids), text)
        if max(told.length, len(counts)) > MAX_ROWS:
            raise TooManyRows(f"A portfolio is made of at most {MAX_ROWS} movements.")
        return AccountsLedger(
            [account_of(row) for row in found],
            told.rows,
            [_reported(row) for row in reported],
            [Count(**row._asdict()) for row in counts],
            told.parts,
        )


_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_ACCOUNTS: Final = (
    select(accounts)
    .where(accounts.c.user_id == bindparam("user_id"), accounts.c.id.in_(_IDS))
    .order_by(accounts.c.id)
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

"""What the entries of each day add up to, in SQL."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, case, func, literal_column, select

from coffers.application.ledger.daily_balances import DailyBalanceLookups, Day
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account, AccountNotFound
from coffers.domain.ledger.entries import VOID
from coffers.infrastructure.db.ledger.accounts import account_of, accounts
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.types import exact_sum


class SqlDailyBalanceLookups(DailyBalanceLookups):
    """Days to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def days(
        self, user_id: UserId, account_id: UUID, first: date, last: date
    ) -> tuple[Account, Sequence[Day]]:
        """As the port says; one statement, so that opening balance and entries agree."""
        wanted = {"user_id": user_id, "account_id": account_id, "first": first, "last": last}
        rows = await self._reader.rows(_DAYS, wanted)
        if not rows:
            refusal = AccountNotFound("Account not found")
            raise await missing(self._reader, accounts, account_id, refusal)
        days = [Day(row.day, row.total or Decimal(0), row.entries) for row in rows if row.entries]
        return account_of(rows[0]), days


_T: Final = transactions.c
_WITHIN: Final = _T.transaction_date >= bindparam("first")
_DAY: Final = case((_WITHIN, _T.transaction_date))
_MOVED: Final = (
    select(
        _T.currency.label("of"),
        _DAY.label("day"),
        exact_sum(_T.amount).label("total"),
        func.count().label("entries"),
    )
    .where(
        _T.user_id == bindparam("user_id"),
        _T.account_id == bindparam("account_id"),
        _T.transaction_date <= bindparam("last"),
        _T.status.not_in([status.value for status in VOID]),
    )
    # By its name: the case has a parameter, which PostgreSQL would not take for the same.
    .group_by(_T.currency, literal_column("day"))
    .subquery("moved")
)
_DAYS: Final = (
    select(accounts, _MOVED.c.day, _MOVED.c.total, _MOVED.c.entries)
    .select_from(accounts.outerjoin(_MOVED, _MOVED.c.of == accounts.c.currency))
    .where(accounts.c.user_id == bindparam("user_id"), accounts.c.id == bindparam("account_id"))
    .order_by(_MOVED.c.day)
)

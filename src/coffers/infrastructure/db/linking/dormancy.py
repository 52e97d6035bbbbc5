"""Positions that close with their account, and open again with it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, false, select, true, update

from coffers.domain.ids import UserId
from coffers.domain.linking.dormancy import Dormancy
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.ledger.holdings import holdings
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import UTCDateTime


class SqlDormancy(Dormancy):
    """Dormancy in SQL: what closed with an account bears the instant of its going."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def wake(self, user_id: UserId, connection_id: UUID, reported: Sequence[str]) -> None:
        """As the port says."""
        gone = await self._transaction.rows(
            _GONE, {"user_id": user_id, "connection_id": connection_id}
        )
        back = [row.id for row in gone if row.provider_account_id in set(reported)]
        if back:
            await self._transaction.execute(_WAKE.values(is_active=True), _each(user_id, back))

    async def sleep(self, user_id: UserId, connection_id: UUID, at: datetime) -> None:
        """As the port says."""
        gone = await self._transaction.rows(
            _GONE, {"user_id": user_id, "connection_id": connection_id}
        )
        asleep = [row.id for row in gone if row.deactivated_at == at]
        if asleep:
            values = {"is_active": False, "updated_at": bindparam("at", type_=UTCDateTime)}
            rows = [row | {"at": at} for row in _each(user_id, asleep)]
            await self._transaction.execute(_SLEEP.values(values), rows)


def _each(user_id: UserId, account_ids: Sequence[UUID]) -> list[dict[str, object]]:
    return [{"owner": user_id, "account": account_id} for account_id in account_ids]


_GONE: Final = select(
    accounts.c.id, accounts.c.provider_account_id, accounts.c.deactivated_at
).where(
    accounts.c.user_id == bindparam("user_id"),
    accounts.c.connection_id == bindparam("connection_id"),
    accounts.c.deactivated_at.is_not(None),
)
_MINE: Final = (holdings.c.user_id == bindparam("owner")) & (
    holdings.c.account_id == bindparam("account")
)
_OLD_VERSION: Final = {"version": holdings.c.version + 1}
_SINCE: Final = (
    select(accounts.c.deactivated_at)
    .where(accounts.c.user_id == bindparam("owner"), accounts.c.id == bindparam("account"))
    .scalar_subquery()
)
_WAKE: Final = (
    update(holdings)
    .where(_MINE, holdings.c.is_active == false(), holdings.c.updated_at == _SINCE)
    .values(_OLD_VERSION)
)
_SLEEP: Final = update(holdings).where(_MINE, holdings.c.is_active == true()).values(_OLD_VERSION)

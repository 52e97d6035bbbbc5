"""Accounts that change hands between links of one user to one provider."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update

from coffers.domain.ledger.accounts import masked
from coffers.domain.ledger.statements import ReportedAccount
from coffers.domain.linking.adoptions import Adoption, Adoptions
from coffers.domain.linking.connections import Connection, ConnectionStatus
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.linking.connections import connections
from coffers.infrastructure.db.transaction import Transaction


class SqlAdoptions(Adoptions):
    """Adoptions in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def adopt(
        self, connection: Connection, rows: Sequence[ReportedAccount], now: datetime
    ) -> Adoption:
        """As the port says."""
        told = {row.provider_account_id: row for row in rows}
        elsewhere = [row for row in await self._elsewhere(connection) if _is_same(row, told)]
        yielding = [row for row in elsewhere if _gives_way(row, connection)]
        own = await self._own(connection) if yielding else set()
        taken = [row for row in yielding if row.provider_account_id not in own]
        for row in taken:
            await self._take(connection, row.id, now)
        left = {row.provider_account_id for row in elsewhere if row not in yielding}
        return Adoption([row.id for row in taken], frozenset(left))

    async def _elsewhere(self, connection: Connection) -> Sequence[Row[Any]]:  # Any: of _ELSEWHERE
        owner = {"user_id": connection.user_id, "connection_id": connection.id}
        return await self._transaction.rows(
            _ELSEWHERE, owner | {"provider_slug": connection.provider_slug}
        )

    async def _own(self, connection: Connection) -> set[str]:
        owner = {"user_id": connection.user_id, "connection_id": connection.id}
        return {row[0] for row in await self._transaction.rows(_OWN, owner)}

    async def _take(self, connection: Connection, account_id: UUID, now: datetime) -> None:
        mine = (accounts.c.user_id == connection.user_id) & (accounts.c.id == account_id)
        values = {
            "connection_id": connection.id,
            "version": accounts.c.version + 1,
            "updated_at": now,
        }
        await self._transaction.execute(update(accounts).where(mine).values(values))


def _is_same(row: Row[Any], told: Mapping[str, ReportedAccount]) -> bool:  # Any: of _ELSEWHERE
    reported = told.get(row.provider_account_id)
    if reported is None:
        return False
    known, number = row.account_number_masked, reported.account_number
    return known is None or number is None or known == masked(number)


def _gives_way(row: Row[Any], connection: Connection) -> bool:  # Any: of _ELSEWHERE
    if row.status != ConnectionStatus.ACTIVE.value:
        return True
    mine = connection.connected_at or connection.created_at
    return bool(((row.connected_at or row.created_at), row.connection_id) < (mine, connection.id))


_ELSEWHERE: Final = (
    select(
        accounts.c.id,
        accounts.c.provider_account_id,
        accounts.c.account_number_masked,
        accounts.c.connection_id,
        connections.c.status,
        connections.c.connected_at,
        connections.c.created_at,
    )
    .join(
        connections,
        (connections.c.user_id == accounts.c.user_id)
        & (connections.c.id == accounts.c.connection_id),
    )
    .where(
        accounts.c.user_id == bindparam("user_id"),
        connections.c.provider_slug == bindparam("provider_slug"),
        connections.c.id != bindparam("connection_id"),
    )
    .order_by(accounts.c.id)
    .with_for_update(of=accounts)
)
_OWN: Final = select(accounts.c.provider_account_id).where(
    accounts.c.user_id == bindparam("user_id"),
    accounts.c.connection_id == bindparam("connection_id"),
)

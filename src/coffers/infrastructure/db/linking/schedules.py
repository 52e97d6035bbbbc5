"""Whose turn it is to be synced, over all users."""

from datetime import datetime
from typing import Final

from sqlalchemy import and_, bindparam, func, or_, select, true

from coffers.domain.ids import UserId
from coffers.domain.linking.connections import Connection, ConnectionStatus
from coffers.domain.linking.schedules import Schedules, Turn
from coffers.infrastructure.db.identity.users import users
from coffers.infrastructure.db.linking.connections import connection_of, connections
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import UTCDateTime


class SqlSchedules(Schedules):
    """Schedules in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def turns(self, now: datetime, at_once: int) -> list[Turn]:
        """As the port says."""
        parameters = {"now": now, "at_once": at_once}
        rows = await self._transaction.rows(_TURNS, parameters)
        return [Turn(UserId(row.user_id), row.id, row.provider_slug) for row in rows]

    async def orphans(self, now: datetime, limit: int) -> list[Connection]:
        """As the port says."""
        rows = await self._transaction.rows(_ORPHANS, {"now": now, "limit": limit})
        return [connection_of(row) for row in rows]


_NOW: Final = bindparam("now", type_=UTCDateTime)
_BUSY: Final = (
    select(connections.c.provider_slug, func.count().label("count"))
    .where(connections.c.sync_leased_until > _NOW)
    .group_by(connections.c.provider_slug)
    .subquery()
)
_WAITS: Final = and_(
    connections.c.next_sync_at <= _NOW,
    connections.c.status == ConnectionStatus.ACTIVE.value,
    or_(connections.c.sync_leased_until.is_(None), connections.c.sync_leased_until <= _NOW),
    users.c.is_active == true(),
)
_PLACE: Final = func.row_number().over(
    partition_by=connections.c.provider_slug,
    order_by=(connections.c.next_sync_at, connections.c.id),
)
_WAITING: Final = (
    select(
        connections.c.user_id,
        connections.c.id,
        connections.c.provider_slug,
        (_PLACE + func.coalesce(_BUSY.c.count, 0)).label("place"),
    )
    .join(users, users.c.id == connections.c.user_id)
    .outerjoin(_BUSY, _BUSY.c.provider_slug == connections.c.provider_slug)
    .where(_WAITS)
    .subquery()
)
_TURNS: Final = (
    select(_WAITING)
    .where(_WAITING.c.place <= bindparam("at_once"))
    .order_by(_WAITING.c.provider_slug, _WAITING.c.place)
)
_ORPHANS: Final = (
    select(connections)
    .where(connections.c.sync_leased_until <= _NOW)
    .order_by(connections.c.user_id, connections.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)

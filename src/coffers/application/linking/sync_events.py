"""What the log says of syncs: attempted, and then succeeded or failed, for each kind of row."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.linking.connections import Connection
from coffers.domain.linking.syncs import Sync, SyncAbandoned, SyncScope, SyncStatus
from coffers.domain.live.events import Event

_NAMES: Final = {
    SyncScope.EVERYTHING: ("AccountsSync", "HoldingsSync", "TransactionsSync"),
    SyncScope.ACCOUNTS: ("AccountsSync",),
    SyncScope.HOLDINGS: ("HoldingsSync",),
    SyncScope.TRANSACTIONS: ("TransactionsSync",),
}


def sync_events(sync: Sync, outcome: str, **more: str) -> list[Event]:
    """One event of this outcome for each kind of row that the sync is about."""
    subject = sync.account_id or sync.connection_id
    details = {
        "sync_id": str(sync.id),
        "connection_id": str(sync.connection_id),
        "trigger": sync.trigger.value,
        **more,
    }
    return [Event(name + outcome, sync.user_id, subject, details) for name in _NAMES[sync.scope]]


async def abandon_running(uow: UnitOfWork, connection: Connection, now: datetime) -> None:
    """Within the open transaction: a sync that no longer has its connection has failed."""
    for sync in await uow.syncs.running(connection.user_id, connection.id):
        ended = replace(
            sync, status=SyncStatus.ABANDONED, finished_at=now, problem=SyncAbandoned.slug
        )
        await uow.syncs.update(ended)
        uow.record(*sync_events(sync, "Failed", problem=SyncAbandoned.slug))

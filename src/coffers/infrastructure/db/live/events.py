"""The event log: every user's chain, and the system's."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
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

from coffers.application.live.events import Change, ChangeFeeds
from coffers.domain.identity.users import UserNotFound
from coffers.domain.ids import SYSTEM, UserId, new_id
from coffers.domain.live.events import (
    CHAIN_OPENED,
    GENESIS,
    Event,
    LoggedEvent,
    Origin,
    canonical,
    event_hash,
)
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, UTCDateTime

chains: Final = Table(
    "event_chains",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("head_hash", String(64), nullable=False),
)

events: Final = Table(
    "events",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", Id, nullable=False),
    Column("name", String(80), nullable=False),
    Column("subject_id", Id),
    Column("details", Text, nullable=False),
    Column("actor_id", Id),
    Column("ip_address", String(45)),
    Column("user_agent", String(400)),
    Column("trace_id", String(64)),
    Column("occurred_at", UTCDateTime, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("id"),
    Index("ix_events_occurred_at", "occurred_at"),
)


_THEIRS: Final = chains.c.user_id == bindparam("whose")
_LOCK: Final = select(chains.c.sequence, chains.c.head_hash).where(_THEIRS).with_for_update()
_GROW: Final = update(chains).where(_THEIRS)


async def log_events(
    transaction: Transaction, recorded: Sequence[Event], origin: Origin, now: datetime
) -> list[UserId]:
    """Append the events to their chains, which stay locked until the end of the transaction.

    Answers whose they were; raises UserNotFound when one of them has been erased. Chains are taken
    in one order (the system's first, then by user id), so that two transactions never wait in a
    circle.
    """
    by_user: dict[UserId, list[Event]] = defaultdict(list)
    for event in recorded:
        by_user[event.user_id].append(event)
    opened = []
    for user_id in sorted(by_user):
        first = await _append(transaction, user_id, by_user[user_id], origin, now)
        if first == 1 and user_id != SYSTEM:
            opened.append(Event(CHAIN_OPENED, SYSTEM, user_id))
    if opened:
        # Nobody else can wait for a chain that begins in this transaction, so the order holds. This
        # outlives whoever it is about: it must not tell where they came from.
        await _append(transaction, SYSTEM, opened, Origin(trace_id=origin.trace_id), now)
    return list(by_user)


async def open_chain(transaction: Transaction, user_id: UserId) -> None:
    """An empty chain for a new user."""
    row = {"user_id": user_id, "sequence": 0, "head_hash": GENESIS}
    await transaction.execute(insert(chains), row)


async def _append(
    transaction: Transaction,
    user_id: UserId,
    recorded: Sequence[Event],
    origin: Origin,
    now: datetime,
) -> int:
    sequence, head = await _lock_chain(transaction, user_id)
    rows = []
    for number, event in enumerate(recorded, start=sequence + 1):
        logged = _chained(event, origin, now, number, head)
        head = logged.hash
        rows.append({name: getattr(logged, name) for name in LoggedEvent.__dataclass_fields__})
    await transaction.execute(insert(events), rows)
    grown = {"whose": user_id, "sequence": sequence + len(rows), "head_hash": head}
    await transaction.execute(_GROW, grown)
    return sequence + 1


async def _lock_chain(transaction: Transaction, user_id: UserId) -> tuple[int, str]:
    row = (await transaction.execute(_LOCK, {"whose": user_id})).one_or_none()
    if row is None:
        # Erased in the meantime: whatever this transaction did for them must not stay either.
        raise UserNotFound("User not found")
    return row.sequence, row.head_hash


def _chained(event: Event, origin: Origin, now: datetime, sequence: int, head: str) -> LoggedEvent:
    logged = LoggedEvent(
        id=new_id(),
        user_id=event.user_id,
        sequence=sequence,
        name=event.name,
        subject_id=event.subject_id,
        details=canonical(event.details),
        actor_id=origin.actor_id,
        ip_address=origin.ip_address,
        user_agent=origin.user_agent,
        trace_id=origin.trace_id,
        occurred_at=now,
        previous_hash=head,
    )
    return replace(logged, hash=event_hash(logged))


async def seal_chain(transaction: Transaction, user_id: UserId) -> tuple[int, str]:
    """How long the user's chain is and the hash of its head; nothing more can be added to it.

    What the system's chain keeps of it after erasure. Raises UserNotFound.
    """
    return await _lock_chain(transaction, user_id)


class SqlChangeFeeds(ChangeFeeds):
    """Changes to read, in SQL.

    A chain's row is locked until its events are committed, so nobody ever sees a sequence number
    before all the smaller ones.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def head(self, user_id: UserId) -> int:
        """As the port says."""
        return (await self.heads([user_id])).get(user_id, 0)

    async def heads(self, user_ids: Sequence[UserId]) -> dict[UserId, int]:
        """As the port says."""
        rows = await self._reader.rows(_HEADS, {"user_ids": list(user_ids)})
        return {UserId(row.user_id): row.sequence for row in rows}

    async def after(self, user_id: UserId, sequence: int, limit: int) -> list[Change]:
        """As the port says."""
        parameters = {"user_id": user_id, "sequence": sequence, "limit": limit}
        rows = await self._reader.rows(_CHANGES, parameters)
        return [_change(row) for row in rows]


def _change(row: Row[Any]) -> Change:  # Any: a row of _CHANGES
    details = msgspec.Raw(row.details)
    return Change(row.sequence, row.id, row.name, row.subject_id, details, row.occurred_at)


_HEADS: Final = select(chains.c.user_id, chains.c.sequence).where(
    chains.c.user_id.in_(bindparam("user_ids", expanding=True))
)
_CHANGES: Final = (
    select(*(events.c[name] for name in Change.__struct_fields__))
    .where(events.c.user_id == bindparam("user_id"), events.c.sequence > bindparam("sequence"))
    .order_by(events.c.sequence)
    .limit(bindparam("limit"))
)

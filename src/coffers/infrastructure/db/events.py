"""The event log: every user's chain, and the system's."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    insert,
    select,
    update,
)

from coffers.domain.events import GENESIS, Event, LoggedEvent, Origin, canonical, event_hash
from coffers.domain.ids import UserId, new_id
from coffers.infrastructure.db.metadata import METADATA
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


async def log_events(
    transaction: Transaction, recorded: Sequence[Event], origin: Origin, now: datetime
) -> list[UserId]:
    """Append the events to their chains, which stay locked until the end of the transaction; say whose they were.

    Chains are taken in one order (the system's first, then by user id), so that two transactions never wait in a circle.
    """
    by_user: dict[UserId, list[Event]] = defaultdict(list)
    for event in recorded:
        by_user[event.user_id].append(event)
    for user_id in sorted(by_user):
        await _append(transaction, user_id, by_user[user_id], origin, now)
    return list(by_user)


async def open_chain(transaction: Transaction, user_id: UserId) -> None:
    """An empty chain for a new user."""
    row = {"user_id": user_id, "sequence": 0, "head_hash": GENESIS}
    await transaction.execute(insert(chains).values(row))


async def _append(
    transaction: Transaction,
    user_id: UserId,
    recorded: Sequence[Event],
    origin: Origin,
    now: datetime,
) -> None:
    sequence, head = await _lock_chain(transaction, user_id)
    rows = []
    for number, event in enumerate(recorded, start=sequence + 1):
        logged = _chained(event, origin, now, number, head)
        head = logged.hash
        rows.append({name: getattr(logged, name) for name in LoggedEvent.__dataclass_fields__})
    await transaction.execute(insert(events), rows)
    grown = {"sequence": sequence + len(rows), "head_hash": head}
    await transaction.execute(update(chains).where(chains.c.user_id == user_id).values(grown))


async def _lock_chain(transaction: Transaction, user_id: UserId) -> tuple[int, str]:
    statement = select(chains.c.sequence, chains.c.head_hash).where(chains.c.user_id == user_id)
    row = (await transaction.execute(statement.with_for_update())).one_or_none()
    if row is not None:
        return row.sequence, row.head_hash
    # The first event of this chain. Two first events at once: the loser's insert fails and its
    # request is retried.
    await open_chain(transaction, user_id)
    return 0, GENESIS


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
    """How long the user's chain is and the hash of its head.

    What the system's chain keeps of it after erasure.
    """
    statement = select(chains.c.sequence, chains.c.head_hash).where(chains.c.user_id == user_id)
    row = (await transaction.execute(statement)).one_or_none()
    return (row.sequence, row.head_hash) if row is not None else (0, GENESIS)

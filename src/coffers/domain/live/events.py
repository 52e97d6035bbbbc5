"""Domain events: what happened, in the past tense; in threes where something is attempted.

The event log is the audit log and the outbox in one: every mutation records its events in its own
commit, numbered without gaps per user and chained by SHA-256, and whoever publishes (streams,
webhooks, mail) reads them from there.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from coffers.domain.ids import SYSTEM, UserId

#: What the first event of a chain points back to.
GENESIS: Final = "0" * 64
#: The system's chain tells of every other chain's beginning and, after an erasure, of its end: a
#: chain that is gone without that was taken away.
CHAIN_OPENED: Final = "ChainOpened"
USER_ERASED: Final = "UserErased"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to `user_id` (SYSTEM: to nobody in particular), about `subject_id`.

    `details` holds plain JSON values and never a secret.
    """

    name: str
    user_id: UserId = SYSTEM
    subject_id: UUID | None = None
    details: Mapping[str, object] = field(default_factory=dict)


def erasure(user_id: UserId, length: int, head_hash: str) -> Event:
    """What the system's chain keeps of an erased user: the length and last hash of their chain."""
    return Event(USER_ERASED, SYSTEM, user_id, {"events": length, "head_hash": head_hash})


@dataclass(frozen=True, slots=True)
class Origin:
    """Who acts, from where: what the log says beside each event."""

    actor_id: UUID | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event as it stands in its chain. `sequence` counts from 1 per user."""

    id: UUID
    user_id: UserId
    sequence: int
    name: str
    subject_id: UUID | None
    details: str
    actor_id: UUID | None
    ip_address: str | None
    user_agent: str | None
    trace_id: str | None
    occurred_at: datetime
    previous_hash: str
    hash: str = ""


def canonical(details: Mapping[str, object]) -> str:
    """The one JSON text of these details: keys sorted, no spaces, ASCII only."""
    return json.dumps(details, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def event_hash(event: LoggedEvent) -> str:
    """SHA-256, in hexadecimal, over every field of the event and the hash of the one before."""
    fields = (
        event.id,
        event.user_id,
        event.sequence,
        event.name,
        event.subject_id,
        event.details,
        event.actor_id,
        event.ip_address,
        event.user_agent,
        event.trace_id,
        event.occurred_at.isoformat(),
        event.previous_hash,
    )
    text = json.dumps([None if value is None else str(value) for value in fields])
    return hashlib.sha256(text.encode()).hexdigest()

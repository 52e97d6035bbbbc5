"""The audit log, to read across all chains, and the proof that nobody rewrote it."""

import asyncio
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Annotated, Final, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.ports import Clock
from coffers.application.views import Instant
from coffers.domain.errors import BadRequest
from coffers.domain.ids import UserId
from coffers.domain.live.events import GENESIS, LoggedEvent, event_hash
from coffers.domain.paging import Cursors

#: Events in memory at once while chains are verified, and chains.
CHUNK: Final = 1_000
CHAINS_AT_ONCE: Final = 200
_BINDING: Final = "audit-log"


class AuditEntry(msgspec.Struct, frozen=True):
    """Something that happened. `user_id` names the chain: all zeros is the system's own."""

    id: UUID
    user_id: UUID
    sequence: int
    name: str
    subject_id: UUID | None
    details: Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "object"})]
    actor_id: UUID | None
    ip_address: str | None
    user_agent: str | None
    trace_id: str | None
    occurred_at: Instant
    previous_hash: str
    hash: str


class AuditPage(msgspec.Struct, frozen=True):
    """Entries, newest first."""

    entries: list[AuditEntry]
    total_count: int
    next_cursor: str | None


class AuditBreak(msgspec.Struct, frozen=True):
    """Where a chain does not hold. `sequence` is 0 when it is about the chain as a whole."""

    user_id: UUID
    sequence: int
    reason: str


class AuditVerification(msgspec.Struct, frozen=True):
    """The result of following every chain from its first event to its head."""

    is_intact: bool
    chains_checked: int
    events_checked: int
    chains_erased: int
    first_break: AuditBreak | None
    verified_at: Instant


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries: of one chain, of one name, by one actor, in a time from (inclusive) and to."""

    user_id: UUID | None = None
    name: str | None = None
    actor_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChainHead:
    """Where a chain says that it ends, and the last event that there is."""

    user_id: UserId
    sequence: int
    head_hash: str
    last_sequence: int


class PeriodInvalid(BadRequest):
    """The end of the period lies before its beginning."""


#: When, in which chain, and where in it: newest first, this orders all entries.
Position = tuple[datetime, UUID, int]


class AuditLogs(Protocol):
    """The log, to read whole."""

    async def page(
        self, wanted: AuditFilter, behind: Position | None, limit: int
    ) -> tuple[list[AuditEntry], int]:
        """Entries, newest first, and how many the filter has in all."""
        ...

    async def heads(self, behind: UUID | None, limit: int) -> list[ChainHead]:
        """Chains by the ids of their users."""
        ...

    async def head(self, user_id: UserId) -> ChainHead | None:
        """One chain; None when it is gone."""
        ...

    async def events(self, head: ChainHead, behind: int, limit: int) -> list[LoggedEvent]:
        """The events of a chain up to its head, in order."""
        ...

    async def flaw_between_chains(self) -> AuditBreak | None:
        """What no single chain can show: one that is gone, or that came from nowhere."""
        ...

    async def count_erased(self) -> int:
        """How many erasures are on record."""
        ...


async def list_entries(
    logs: AuditLogs, cursors: Cursors, wanted: AuditFilter, *, cursor: str | None, limit: int
) -> AuditPage:
    """A page of the log; raises CursorInvalid, PeriodInvalid."""
    if wanted.since and wanted.until and wanted.until < wanted.since:
        raise PeriodInvalid("`to` lies before `from`.")
    binding = (_BINDING, *astuple(wanted))
    behind = _position(cursors.open(cursor, binding)) if cursor is not None else None
    entries, total_count = await logs.page(wanted, behind, limit + 1)
    shown = entries[:limit]
    is_last = len(entries) <= limit
    next_cursor = None if is_last else cursors.seal(_key(shown[-1]), binding)
    return AuditPage(shown, total_count, next_cursor)


async def verify_audit_log(logs: AuditLogs, clock: Clock) -> AuditVerification:
    """Follow every chain to its head, a bounded number of events at a time, up to the first break.

    The hashes have no key: this finds what was changed by hand, removed, moved or cut off, not the
    work of somebody who calculates the whole log anew.
    """
    chains_checked = events_checked = 0
    flaw: AuditBreak | None = None
    behind: UUID | None = None
    while flaw is None and (heads := await logs.heads(behind, CHAINS_AT_ONCE)):
        for head in heads:
            count, flaw = await _follow(logs, head)
            chains_checked += 1
            events_checked += count
            if flaw is not None:
                break
        behind = heads[-1].user_id
    flaw = flaw or await logs.flaw_between_chains()
    return AuditVerification(
        is_intact=flaw is None,
        chains_checked=chains_checked,
        events_checked=events_checked,
        chains_erased=await logs.count_erased(),
        first_break=flaw,
        verified_at=clock.now(),
    )


async def _follow(logs: AuditLogs, head: ChainHead) -> tuple[int, AuditBreak | None]:
    """How many events held, and what did not; a chain erased meanwhile has no flaw."""
    position, last_hash = 0, GENESIS
    reason: str | None = None
    while reason is None and position < head.sequence:
        chunk = await logs.events(head, position, CHUNK)
        if not chunk:
            reason = "The chain was cut off: its last events are missing."
            break
        good, reason = await asyncio.to_thread(_check, chunk, position, last_hash)
        position, last_hash = position + good, chunk[good - 1].hash if good else last_hash
    reason = reason or _check_head(head, last_hash)
    if reason is None or await logs.head(head.user_id) is None:
        return position, None
    return position, AuditBreak(head.user_id, min(position + 1, head.last_sequence + 1), reason)


def _check(chunk: Sequence[LoggedEvent], position: int, last_hash: str) -> tuple[int, str | None]:
    """How many of these hold, and what is wrong with the next."""
    for good, event in enumerate(chunk):
        if event.sequence != position + good + 1:
            return good, "An event is missing here."
        if event.previous_hash != last_hash:
            return good, "The event does not point to the one before it."
        if event_hash(event) != event.hash:
            return good, "The event was changed: its hash does not match."
        last_hash = event.hash
    return len(chunk), None


def _check_head(head: ChainHead, last_hash: str) -> str | None:
    if head.last_sequence > head.sequence:
        return "There are events behind the head of the chain."
    if last_hash != head.head_hash:
        return "The head of the chain does not match its last event."
    return None


def _key(entry: AuditEntry) -> list[str]:
    return [entry.occurred_at.isoformat(), str(entry.user_id), str(entry.sequence)]


def _position(key: Sequence[str]) -> Position:
    return datetime.fromisoformat(key[0]), UUID(key[1]), int(key[2])

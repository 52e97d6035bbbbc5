"""What happened to a user, to read page by page and to follow as it happens."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Annotated, Final, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.live.event_streams import EventStream, WakeUps
from coffers.application.views import Instant
from coffers.domain.errors import Unavailable
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.paging import CursorInvalid, Cursors

#: Events read at once for a stream: what a slow reader keeps in memory at most.
PAGE: Final = 100
HEARTBEAT_S: Final = 15.0
#: How often the log is asked whether an announcement was missed.
POLL_S: Final = 1.0
_BINDING: Final = "changes"


class Change(msgspec.Struct, frozen=True):
    """An event of the user's. `sequence` counts from 1 without gaps; `details` depend on `name`."""

    sequence: int
    id: UUID
    name: str
    subject_id: UUID | None
    details: Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "object"})]
    occurred_at: Instant


class ChangePage(msgspec.Struct, frozen=True):
    """Changes, oldest first. `next_cursor` goes on from here, now or whenever there are more."""

    changes: list[Change]
    total_count: int
    next_cursor: str
    has_more: bool


class ChangeFeeds(Protocol):
    """Changes to read."""

    async def head(self, user_id: UserId) -> int:
        """The sequence of the user's last event; 0 for nobody."""
        ...

    async def heads(self, user_ids: Sequence[UserId]) -> dict[UserId, int]:
        """Likewise for many; whoever does not exist is left out."""
        ...

    async def after(self, user_id: UserId, sequence: int, limit: int) -> list[Change]:
        """The user's events behind this sequence, oldest first, none left out."""
        ...


async def list_changes(
    feeds: ChangeFeeds, cursors: Cursors, principal: Principal, *, cursor: str | None, limit: int
) -> ChangePage:
    """A page of the caller's own events; raises CursorInvalid."""
    user_id = principal.user_id
    binding = (_BINDING, user_id)
    head = await feeds.head(user_id)
    position = _position(cursors.open(cursor, binding), head) if cursor is not None else 0
    changes = await feeds.after(user_id, position, limit)
    last = changes[-1].sequence if changes else position
    return ChangePage(
        changes, max(head, last), cursors.seal([str(last)], binding), has_more=last < head
    )


def _position(key: Sequence[str], head: int) -> int:
    if len(key) != 1 or not key[0].isdecimal():
        raise CursorInvalid("The cursor was not made for this list.", field="cursor")
    return resume_at(int(key[0]), head)


def resume_at(last_seen: int, head: int) -> int:
    """Where to go on. A log shorter than what was seen comes from a backup: what follows is new."""
    return min(last_seen, head)


async def follow(
    feeds: ChangeFeeds,
    bell: WakeUps,
    user_id: UserId,
    *,
    position: int,
    life_s: float,
    is_welcome: Callable[[], Awaitable[bool]],
) -> AsyncIterator[list[Change]]:
    """The user's events behind this sequence, in order, as they happen; an empty list as heartbeat.

    Ends with its life, or as soon as the reader is not welcome any more. The reader sets the pace:
    the next page is read when the last one is gone. While the database is away there are only
    heartbeats.
    """
    now = time.monotonic()
    ends_at, beat_at = now + life_s, now + HEARTBEAT_S
    while (now := time.monotonic()) < ends_at:
        changes, patience_s = list[Change](), HEARTBEAT_S
        try:
            if not await is_welcome():
                return
            changes = await feeds.after(user_id, position, PAGE)
        except Unavailable:
            patience_s = POLL_S
        if changes or now >= beat_at:
            position = changes[-1].sequence if changes else position
            yield changes
            beat_at = time.monotonic() + HEARTBEAT_S
        else:
            await bell.wait(min(patience_s, beat_at - now, ends_at - now))


async def watch_heads(feeds: ChangeFeeds, stream: EventStream) -> None:
    """For ever: wake those whose log grew without an announcement that got through to this process.

    One statement a second, however many listen.
    """
    known: dict[UserId, int | None] = {}
    while True:
        await asyncio.sleep(POLL_S)
        listened = stream.listened()
        if not listened:
            continue
        try:
            heads = await feeds.heads(listened)
        except Unavailable:
            continue
        # Whoever is new here is woken once too often rather than not at all.
        stream.wake([each for each in listened if known.get(each, -1) != heads.get(each)])
        known = {each: heads.get(each) for each in listened}

"""/events and /changes: what happens to the caller, as it happens and to read again."""

from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import Header

from coffers.application.live import events
from coffers.application.live.event_streams import WakeUps
from coffers.application.live.events import ChangePage
from coffers.domain.errors import BadRequest
from coffers.domain.paging import DEFAULT_LIMIT
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Call, Caller
from coffers.presentation.event_streams import (
    HEARTBEAT,
    Chunks,
    EventStreamResponse,
    event,
    opening,
)
from coffers.presentation.paging import CursorIn, LimitIn, next_link

#: A stream opened with an API key ends after so long; those of sessions end with their token.
MAX_LIFE_S: Final = 3_600.0
#: Digits of the largest sequence.
MAX_DIGITS: Final = 18

LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="The `id` of the last event that was received."),
]


class LastEventIdInvalid(BadRequest):
    """`Last-Event-ID` is not an id of this stream."""

    slug = "last_event_id_invalid"


async def list_changes(
    call: Caller, limit: LimitIn = DEFAULT_LIMIT, cursor: CursorIn = None
) -> Answer[ChangePage]:
    """Everything that happened to the caller, oldest first, to read again at any time.

    `next_cursor` is never null: keep it and go on from there later. `has_more` says whether there
    is something behind it already.
    """
    services = call.services
    page = await events.list_changes(
        services.change_feeds, services.cursors, call.principal, cursor=cursor, limit=limit
    )
    link = next_link(call.request, page.next_cursor) if page.has_more else {}
    return Answer(page, link)


async def stream_events(call: Caller, last_event_id: LastEventId = None) -> EventStreamResponse:
    """Everything that happens to the caller, as it happens (server-sent events).

    Begins now or, with `Last-Event-ID`, right behind that event.
    """
    user_id = call.principal.user_id
    head = await call.services.change_feeds.head(user_id)
    position = head if last_event_id is None else events.resume_at(_sequence(last_event_id), head)
    life_s = _life_s(call)

    async def chunks(bell: WakeUps) -> Chunks:
        yield opening(position)
        pages = events.follow(
            call.services.change_feeds,
            bell,
            user_id,
            position=position,
            life_s=life_s,
            is_welcome=lambda: _is_welcome(call),
        )
        async for chunk in _encoded(pages):
            yield chunk

    return EventStreamResponse(call.services.event_stream.listen(user_id), chunks)


async def _encoded(pages: AsyncIterator[list[events.Change]]) -> Chunks:
    async for changes in pages:
        yield b"".join(map(event, changes)) or HEARTBEAT


def _sequence(last_event_id: str) -> int:
    text = last_event_id.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise LastEventIdInvalid("`Last-Event-ID` is the `id` of an event of this stream.")
    return int(text)


def _life_s(call: Call) -> float:
    """How long the proof of who is calling lasts."""
    if call.principal.session_id is None:
        return MAX_LIFE_S
    now = call.services.clock.now()
    claims = call.services.access_tokens.verify(_token(call), now=now)
    return claims.expires_at - now.timestamp()


async def _is_welcome(call: Call) -> bool:
    """Whether the session, or the API key, and the user themselves are still there."""
    services, principal = call.services, call.principal
    if principal.session_id is not None:
        return await services.session_lists.is_live(principal.user_id, principal.session_id)
    return await services.api_key_lookups.find(_token(call), services.clock.now()) is not None


def _token(call: Call) -> str:
    return call.request.headers["authorization"].partition(" ")[2]

"""Sessions: seeing where one is signed in, and signing out."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import msgspec

from coffers.application.ports import Clock
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import Instant, Versioned
from coffers.domain.errors import PreconditionFailed
from coffers.domain.ids import SessionId, UserId
from coffers.domain.live.events import Event
from coffers.domain.paging import Cursors


class SessionView(msgspec.Struct, frozen=True):
    """One sign-in. `is_current`: the one that asks. It is over by `expires_at` at the latest."""

    id: SessionId
    device_info: str | None
    ip_address: str | None
    user_agent: str | None
    created_at: Instant
    last_activity_at: Instant
    expires_at: Instant
    is_current: bool
    is_revoked: bool


class SessionList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Sign-ins, newest first; `active_count` of all are live. `next_cursor` when more follow."""

    sessions: list[SessionView]
    total_count: int
    active_count: int
    next_cursor: str | None = None


class EndedSessions(msgspec.Struct, frozen=True):
    """How many other sessions are over now."""

    revoked_count: int
    message: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose sessions are read, and from which one of them."""

    user_id: UserId
    session_id: SessionId


@dataclass(frozen=True, slots=True)
class SessionPage:
    """Some of a user's sessions, and how many there are behind and in all."""

    rows: list[SessionView]
    has_more: bool
    total_count: int
    active_count: int


class SessionLists(Protocol):
    """Sessions to read."""

    async def is_live(self, user_id: UserId, session_id: SessionId) -> bool:
        """Whether the session row itself says that it has neither ended nor expired."""
        ...

    async def vouch(self, user_id: UserId, session_id: SessionId) -> bool:
        """Whether it was this user's and live when first asked for here.

        A yes is remembered: whatever ends a session afterwards is announced.
        """
        ...

    async def page(self, viewer: Viewer, *, before: UUID | None, limit: int) -> SessionPage:
        """The newest of those begun before this one."""
        ...

    async def one(self, viewer: Viewer, session_id: SessionId) -> Versioned[SessionView]:
        """Raises SessionNotFound, NotYours."""
        ...


async def list_sessions(
    lists: SessionLists, cursors: Cursors, viewer: Viewer, *, limit: int, cursor: str | None
) -> SessionList:
    """The caller's sessions, ended ones too, newest first. Raises CursorInvalid."""
    binding = (viewer.user_id, "sessions", "newest first")
    before = UUID(cursors.open(cursor, binding)[0]) if cursor is not None else None
    page = await lists.page(viewer, before=before, limit=limit)
    following = cursors.seal([str(page.rows[-1].id)], binding) if page.has_more else None
    return SessionList(page.rows, page.total_count, page.active_count, following)


async def get_session(
    lists: SessionLists, viewer: Viewer, session_id: SessionId
) -> Versioned[SessionView]:
    """One of the caller's sessions. Raises SessionNotFound, NotYours."""
    return await lists.one(viewer, session_id)


async def end_session(
    uow: UnitOfWork,
    clock: Clock,
    viewer: Viewer,
    session_id: SessionId,
    expected_version: int | None,
) -> None:
    """End one of the caller's sessions; once more is no error.

    Raises SessionNotFound, NotYours, PreconditionFailed.
    """
    async with uow:
        session = await uow.sessions.get(viewer.user_id, session_id)
        version = session.version(is_current=session_id == viewer.session_id)
        if expected_version not in {None, version}:
            raise PreconditionFailed("The session changed in the meantime: read it again.")
        if await uow.sessions.revoke(viewer.user_id, at=clock.now(), only=session_id):
            uow.record(Event("SessionRevoked", viewer.user_id, session_id))
        await uow.commit()


async def end_other_sessions(uow: UnitOfWork, clock: Clock, viewer: Viewer) -> EndedSessions:
    """End every session of the caller's but the one that asks."""
    async with uow:
        ended = await uow.sessions.revoke(viewer.user_id, at=clock.now(), but=viewer.session_id)
        count = len(ended)
        details = {"count": count}
        uow.record(Event("OtherSessionsRevoked", viewer.user_id, viewer.session_id, details))
        await uow.commit()
    return EndedSessions(count, f"{count} other session{'' if count == 1 else 's'} ended.")

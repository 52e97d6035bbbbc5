"""The sessions and refresh_tokens tables and their repository."""

from collections import OrderedDict
from collections.abc import Container
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    Index,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    func,
    insert,
    select,
    update,
)

from coffers.application.identity.sessions import SessionLists, SessionPage, SessionView, Viewer
from coffers.application.identity.tokens import RefreshTokenLookups
from coffers.application.ports import Clock
from coffers.application.views import Versioned
from coffers.domain.identity.sessions import RefreshToken, Session, SessionNotFound, Sessions
from coffers.domain.ids import SessionId, UserId
from coffers.infrastructure.db.identity.users import lock_owner
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, UTCDateTime

#: Sessions remembered as live; one more costs a look at its row.
MAX_VOUCHED: Final = 10_000

sessions: Final = Table(
    "sessions",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("ip_address", String(45)),
    Column("user_agent", Text),
    Column("device_info", String(100)),
    Column("created_at", UTCDateTime, nullable=False),
    Column("last_activity_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime, nullable=False),
    Column("revoked_at", UTCDateTime),
    Index("ix_sessions_revoked_at", "revoked_at"),
    Index("ix_sessions_id", "id"),
)

refresh_tokens: Final = Table(
    "refresh_tokens",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("session_id", Id, nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("issued_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime, nullable=False),
    Column("used_at", UTCDateTime),
    UniqueConstraint("token_hash"),
    Index("ix_refresh_tokens_expires_at", "expires_at"),
)


class SqlSessions(Sessions):
    """Sessions in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, session: Session, token: RefreshToken) -> None:
        """As the port says."""
        await self._transaction.execute(insert(sessions), _row(session))
        await self._transaction.execute(insert(refresh_tokens), _row(token))

    async def get(self, user_id: UserId, session_id: SessionId) -> Session:
        """As the port says."""
        statement = select(sessions).where(
            sessions.c.user_id == user_id, sessions.c.id == session_id
        )
        rows = await self._transaction.rows(statement)
        if not rows:
            raise await missing(self._transaction, sessions, session_id, _NOT_FOUND)
        return _session(rows[0])

    async def find_token(self, token_hash: str) -> RefreshToken | None:
        """As the port says."""
        is_it = refresh_tokens.c.token_hash == token_hash
        owner = select(refresh_tokens.c.user_id).where(is_it).scalar_subquery()
        await lock_owner(self._transaction, owner)
        rows = await self._transaction.rows(select(refresh_tokens).where(is_it))
        return RefreshToken(**_fields(rows[0])) if rows else None

    async def rotate(self, used: RefreshToken, fresh: RefreshToken) -> None:
        """As the port says."""
        mark = update(refresh_tokens).where(
            refresh_tokens.c.user_id == used.user_id, refresh_tokens.c.id == used.id
        )
        await self._transaction.execute(mark.values(used_at=fresh.issued_at))
        await self._transaction.execute(insert(refresh_tokens), _row(fresh))
        extend = update(sessions).where(
            sessions.c.user_id == fresh.user_id, sessions.c.id == fresh.session_id
        )
        values = {"last_activity_at": fresh.issued_at, "expires_at": fresh.expires_at}
        await self._transaction.execute(extend.values(values))

    async def revoke(
        self,
        user_id: UserId,
        *,
        at: datetime,
        only: SessionId | None = None,
        but: SessionId | None = None,
    ) -> list[SessionId]:
        """As the port says."""
        live = (sessions.c.user_id == user_id) & sessions.c.revoked_at.is_(None)
        live &= sessions.c.expires_at > at
        if only is not None:
            live &= sessions.c.id == only
        if but is not None:
            live &= sessions.c.id != but
        statement = update(sessions).where(live).values(revoked_at=at).returning(sessions.c.id)
        ended = [SessionId(row.id) for row in await self._transaction.execute(statement)]
        self._transaction.ended_sessions += ended
        return ended


def _row(entity: Session | RefreshToken) -> dict[str, object]:
    return {name: getattr(entity, name) for name in entity.__dataclass_fields__}


def _session(row: Row[Any]) -> Session:  # Any: a row of the whole table
    return Session(**_fields(row))


def _fields(row: Row[Any]) -> dict[str, Any]:  # Any: a row of the whole table
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a mapping


class SqlSessionLists(SessionLists, RefreshTokenLookups):
    """Sessions to read, in SQL."""

    def __init__(self, reader: Reader, clock: Clock, erased: Container[UserId] = ()) -> None:
        self._reader = reader
        self._clock = clock
        self._erased = erased
        self._vouched: OrderedDict[tuple[UserId, SessionId], None] = OrderedDict()

    async def is_live(self, user_id: UserId, session_id: SessionId) -> bool:
        """As the port says."""
        row = {"user_id": user_id, "session_id": session_id, "now": self._clock.now()}
        return bool(await self._reader.rows(_LIVE, row))

    async def vouch(self, user_id: UserId, session_id: SessionId) -> bool:
        """As the port says."""
        if user_id in self._erased:
            return False
        if (user_id, session_id) in self._vouched:
            return True
        if not await self.is_live(user_id, session_id):
            return False
        self._vouched[user_id, session_id] = None
        if len(self._vouched) > MAX_VOUCHED:
            self._vouched.popitem(last=False)
        return True

    async def session_of(self, token_hash: str) -> SessionId | None:
        """As the port says."""
        rows = await self._reader.rows(_SESSION_OF_TOKEN, {"token_hash": token_hash})
        return SessionId(rows[0].session_id) if rows else None

    async def page(self, viewer: Viewer, *, before: UUID | None, limit: int) -> SessionPage:
        """As the port says."""
        wanted = {"user_id": viewer.user_id, "before": before or _LAST_ID, "limit": limit + 1}
        async with self._reader.snapshot() as snapshot:
            rows = await snapshot.rows(_PAGE, wanted)
            owner = {"user_id": viewer.user_id, "now": self._clock.now()}
            counts = (await snapshot.rows(_COUNTS, owner))[0]
        views = [_view(_session(row), viewer) for row in rows[:limit]]
        return SessionPage(views, len(rows) > limit, counts.total, counts.active)

    async def one(self, viewer: Viewer, session_id: SessionId) -> Versioned[SessionView]:
        """As the port says."""
        wanted = {"user_id": viewer.user_id, "session_id": session_id}
        rows = await self._reader.rows(_ONE, wanted)
        if not rows:
            raise await missing(self._reader, sessions, session_id, _NOT_FOUND)
        session = _session(rows[0])
        version = session.version(is_current=session.id == viewer.session_id)
        return Versioned(_view(session, viewer), version)


def _view(session: Session, viewer: Viewer) -> SessionView:
    return SessionView(
        id=session.id,
        device_info=session.device_info,
        ip_address=session.ip_address,
        user_agent=session.user_agent,
        created_at=session.created_at,
        last_activity_at=session.last_activity_at,
        expires_at=session.expires_at,
        is_current=session.id == viewer.session_id,
        is_revoked=session.revoked_at is not None,
    )


_NOT_FOUND: Final = SessionNotFound("Session not found")
#: Behind every other id.
_LAST_ID: Final = UUID(int=2**128 - 1)
_OWNED: Final = sessions.c.user_id == bindparam("user_id")
_IS_LIVE: Final = sessions.c.revoked_at.is_(None) & (sessions.c.expires_at > bindparam("now"))
_ONE: Final = select(sessions).where(_OWNED, sessions.c.id == bindparam("session_id"))
_LIVE: Final = select(sessions.c.id).where(
    _OWNED, sessions.c.id == bindparam("session_id"), _IS_LIVE
)
_PAGE: Final = (
    select(sessions)
    .where(_OWNED, sessions.c.id < bindparam("before"))
    .order_by(sessions.c.id.desc())
    .limit(bindparam("limit"))
)
_COUNTS: Final = select(
    func.count().label("total"), func.count().filter(_IS_LIVE).label("active")
).where(_OWNED)
_SESSION_OF_TOKEN: Final = select(refresh_tokens.c.session_id).where(
    refresh_tokens.c.token_hash == bindparam("token_hash")
)

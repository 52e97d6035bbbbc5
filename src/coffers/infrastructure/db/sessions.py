"""The sessions and refresh_tokens tables and their repository."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    Index,
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

from coffers.application.ports import Clock
from coffers.application.sessions import SessionLists
from coffers.domain.ids import SessionId, UserId
from coffers.domain.sessions import RefreshToken, Session, SessionNotFound, Sessions
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, UTCDateTime

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
        await self._transaction.execute(insert(sessions).values(_row(session)))
        await self._transaction.execute(insert(refresh_tokens).values(_row(token)))

    async def get(self, user_id: UserId, session_id: SessionId) -> Session:
        """As the port says."""
        statement = select(sessions).where(
            sessions.c.user_id == user_id, sessions.c.id == session_id
        )
        row = (await self._transaction.execute(statement)).one_or_none()
        if row is None:
            raise SessionNotFound("Session not found")
        return Session(**_fields(row))

    async def find_token(self, token_hash: str) -> RefreshToken | None:
        """As the port says."""
        statement = select(refresh_tokens).where(refresh_tokens.c.token_hash == token_hash)
        row = (await self._transaction.execute(statement.with_for_update())).one_or_none()
        return None if row is None else RefreshToken(**_fields(row))

    async def rotate(self, used: RefreshToken, fresh: RefreshToken) -> None:
        """As the port says."""
        mark = update(refresh_tokens).where(
            refresh_tokens.c.user_id == used.user_id, refresh_tokens.c.id == used.id
        )
        await self._transaction.execute(mark.values(used_at=fresh.issued_at))
        await self._transaction.execute(insert(refresh_tokens).values(_row(fresh)))
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


def _fields(row: Row[Any]) -> dict[str, Any]:  # Any: a row of the whole table
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a mapping


class SqlSessionLists(SessionLists):
    """Sessions to read, in SQL."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    async def is_live(self, user_id: UserId, session_id: SessionId) -> bool:
        """As the port says."""
        row = {"user_id": user_id, "session_id": session_id, "now": self._clock.now()}
        return bool(await self._reader.rows(_LIVE, row))

    async def find_by_token(self, token_hash: str) -> SessionId | None:
        """As the port says."""
        rows = await self._reader.rows(_SESSION_OF_TOKEN, {"token_hash": token_hash})
        return SessionId(rows[0].session_id) if rows else None


_LIVE: Final = select(sessions.c.id).where(
    sessions.c.user_id == bindparam("user_id"),
    sessions.c.id == bindparam("session_id"),
    sessions.c.revoked_at.is_(None),
    sessions.c.expires_at > bindparam("now"),
)
_SESSION_OF_TOKEN: Final = select(refresh_tokens.c.session_id).where(
    refresh_tokens.c.token_hash == bindparam("token_hash")
)

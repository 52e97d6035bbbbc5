"""The connections, connection_credentials and link_attempts tables and their repository."""

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from coffers.application.linking.connections import (
    ConnectionLookups,
    ConnectionView,
    Standing,
    needs_reauthentication,
)
from coffers.application.views import Versioned
from coffers.domain.errors import PreconditionFailed
from coffers.domain.ids import UserId
from coffers.domain.linking.connections import (
    MAX_CONNECTIONS,
    Connection,
    ConnectionNotFound,
    Connections,
    ConnectionStatus,
    LinkAttempt,
    SealedCredentials,
    TooManyConnections,
)
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, UTCDateTime

connections: Final = Table(
    "connections",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("provider_slug", String(60), nullable=False),
    Column("alias", String(100)),
    Column("status", String(20), nullable=False),
    Column("connected_at", UTCDateTime),
    Column("last_sync_at", UTCDateTime),
    Column("next_sync_at", UTCDateTime),
    Column("sync_id", Id),
    Column("sync_leased_until", UTCDateTime),
    Column("failures", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    Index("ix_connections_id", "id"),
    Index("ix_connections_next_sync_at", "next_sync_at"),
    Index("ix_connections_sync_leased_until", "sync_leased_until"),
)

connection_credentials: Final = Table(
    "connection_credentials",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("connection_id", Id, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("expires_at", UTCDateTime),
    Column("obtained_at", UTCDateTime, nullable=False),
    Column("refreshing_until", UTCDateTime),
)

link_attempts: Final = Table(
    "link_attempts",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("state_hash", String(64), nullable=False),
    Column("provider_slug", String(60), nullable=False),
    Column("alias", String(100)),
    Column("redirect_uri", Text, nullable=False),
    Column("sealed_verifier", LargeBinary, nullable=False),
    Column("expires_at", UTCDateTime, nullable=False),
    Column("connection_id", Id),
    UniqueConstraint("state_hash"),
    Index("ix_link_attempts_expires_at", "expires_at"),
)


class SqlConnections(Connections):
    """Connections in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def check_room(self, user_id: UserId) -> None:
        """As the port says."""
        is_kept = connections.c.status != ConnectionStatus.DISCONNECTED.value
        count = select(func.count()).where(connections.c.user_id == user_id, is_kept)
        if (await self._transaction.execute(count)).scalar_one() >= MAX_CONNECTIONS:
            raise TooManyConnections(f"At most {MAX_CONNECTIONS} connections.")

    async def add(self, connection: Connection) -> None:
        """As the port says."""
        await self.check_room(connection.user_id)
        await self._transaction.execute(insert(connections), _row(connection))

    async def get(self, user_id: UserId, connection_id: UUID) -> Connection:
        """As the port says."""
        owned = (connections.c.user_id == user_id) & (connections.c.id == connection_id)
        statement = select(connections).where(owned).with_for_update()
        row = (await self._transaction.execute(statement)).one_or_none()
        if row is None:
            refusal = ConnectionNotFound("Connection not found")
            raise await missing(self._transaction, connections, connection_id, refusal)
        return connection_of(row)

    async def to_provider(self, user_id: UserId, provider_slug: str) -> list[Connection]:
        """As the port says."""
        mine = (connections.c.user_id == user_id) & (connections.c.provider_slug == provider_slug)
        statement = select(connections).where(mine).order_by(connections.c.id).with_for_update()
        return [connection_of(row) for row in await self._transaction.rows(statement)]

    async def hold(self, connection: Connection) -> None:
        """As the port says."""
        owned = (connections.c.user_id == connection.user_id) & (connections.c.id == connection.id)
        lease = {name: getattr(connection, name) for name in ("sync_id", "sync_leased_until")}
        await self._transaction.execute(update(connections).where(owned).values(lease))

    async def update(
        self, connection: Connection, *, expected_version: int | None = None
    ) -> Connection:
        """As the port says."""
        wanted = connection.version if expected_version is None else expected_version
        if wanted != connection.version:
            raise PreconditionFailed("The connection was changed in the meantime: read it again.")
        row = _row(connection) | {"version": wanted + 1}
        owned = (connections.c.user_id == connection.user_id) & (connections.c.id == connection.id)
        statement = update(connections).where(owned, connections.c.version == wanted)
        if (await self._transaction.execute(statement.values(row))).rowcount != 1:
            raise PreconditionFailed("The connection was changed in the meantime: read it again.")
        return replace(connection, version=wanted + 1)

    async def keep_credentials(self, credentials: SealedCredentials) -> None:
        """As the port says: in place, for a new row is hidden from whoever waits for the old."""
        row = _row(credentials)
        statement = update(connection_credentials).where(
            _of(credentials.user_id, credentials.connection_id)
        )
        if (await self._transaction.execute(statement.values(row))).rowcount == 0:
            await self._transaction.execute(insert(connection_credentials), row)

    async def credentials(self, user_id: UserId, connection_id: UUID) -> SealedCredentials | None:
        """As the port says."""
        owned = _of(user_id, connection_id)
        statement = select(connection_credentials).where(owned).with_for_update()
        row = (await self._transaction.execute(statement)).one_or_none()
        return None if row is None else SealedCredentials(**_fields(row))

    async def wipe_credentials(self, user_id: UserId, connection_id: UUID) -> None:
        """As the port says."""
        statement = delete(connection_credentials).where(_of(user_id, connection_id))
        await self._transaction.execute(statement)

    async def keep_attempt(self, attempt: LinkAttempt) -> None:
        """As the port says."""
        await self._transaction.execute(insert(link_attempts), _row(attempt))

    async def take_attempt(self, user_id: UserId, state_hash: str) -> LinkAttempt | None:
        """As the port says: DELETE … RETURNING lets one taker win."""
        wanted = (link_attempts.c.user_id == user_id) & (link_attempts.c.state_hash == state_hash)
        statement = delete(link_attempts).where(wanted).returning(*link_attempts.c)
        row = (await self._transaction.execute(statement)).one_or_none()
        return None if row is None else LinkAttempt(**_fields(row))


def connection_of(row: Row[Any]) -> Connection:  # Any: a row of the whole table
    """The connection as it was stored."""
    return Connection(**_fields(row) | {"status": ConnectionStatus(row.status)})


def _of(user_id: UserId, connection_id: UUID) -> ColumnElement[bool]:
    return (connection_credentials.c.user_id == user_id) & (
        connection_credentials.c.connection_id == connection_id
    )


def _row(entity: Connection | SealedCredentials | LinkAttempt) -> dict[str, object]:
    return {name: getattr(entity, name) for name in entity.__dataclass_fields__}


def _fields(row: Row[Any]) -> dict[str, Any]:  # Any: a row of the whole table
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a mapping


class SqlConnectionLookups(ConnectionLookups):
    """Connections to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def standing(self, user_id: UserId, connection_id: UUID) -> Standing:
        """As the port says."""
        row = await self._row(user_id, connection_id)
        return Standing(row.provider_slug, row.sync_leased_until)

    async def of_user(self, user_id: UserId) -> list[ConnectionView]:
        """As the port says."""
        rows = await self._reader.rows(_OF_USER, {"user_id": user_id})
        return [_view(row) for row in rows]

    async def one(self, user_id: UserId, connection_id: UUID) -> Versioned[ConnectionView]:
        """As the port says."""
        row = await self._row(user_id, connection_id)
        return Versioned(_view(row), row.version)

    async def _row(self, user_id: UserId, connection_id: UUID) -> Row[Any]:  # Any: a whole row
        rows = await self._reader.rows(_ONE, {"user_id": user_id, "id": connection_id})
        if not rows:
            refusal = ConnectionNotFound("Connection not found")
            raise await missing(self._reader, connections, connection_id, refusal)
        return rows[0]


def _view(row: Row[Any]) -> ConnectionView:  # Any: a row of the whole table
    status = ConnectionStatus(row.status)
    return ConnectionView(
        id=row.id,
        provider_slug=row.provider_slug,
        alias=row.alias,
        status=status,
        is_connected=status is ConnectionStatus.ACTIVE,
        needs_reauthentication=needs_reauthentication(status),
        connected_at=row.connected_at,
        last_sync_at=row.last_sync_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


_OF_USER: Final = (
    select(connections)
    .where(connections.c.user_id == bindparam("user_id"))
    .order_by(connections.c.created_at.desc(), connections.c.id.desc())
)
_ONE: Final = select(connections).where(
    connections.c.user_id == bindparam("user_id"), connections.c.id == bindparam("id")
)

"""The api_keys table and its repository."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import (
    Column,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from coffers.application.identity.api_keys import ApiKeyLookups, ApiKeyView
from coffers.application.identity.opaque_tokens import hash_token
from coffers.domain.errors import Unavailable
from coffers.domain.identity.api_keys import (
    MAX_KEYS,
    ApiKey,
    ApiKeyNotFound,
    ApiKeys,
    TooManyApiKeys,
)
from coffers.domain.identity.principals import Principal
from coffers.domain.identity.users import Role
from coffers.domain.ids import UserId
from coffers.infrastructure.db.engines import Engines
from coffers.infrastructure.db.identity.users import users
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.refusals import translated
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, UTCDateTime, Words

#: How exact `last_used_at` is.
NOTE_EVERY: Final = timedelta(minutes=1)
#: Keys whose last note is remembered; beyond, all are forgotten, and noted once more.
MAX_NOTED: Final = 10_000

api_keys: Final = Table(
    "api_keys",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("hint", String(12), nullable=False),
    Column("key_hash", String(64), nullable=False),
    Column("scopes", Words, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime),
    Column("last_used_at", UTCDateTime),
    UniqueConstraint("key_hash"),
)


class SqlApiKeys(ApiKeys):
    """API keys in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, key: ApiKey) -> None:
        """As the port says."""
        count = select(func.count()).where(api_keys.c.user_id == key.user_id)
        if (await self._transaction.execute(count)).scalar_one() >= MAX_KEYS:
            raise TooManyApiKeys(f"At most {MAX_KEYS} API keys: delete one first.")
        row = {name: getattr(key, name) for name in key.__dataclass_fields__}
        await self._transaction.execute(insert(api_keys), row)

    async def delete(self, user_id: UserId, key_id: UUID) -> None:
        """As the port says."""
        owned = (api_keys.c.user_id == user_id) & (api_keys.c.id == key_id)
        if (await self._transaction.execute(delete(api_keys).where(owned))).rowcount != 1:
            not_found = ApiKeyNotFound("API key not found")
            raise await missing(self._transaction, api_keys, key_id, not_found)


class SqlApiKeyLookups(ApiKeyLookups):
    """API keys to read, in SQL."""

    def __init__(self, reader: Reader, engines: Engines) -> None:
        self._reader = reader
        self._engines = engines
        self._noted: dict[UUID, datetime] = {}

    async def find(self, token: str, now: datetime) -> Principal | None:
        """As the port says."""
        rows = await self._reader.rows(_BY_HASH, {"key_hash": hash_token(token), "now": now})
        if not rows:
            return None
        row = rows[0]
        await self._note_use(row.user_id, row.id, now)
        roles = frozenset(map(Role, row.roles))
        return Principal(row.user_id, roles, api_key_id=row.id, scopes=row.scopes)

    async def of_user(self, user_id: UserId) -> list[ApiKeyView]:
        """As the port says."""
        rows = await self._reader.rows(_OF_USER, {"user_id": user_id})
        return [
            ApiKeyView(
                row.id,
                row.name,
                row.hint,
                sorted(row.scopes),
                row.created_at,
                row.expires_at,
                row.last_used_at,
            )
            for row in rows
        ]

    async def _note_use(self, user_id: UUID, key_id: UUID, now: datetime) -> None:
        """At most once a minute a key, outside any transaction.

        A reading request must not wait for writers.
        """
        noted = self._noted.get(key_id)
        if noted is not None and now - noted < NOTE_EVERY:
            return
        if len(self._noted) >= MAX_NOTED:
            self._noted.clear()
        self._noted[key_id] = now
        used = update(api_keys).where(api_keys.c.user_id == user_id, api_keys.c.id == key_id)
        with suppress(Unavailable), translated():
            async with self._engines.read.connect() as connection:
                await connection.execute(used.values(last_used_at=now))


_BY_HASH: Final = (
    select(api_keys.c.user_id, api_keys.c.id, api_keys.c.scopes, users.c.roles)
    .join(users, users.c.id == api_keys.c.user_id)
    .where(
        api_keys.c.key_hash == bindparam("key_hash"),
        users.c.is_active,
        or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > bindparam("now")),
    )
)
_OF_USER: Final = (
    select(api_keys)
    .where(api_keys.c.user_id == bindparam("user_id"))
    .order_by(api_keys.c.created_at.desc(), api_keys.c.id.desc())
)

"""The idempotency_keys table.

A key, the request that it came with, and the answer once there is one.
"""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    delete,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from coffers.application.unit_of_work import (
    IdempotencyClaim,
    IdempotencyKeys,
    RequestStillRunning,
    StoredAnswer,
)
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.refusals import RowsBusy
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Json, UTCDateTime

#: How long an answer is remembered.
LIFE: Final = timedelta(days=1)
#: After this long a claim without an answer belongs to a request that died.
CLAIM_LIFE: Final = timedelta(minutes=5)

idempotency_keys: Final = Table(
    "idempotency_keys",
    METADATA,
    Column("scope", String(120), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("status", SmallInteger),
    Column("headers", Json, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Index("ix_idempotency_keys_created_at", "created_at"),
)


class SqlIdempotencyKeys(IdempotencyKeys):
    """Remembered answers in SQL."""

    def __init__(self, reader: Reader, *, secret: bytes) -> None:
        self._reader = reader
        self._secret = secret

    def claim(self, scope: str, key: str, request: bytes) -> IdempotencyClaim:
        """As the port says."""
        return IdempotencyClaim(scope, key, hmac.new(self._secret, request, sha256).hexdigest())

    async def find(self, claim: IdempotencyClaim, now: datetime) -> StoredAnswer | None:
        """As the port says."""
        remembered = idempotency_keys.c.created_at >= now - LIFE
        rows = await self._reader.rows(select(idempotency_keys).where(_is(claim), remembered))
        if not rows:
            return None
        row = rows[0]
        return StoredAnswer(row.fingerprint, row.status, row.headers, row.body)


async def hold(transaction: Transaction, claim: IdempotencyClaim, now: datetime) -> None:
    """Take the key in this transaction, waiting for another that has it open.

    Raises RequestStillRunning if it is taken.
    """
    stale = idempotency_keys.c.status.is_(None) & (idempotency_keys.c.created_at < now - CLAIM_LIFE)
    expired = idempotency_keys.c.created_at < now - LIFE
    await transaction.execute(delete(idempotency_keys).where(_is(claim), stale | expired))
    row: dict[str, object] = {
        "scope": claim.scope,
        "key": claim.key,
        "fingerprint": claim.fingerprint,
        "status": None,
        "headers": {},
        "body": b"",
        "created_at": now,
    }
    dialect = sqlite if transaction.is_sqlite else postgresql
    statement = dialect.insert(idempotency_keys).values(row).on_conflict_do_nothing()
    refusal = RequestStillRunning("A request with this idempotency key is still running.")
    try:
        inserted = (await transaction.execute(statement)).rowcount == 1
    except RowsBusy as busy:
        raise refusal from busy
    if not inserted:
        raise refusal


async def answer(transaction: Transaction, claim: IdempotencyClaim, stored: StoredAnswer) -> None:
    """Put the answer beside the key that this request holds."""
    values = {"status": stored.status, "headers": dict(stored.headers), "body": stored.body}
    await transaction.execute(idempotency_keys.update().where(_is(claim)).values(values))


async def release(transaction: Transaction, claim: IdempotencyClaim) -> None:
    """Let go of a key that has no answer."""
    open_claim = idempotency_keys.c.status.is_(None)
    await transaction.execute(delete(idempotency_keys).where(_is(claim), open_claim))


def _is(claim: IdempotencyClaim) -> ColumnElement[bool]:
    return (idempotency_keys.c.scope == claim.scope) & (idempotency_keys.c.key == claim.key)

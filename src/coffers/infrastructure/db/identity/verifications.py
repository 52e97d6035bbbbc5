"""The one_time_tokens table and its repository."""

from typing import Final

from sqlalchemy import Column, Index, String, Table, UniqueConstraint, delete, insert, select

from coffers.domain.identity.verifications import OneTimeToken, OneTimeTokens, Purpose
from coffers.infrastructure.db.identity.users import lock_owner
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, UTCDateTime

one_time_tokens: Final = Table(
    "one_time_tokens",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("purpose", String(30), nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime, nullable=False),
    UniqueConstraint("token_hash"),
    Index("ix_one_time_tokens_expires_at", "expires_at"),
)


class SqlOneTimeTokens(OneTimeTokens):
    """One-time tokens in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def replace(self, token: OneTimeToken) -> None:
        """As the port says."""
        earlier = (one_time_tokens.c.user_id == token.user_id) & (
            one_time_tokens.c.purpose == token.purpose.value
        )
        await self._transaction.execute(delete(one_time_tokens).where(earlier))
        row = {name: getattr(token, name) for name in token.__dataclass_fields__}
        await self._transaction.execute(insert(one_time_tokens), row)

    async def take(self, token_hash: str, purpose: Purpose) -> OneTimeToken | None:
        """As the port says: DELETE … RETURNING lets one taker win."""
        wanted = (one_time_tokens.c.token_hash == token_hash) & (
            one_time_tokens.c.purpose == purpose.value
        )
        owner = select(one_time_tokens.c.user_id).where(wanted).scalar_subquery()
        await lock_owner(self._transaction, owner)
        statement = delete(one_time_tokens).where(wanted).returning(*one_time_tokens.c)
        row = (await self._transaction.execute(statement)).one_or_none()
        if row is None:
            return None
        return OneTimeToken(
            id=row.id,
            user_id=row.user_id,
            purpose=Purpose(row.purpose),
            token_hash=row.token_hash,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )

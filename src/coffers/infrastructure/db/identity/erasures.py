"""Erasure in SQL: every table that holds a user's rows, derived from the catalogue of tables."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Table, delete, func, literal, select

from coffers.domain.identity.erasures import ErasedChain, Erasures
from coffers.domain.identity.users import UserNotFound
from coffers.domain.ids import UserId
from coffers.infrastructure.db.idempotency import idempotency_keys
from coffers.infrastructure.db.identity.users import users
from coffers.infrastructure.db.live.events import chains, events, seal_chain
from coffers.infrastructure.db.tables import METADATA
from coffers.infrastructure.db.transaction import Transaction


class SqlErasures(Erasures):
    """Rows of a user, deleted."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def erase(self, user_id: UserId) -> ErasedChain:
        """As the port says.

        Twice over all tables: the first pass waits for whoever is writing, then the chain is taken,
        which every later writer needs for a commit and will not find; the second pass gets what was
        committed in between. The chain first would make both wait in a circle.
        """
        await self._lock(user_id)
        await self._delete_rows(user_id)
        sealed = ErasedChain(*await seal_chain(self._transaction, user_id))
        await self._delete_rows(user_id)
        for table in (events, chains):
            await self._transaction.execute(delete(table).where(table.c.user_id == user_id))
        await self._transaction.execute(delete(users).where(users.c.id == user_id))
        return sealed

    async def _lock(self, user_id: UserId) -> None:
        statement = select(users.c.id).where(users.c.id == user_id).with_for_update()
        if not await self._transaction.rows(statement):
            raise UserNotFound("User not found")

    async def _delete_rows(self, user_id: UserId) -> None:
        for table in owned_tables():
            if table not in {chains, events}:
                await self._transaction.execute(delete(table).where(table.c.user_id == user_id))
        await self._transaction.execute(delete(idempotency_keys).where(self._answers_of(user_id)))

    def _answers_of(self, user_id: UserId) -> ColumnElement[bool]:
        """Answers kept for the user's own keys, and that to the registration, which names them."""
        text = literal(str(user_id).encode())
        body = idempotency_keys.c.body
        place = func.instr(body, text) if self._transaction.is_sqlite else _position(text, body)
        is_public = idempotency_keys.c.scope.contains(" /")
        return (idempotency_keys.c.scope == str(user_id)) | (is_public & (place > 0))


def owned_tables() -> Iterator[Table]:
    """The tables with rows of users, those that refer to others before these."""
    return (table for table in reversed(METADATA.sorted_tables) if "user_id" in table.c)


def _position(text: ColumnElement[bytes], body: ColumnElement[bytes]) -> ColumnElement[int]:
    place: ColumnElement[int] = func.position(text.op("IN")(body))
    return place

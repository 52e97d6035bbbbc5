"""Rows of an export, put back in SQL."""

from uuid import UUID

from sqlalchemy import insert, literal, select
from sqlalchemy.exc import IntegrityError

from coffers.domain.errors import Conflict
from coffers.domain.ids import UserId
from coffers.domain.portability.restorations import ExportBook, ExportPage, Restorations
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.identity.users import users
from coffers.infrastructure.db.markets.assets import assets
from coffers.infrastructure.db.portability.catalogue import BY_NAME, EXPORTED
from coffers.infrastructure.db.portability.rows import refusal
from coffers.infrastructure.db.transaction import Transaction


class SqlRestorations(Restorations):
    """Restorations in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def is_empty(self, user_id: UserId) -> bool:
        """As the port says."""
        me = select(users.c.id).where(users.c.id == user_id).with_for_update()
        await self._transaction.rows(me)
        for exported in EXPORTED:
            some = select(literal(1)).where(exported.table.c.user_id == user_id).limit(1)
            if await self._transaction.rows(some):
                return False
        return True

    async def taken(self, book: ExportBook) -> list[UUID]:
        """As the port says: everything else is known by its owner and its id."""
        taken: list[UUID] = []
        for part in stretches(sorted(book.ids_of(assets.name))):
            rows = await self._transaction.rows(select(assets.c.id).where(assets.c.id.in_(part)))
            taken += [row.id for row in rows]
        return taken

    async def put(self, user_id: UserId, page: ExportPage) -> None:
        """As the port says."""
        rows = [{"user_id": user_id, **row} for row in page.rows]
        try:
            await self._transaction.execute(insert(BY_NAME[page.table].table), rows)
        except (IntegrityError, Conflict) as error:
            last = page.first_row + len(rows) - 1
            message = f"One of the rows up to {last} is there already, or in another's way."
            raise refusal(
                message, row=page.first_row, place=page.table, code="row_repeated"
            ) from error

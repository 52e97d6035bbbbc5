"""The miss path: whether it does not exist or is someone else's."""

from uuid import UUID

from sqlalchemy import Table, select

from coffers.domain.errors import DomainError, NotFound
from coffers.domain.identity.principals import NotYours
from coffers.infrastructure.db.reader import Reads


async def missing(reads: Reads, table: Table, row_id: UUID, not_found: NotFound) -> DomainError:
    """The refusal for a row that this user does not have: NotYours if somebody has it."""
    if await reads.rows(select(table.c.id).where(table.c.id == row_id).limit(1)):
        return NotYours("This belongs to somebody else.")
    return not_found

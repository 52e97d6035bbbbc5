"""The security_state table, of one row, and its repository."""

from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, Column, Integer, Table, select, update

from coffers.domain.security import SecurityRecords, SecurityState
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import UTCDateTime

security_state: Final = Table(
    "security_state",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("tokens_valid_from", UTCDateTime),
    Column("enforced_from", UTCDateTime),
    Column("version", Integer, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)


class SqlSecurityRecords(SecurityRecords):
    """The security state in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def state(self) -> SecurityState:
        """As the port says."""
        row = (await self._transaction.execute(select(security_state))).one()
        return SecurityState(row.tokens_valid_from, row.enforced_from, row.version)

    async def rotate(self, *, valid_from: datetime, enforced_from: datetime) -> SecurityState:
        """As the port says."""
        values = {
            "tokens_valid_from": valid_from,
            "enforced_from": enforced_from,
            "version": security_state.c.version + 1,
        }
        await self._transaction.execute(update(security_state).values(values))
        return await self.state()

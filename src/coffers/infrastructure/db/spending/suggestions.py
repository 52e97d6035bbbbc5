"""Movements whose category their owner chose, in SQL."""

from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, or_, select

from coffers.application.ledger.transactions import TransactionFilter
from coffers.application.spending.suggestions import ChoiceLookups
from coffers.domain.ids import UserId
from coffers.domain.ledger.annotations import BY_USER, AnnotatedTransaction
from coffers.domain.ledger.transactions import TransactionNotFound
from coffers.domain.spending.suggestions import Choice
from coffers.infrastructure.db.json_lists import value_at
from coffers.infrastructure.db.ledger.annotations import ANNOTATED, annotated
from coffers.infrastructure.db.ledger.transaction_filters import conditions
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader

_C: Final = transactions.c
_CHOSEN_BY: Final = value_at(_C.annotated_by, "category_id")
_COLUMNS: Final = (
    *(_C.id, _C.category_id, _C.merchant, _C.description),
    *(_C.amount, _C.transaction_date),
)


class SqlChoiceLookups(ChoiceLookups):
    """What owners chose, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def movement(self, user_id: UserId, transaction_id: UUID) -> AnnotatedTransaction:
        """As the port says."""
        one = {"user_id": user_id, "transaction_id": transaction_id}
        rows = await self._reader.rows(_ONE, one)
        if not rows:
            refusal = TransactionNotFound("Transaction not found")
            raise await missing(self._reader, transactions, transaction_id, refusal)
        return annotated(rows[0])

    async def choices(self, user_id: UserId, wanted: TransactionFilter, limit: int) -> list[Choice]:
        """As the port says."""
        found = select(*_COLUMNS).where(
            *conditions(user_id, wanted),
            _C.category_id.is_not(None),
            _C.splits.is_(None),
            # An edit over a filter is the owner's choice too.
            or_(_CHOSEN_BY == BY_USER, _CHOSEN_BY.startswith("edit:")),
        )
        latest = found.order_by(_C.transaction_date.desc(), _C.id.desc()).limit(limit)
        return [
            Choice(
                row.id,
                row.category_id,
                row.merchant,
                row.description,
                row.amount < 0,
                row.transaction_date,
            )
            for row in await self._reader.rows(latest)
        ]


_ONE: Final = select(*ANNOTATED).where(
    _C.user_id == bindparam("user_id"), _C.id == bindparam("transaction_id")
)

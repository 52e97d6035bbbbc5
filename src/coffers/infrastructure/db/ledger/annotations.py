"""Annotations in SQL: columns of the transactions table that no source writes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update

from coffers.domain.errors import PreconditionFailed
from coffers.domain.ids import UserId
from coffers.domain.ledger.annotations import (
    AnnotatedTransaction,
    Annotation,
    Annotations,
    Split,
)
from coffers.domain.ledger.transactions import TransactionType
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.transaction import Transaction

_NAMES: Final = (
    *("id", "account_id", "description", "amount", "currency", "transaction_type", "version"),
    *("category_id", "merchant", "notes", "tags", "splits", "is_ignored", "is_transfer"),
    *("annotated_by", "transaction_date"),
)
#: What `annotated` takes of a row.
ANNOTATED: Final = [transactions.c[name] for name in _NAMES]


class SqlAnnotations(Annotations):
    """What is said of movements, in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def of(
        self, user_id: UserId, transaction_ids: Sequence[UUID]
    ) -> dict[UUID, AnnotatedTransaction]:
        """As the port says."""
        found: dict[UUID, AnnotatedTransaction] = {}
        for part in stretches(sorted(transaction_ids)):
            rows = await self._transaction.rows(_OF, {"user_id": user_id, "ids": part})
            found |= {row.id: annotated(row) for row in rows}
        return found

    async def put(
        self, user_id: UserId, changed: Sequence[AnnotatedTransaction], *, now: datetime
    ) -> None:
        """As the port says."""
        for each in changed:
            values = annotation_values(each.annotation) | {"updated_at": now}
            same = update(transactions).where(
                transactions.c.user_id == user_id,
                transactions.c.id == each.id,
                transactions.c.version == each.version,
            )
            statement = same.values(values | {"version": each.version + 1})
            if (await self._transaction.execute(statement)).rowcount != 1:
                raise PreconditionFailed("A transaction was changed in the meantime.")


_OF: Final = (
    select(*ANNOTATED)
    .where(
        transactions.c.user_id == bindparam("user_id"),
        transactions.c.id.in_(bindparam("ids", expanding=True)),
    )
    .order_by(transactions.c.id)
    .with_for_update()
)


def annotation_values(annotation: Annotation) -> dict[str, object]:
    """The columns of an annotation; what is empty is NULL."""
    return {
        "category_id": annotation.category_id,
        "merchant": annotation.merchant,
        "notes": annotation.notes,
        "tags": list(annotation.tags) or None,
        "splits": stored_splits(annotation.splits),
        "is_ignored": annotation.is_ignored,
        "is_transfer": annotation.is_transfer,
        "annotated_by": dict(annotation.annotated_by) or None,
        "annotation_text": annotation.search_text,
    }


def stored_splits(splits: Sequence[Split]) -> list[dict[str, str | None]] | None:
    """The column of these parts, NULL for none."""
    return [_stored(split) for split in splits] or None


def told_splits(stored: Sequence[Mapping[str, str | None]] | None) -> tuple[Split, ...]:
    """The parts in this column."""
    return tuple(_split(each) for each in stored or ())


def _stored(split: Split) -> dict[str, str | None]:
    category = None if split.category_id is None else str(split.category_id)
    return {"amount": format(split.amount, "f"), "category_id": category, "notes": split.notes}


def _split(stored: Mapping[str, str | None]) -> Split:
    amount, category = stored["amount"], stored["category_id"]
    category_id = None if category is None else UUID(category)
    return Split(Decimal(amount or 0), category_id, stored["notes"])


def annotation_of(row: Row[Any]) -> Annotation:  # Any: a row with the columns of annotations
    """What is said of the movement in this row."""
    return Annotation(
        category_id=row.category_id,
        merchant=row.merchant,
        notes=row.notes,
        tags=tuple(row.tags or ()),
        splits=told_splits(row.splits),
        is_ignored=row.is_ignored,
        is_transfer=row.is_transfer,
        annotated_by=row.annotated_by or {},
    )


def annotated(row: Row[Any]) -> AnnotatedTransaction:  # Any: the columns above
    """The movement in this row, as far as annotating it needs."""
    return AnnotatedTransaction(
        id=row.id,
        account_id=row.account_id,
        description=row.description,
        amount=row.amount,
        currency=row.currency,
        transaction_type=TransactionType(row.transaction_type),
        transaction_date=row.transaction_date,
        annotation=annotation_of(row),
        version=row.version,
    )

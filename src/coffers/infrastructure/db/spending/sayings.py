"""Saying something of many movements at once, if nothing was said of them meanwhile."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import TextClause, bindparam, text

from coffers.domain.ids import UserId
from coffers.domain.spending.edit_plans import PlannedRow
from coffers.infrastructure.db.bulk import Record, run_many, stage, unstage
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, UTCDateTime

#: What is said, without the parts of split movements.
_SAID: Final = (
    *("category_id", "merchant", "notes", "tags", "is_ignored", "is_transfer"),
    *("annotated_by", "annotation_text"),
)
_KEY: Final = ("user_id", "id", "version")
_INSTANT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


async def say(
    transaction: Transaction, user_id: UserId, rows: Sequence[PlannedRow], now: datetime
) -> bool:
    """Whether all of them were the version still that was looked at."""
    if not rows:
        return True
    if transaction.is_sqlite:
        record = _SqliteRecords(user_id, now)
        return await run_many(transaction, _SQLITE, rows, record.of) == len(rows)
    columns = [transactions.c[name] for name in (*_KEY, *_SAID)]
    staged = await stage(transaction, transactions, columns, rows, _recorder(user_id))
    told = await transaction.execute(_STAGED.bindparams(user_id=user_id, now=now))
    await unstage(transaction, staged)
    return told.rowcount == len(rows)


def _recorder(user_id: UserId) -> Any:  # Any: a function of the row
    def record(row: PlannedRow) -> Record:
        said = row.after
        return (
            user_id,
            row.id,
            row.version,
            said.category_id,
            said.merchant,
            said.notes,
            json.dumps(list(said.tags)) if said.tags else None,
            said.is_ignored,
            said.is_transfer,
            json.dumps(dict(said.annotated_by)) if said.annotated_by else None,
            said.search_text,
        )

    return record


class _SqliteRecords:
    def __init__(self, user_id: UserId, now: datetime) -> None:
        self._user_id = user_id.hex
        self._now = now.astimezone(UTC).strftime(_INSTANT)

    def of(self, row: PlannedRow) -> Record:
        said = row.after
        return (
            None if said.category_id is None else said.category_id.hex,
            said.merchant,
            said.notes,
            json.dumps(list(said.tags)) if said.tags else None,
            said.is_ignored,
            said.is_transfer,
            json.dumps(dict(said.annotated_by)) if said.annotated_by else None,
            said.search_text,
            self._now,
            self._user_id,
            row.id.hex,
            row.version,
        )


# Both are made of column names only.
def _update() -> TextClause:
    told = ", ".join(f"{name} = staged.{name}" for name in _SAID)
    owner = (bindparam("user_id", type_=Id), bindparam("now", type_=UTCDateTime))
    return text(
        f"UPDATE transactions SET {told}, updated_at = :now, version = staged.version + 1"  # noqa: S608 - names of columns and constants only
        " FROM staged_transactions AS staged WHERE transactions.user_id = :user_id"
        " AND transactions.id = staged.id AND transactions.version = staged.version"
    ).bindparams(*owner)


_STAGED: Final = _update()
_SQLITE: Final = (
    f"UPDATE transactions SET {', '.join(f'{name} = ?' for name in _SAID)}, updated_at = ?,"  # noqa: S608 - names of columns and constants only
    " version = version + 1 WHERE user_id = ? AND id = ? AND version = ?"
)

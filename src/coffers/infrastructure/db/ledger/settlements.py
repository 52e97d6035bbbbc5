"""Pending movements that a file says were posted: many at once, their old names remembered."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update

from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.imports import Settlement
from coffers.domain.ledger.tombstones import Tombstone, settlement
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.ledger.tombstones import SqlTombstones
from coffers.infrastructure.db.ledger.transaction_records import search_text
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.transaction import Transaction


async def settle(
    transaction: Transaction,
    account: Account,
    settled: Sequence[Settlement],
    *,
    import_id: UUID,
    now: datetime,
) -> None:
    """The movements as these rows have them, under the rows' own names."""
    for part in stretches(settled):
        wanted = {"owner": account.user_id, "ids": [one.transaction_id for one in part]}
        known = {row.id: row for row in await transaction.rows(_NAMES, wanted)}
        renamed = _tombstones(account, part, known, import_id, now)
        await SqlTombstones(transaction).add(renamed)
        await transaction.execute(_SETTLE, [_values(account, one, now) for one in part])


def _tombstones(
    account: Account,
    settled: Sequence[Settlement],
    known: dict[UUID, Row[Any]],  # Any: of _NAMES
    import_id: UUID,
    now: datetime,
) -> Iterator[Tombstone]:
    for one in settled:
        row = known[one.transaction_id]
        before = settlement(row.provider_transaction_id, row.fingerprint)
        if before is not None and before != settlement(*_names(one)):
            yield Tombstone(account.user_id, account.id, row.id, *before, import_id, now)


def _names(one: Settlement) -> tuple[str | None, str | None]:
    return one.row.provider_transaction_id, one.fingerprint


def _values(account: Account, one: Settlement, now: datetime) -> dict[str, object]:
    row, (own_id, mark) = one.row, _names(one)
    return {
        "owner": account.user_id,
        "row_id": one.transaction_id,
        "new_own_id": own_id,
        "new_fingerprint": mark,
        "new_type": row.transaction_type.value,
        "new_subtype": row.subtype.value,
        "new_status": row.status.value,
        "new_description": row.description,
        "new_search_text": search_text(row.description, row.security_name),
        "new_day": row.transaction_date,
        "new_settlement_date": row.settlement_date,
        "now": now,
    }


_C: Final = transactions.c
_NAMES: Final = select(_C.id, _C.provider_transaction_id, _C.fingerprint).where(
    _C.user_id == bindparam("owner"), _C.id.in_(bindparam("ids", expanding=True))
)
_SETTLE: Final = (
    update(transactions)
    .where(_C.user_id == bindparam("owner"), _C.id == bindparam("row_id"))
    .values(
        provider_transaction_id=bindparam("new_own_id"),
        fingerprint=bindparam("new_fingerprint"),
        transaction_type=bindparam("new_type"),
        subtype=bindparam("new_subtype"),
        status=bindparam("new_status"),
        description=bindparam("new_description"),
        search_text=bindparam("new_search_text"),
        transaction_date=bindparam("new_day"),
        settlement_date=bindparam("new_settlement_date"),
        updated_at=bindparam("now"),
        version=_C.version + 1,
    )
)

"""Entries rewritten many at once, if nobody wrote them meanwhile."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Delete, bindparam, delete, insert, select, tuple_

from coffers.domain.ids import UserId
from coffers.domain.ledger.entries import Entry
from coffers.domain.ledger.imports import ImportStatus
from coffers.domain.spending.rewrites import Rewrite
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.ledger.entries import row_of
from coffers.infrastructure.db.ledger.imports import imports
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.transaction import Transaction

#: Entries that one statement writes: a few milliseconds, before others have their turn.
AT_ONCE: Final = 50

_T: Final = transactions.c


async def rewrite(
    transaction: Transaction, user_id: UserId, rewrites: Sequence[Rewrite], now: datetime
) -> set[UUID] | None:
    """Answers those to be brought back that stay gone; None when one was written meanwhile."""
    before = [each.before for each in rewrites if each.before is not None]
    for part in stretches(before, AT_ONCE):
        seen = {each.id: each.version for each in part}
        gone = await transaction.execute(deletion(user_id, seen))
        if gone.rowcount != len(part):
            return None
    back = [each.after for each in rewrites if each.before is None and each.after is not None]
    stay = await _taken(transaction, user_id, back)
    after = [each.after for each in rewrites if each.after is not None and each.one.id not in stay]
    for part in stretches(after, AT_ONCE):
        rows = [row_of(each) | {"version": each.version + 1, "updated_at": now} for each in part]
        await transaction.execute(insert(transactions), rows)
    return stay


def deletion(user_id: UserId, seen: Mapping[UUID, int]) -> Delete:
    """Of these movements, each in the version that was seen."""
    # SQLite finds rows by a list of ids; for a list of pairs it looks at all that there are.
    same = (_T.id.in_(seen), tuple_(_T.id, _T.version).in_(seen.items()))
    return delete(transactions).where(_T.user_id == user_id, *same)


async def _taken(transaction: Transaction, user_id: UserId, back: Sequence[Entry]) -> set[UUID]:
    """Those whose name in their account another movement has, or whose import was reverted."""
    names = {each.provider_transaction_id for each in back} - {None}
    files = {each.import_id for each in back} - {None}
    if not names and not files:
        return set()
    taken = await transaction.rows(_NAMED, {"user_id": user_id, "names": sorted(map(str, names))})
    held = {(row.account_id, row.provider_transaction_id) for row in taken}
    applied = await transaction.rows(_APPLIED, {"user_id": user_id, "files": list(files)})
    standing = {row.id for row in applied}
    return {
        each.id
        for each in back
        if (each.account_id, each.provider_transaction_id) in held
        or (each.import_id is not None and each.import_id not in standing)
    }


_NAMED: Final = select(_T.account_id, _T.provider_transaction_id).where(
    _T.user_id == bindparam("user_id"),
    _T.provider_transaction_id.in_(bindparam("names", expanding=True)),
)
_APPLIED: Final = select(imports.c.id).where(
    imports.c.user_id == bindparam("user_id"),
    imports.c.id.in_(bindparam("files", expanding=True)),
    imports.c.status == ImportStatus.APPLIED.value,
)

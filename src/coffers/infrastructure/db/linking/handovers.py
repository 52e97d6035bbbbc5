"""Movements that a file brought before their provider told of them become the provider's."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, null, select, update

from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.statements import ReportedTransaction
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.transaction import Transaction


async def hand_over(
    transaction: Transaction, account: Account, rows: Sequence[ReportedTransaction]
) -> None:
    """Give the provider's ids to the imported movements that it reports, one to one.

    Same day, amount and currency. From then on they are the provider's: reverting the import leaves
    them.
    """
    if not rows:
        return
    days = [row.transaction_date for row in rows]
    mine = {"owner": account.user_id, "account": account.id}
    imported = await transaction.rows(_IMPORTED, mine | {"first": min(days), "last": max(days)})
    if not imported:
        return
    waiting = defaultdict(list)
    for one in reversed(imported):
        waiting[one.transaction_date, one.amount, one.currency].append(one.id)
    matched = []
    for row in await _unknown(transaction, account, rows):
        same = waiting.get((row.transaction_date, row.amount, row.currency))
        if same:
            named = {"row_id": same.pop(), "new_id": row.provider_transaction_id}
            matched.append({"owner": account.user_id, **named})
    for part in stretches(matched):
        await transaction.execute(_HAND_OVER, list(part))


async def _unknown(
    transaction: Transaction, account: Account, rows: Sequence[ReportedTransaction]
) -> list[ReportedTransaction]:
    known: set[str | None] = set()
    for part in stretches(rows):
        ids = [row.provider_transaction_id for row in part]
        wanted = {"owner": account.user_id, "account": account.id, "ids": ids}
        known |= {row[0] for row in await transaction.rows(_KNOWN, wanted)}
    return [row for row in rows if row.provider_transaction_id not in known]


_C: Final = transactions.c
_MINE: Final = (_C.user_id == bindparam("owner")) & (_C.account_id == bindparam("account"))
_IMPORTED: Final = (
    select(_C.id, _C.transaction_date, _C.amount, _C.currency)
    .where(_MINE, _C.import_id.is_not(None))
    .where(_C.transaction_date.between(bindparam("first"), bindparam("last")))
    .order_by(_C.transaction_date, _C.id)
)
_KNOWN: Final = select(_C.provider_transaction_id).where(
    _MINE, _C.provider_transaction_id.in_(bindparam("ids", expanding=True))
)
_HAND_OVER: Final = (
    update(transactions)
    .where(_C.user_id == bindparam("owner"), _C.id == bindparam("row_id"))
    .values(provider_transaction_id=bindparam("new_id"), fingerprint=null(), import_id=null())
)

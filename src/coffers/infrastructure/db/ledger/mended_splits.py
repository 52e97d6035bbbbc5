"""Split movements whose source gives them another amount: their parts add up again."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select, update

from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.annotations import mended
from coffers.domain.money import money_digits
from coffers.infrastructure.db.ledger.annotations import stored_splits, told_splits
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.transaction import Transaction


async def mend_splits(transaction: Transaction, account: Account, now: datetime) -> None:
    """Of the account's movements that changed at this instant."""
    mine = {"owner": account.user_id, "account": account.id, "now": now}
    for row in await transaction.rows(_CHANGED, mine):
        before = told_splits(row.splits)
        after = mended(before, row.amount)
        if after != before:
            parts = [replace(one, amount=money_digits(one.amount, row.currency)) for one in after]
            same = (_C.user_id == account.user_id) & (_C.id == row.id)
            mending = update(transactions).where(same).values(splits=stored_splits(parts))
            await transaction.execute(mending)


_C: Final = transactions.c
_CHANGED: Final = select(_C.id, _C.amount, _C.currency, _C.splits).where(
    _C.user_id == bindparam("owner"),
    _C.account_id == bindparam("account"),
    _C.splits.is_not(None),
    _C.updated_at == bindparam("now"),
)

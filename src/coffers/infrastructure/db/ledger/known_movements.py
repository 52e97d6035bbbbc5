"""What the ledger has of an account that the rows of a file could be."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Date, Select, bindparam, or_, select, tuple_

from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.transactions import SETTLES_WITHIN, TransactionStatus
from coffers.domain.ledger.verdicts import KnownMovement
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id

#: Rows fetched at a stretch: a few milliseconds, after which the event loop gets its turn.
PAGE: Final = 1_000
#: A pending movement may be posted days later: known rows are looked for around a file.
AROUND: Final = SETTLES_WITHIN + timedelta(days=1)


async def known_movements(
    transaction: Transaction, account: Account, rows: Sequence[ReportedTransaction]
) -> list[KnownMovement]:
    """Those around the days of these rows, and those with one of their ids; by day and id."""
    if not rows:
        return []
    days = [row.transaction_date for row in rows]
    first, last = min(days) - AROUND, max(days) + AROUND
    span = {"user_id": account.user_id, "account_id": account.id, "first": first, "last": last}
    found = await _around(transaction, span)
    if await transaction.rows(_OUTSIDE, span):
        ids = {row.provider_transaction_id for row in rows if row.provider_transaction_id}
        ids -= {known.provider_transaction_id for known in found}
        for part in stretches(sorted(ids), PAGE):
            wanted = span | {"ids": part}
            found += _known(await transaction.rows(_BY_ID, wanted))
        found.sort(key=_day_and_id)
    return found


async def _around(
    transaction: Transaction, span: dict[str, Any]
) -> list[KnownMovement]:  # Any: what the columns take
    found: list[KnownMovement] = []
    statement, place = _FIRST_PAGE, span
    while True:
        rows = await transaction.rows(statement, place)
        found += _known(rows)
        if len(rows) < PAGE:
            return found
        statement = _NEXT_PAGE
        place = span | {"day": rows[-1].transaction_date, "id": rows[-1].id}


def _day_and_id(known: KnownMovement) -> tuple[date, Any]:  # Any: as UUIDs compare
    return known.transaction_date, known.id


def _known(rows: Sequence[Any]) -> list[KnownMovement]:  # Any: rows of _SLIM
    # By place: by name, it takes three times as long.
    return [
        KnownMovement._make((*told, _STATUS[status], import_id is None))
        for *told, status, import_id in rows
    ]


_STATUS: Final = {status.value: status for status in TransactionStatus}
_C: Final = transactions.c
_MINE: Final = (_C.user_id == bindparam("user_id")) & (_C.account_id == bindparam("account_id"))
_SLIM: Final = select(
    _C.id,
    _C.provider_transaction_id,
    _C.fingerprint,
    _C.amount,
    _C.currency,
    _C.transaction_date,
    _C.status,
    _C.import_id,
).where(_MINE)
_ORDER: Final = (_C.transaction_date, _C.id)


def _page(statement: Select[Any]) -> Select[Any]:
    within = _C.transaction_date <= bindparam("last")
    return statement.where(within).order_by(*_ORDER).limit(PAGE)


_FIRST_PAGE: Final = _page(_SLIM.where(_C.transaction_date >= bindparam("first")))
_NEXT_PAGE: Final = _page(
    _SLIM.where(tuple_(*_ORDER) > tuple_(bindparam("day", type_=Date), bindparam("id", type_=Id)))
)
_BY_ID: Final = _SLIM.where(
    _C.provider_transaction_id.in_(bindparam("ids", expanding=True)),
    or_(_C.transaction_date < bindparam("first"), _C.transaction_date > bindparam("last")),
)
_OUTSIDE: Final = (
    select(_C.id)
    .where(
        _MINE,
        or_(_C.transaction_date < bindparam("first"), _C.transaction_date > bindparam("last")),
    )
    .limit(1)
)

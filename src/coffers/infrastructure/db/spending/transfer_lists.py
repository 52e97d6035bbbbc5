"""Transfers to read: one, or the pages of a list."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, bindparam, func, literal, select, true

from coffers.application.spending.transfers import TransferLookups, TransferPage, TransferView
from coffers.application.views import Versioned
from coffers.domain.ids import UserId
from coffers.domain.paging import Page
from coffers.domain.spending.transfers import TransferNotFound
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.spending.transfer_rows import transfers
from coffers.infrastructure.db.types import Id, as_text
from coffers.infrastructure.db.wire import id_text, instant, plain


class SqlTransferLookups(TransferLookups):
    """Transfers to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, user_id: UserId, asked: TransferPage) -> Page[TransferView]:
        """As the port says; one statement, so that rows and total agree."""
        rows: Sequence[Sequence[Any]] = await self._reader.rows(_page(user_id, asked))
        found = [row for row in rows if row[1] is not None]
        shown = found[: asked.limit]
        key = None if len(found) <= asked.limit else [shown[-1][1]]
        return Page([_view(row[1:]) for row in shown], rows[0][0], key)

    async def get(self, user_id: UserId, transfer_id: UUID) -> Versioned[TransferView]:
        """As the port says."""
        found = await self._reader.rows(_ONE, {"user_id": user_id, "transfer_id": transfer_id})
        if not found:
            refusal = TransferNotFound("Transfer not found")
            raise await missing(self._reader, transfers, transfer_id, refusal)
        return Versioned(_view(found[0][:-1]), found[0].version)


_F: Final = transfers.c
_OUT: Final = transactions.alias("outgoing")
_IN: Final = transactions.alias("incoming")
_COLUMNS: Final = [
    id_text(_F.id).label("id"),
    *(_F[name] for name in ("status", "matched_by")),
    id_text(_F.outgoing_id).label("outgoing_id"),
    id_text(_F.incoming_id).label("incoming_id"),
    id_text(_OUT.c.account_id).label("outgoing_account_id"),
    id_text(_IN.c.account_id).label("incoming_account_id"),
    as_text(_F.outgoing_amount).label("outgoing_amount"),
    _F.outgoing_currency,
    as_text(_F.incoming_amount).label("incoming_amount"),
    _F.incoming_currency,
    plain(_OUT.c.transaction_date).label("outgoing_date"),
    plain(_IN.c.transaction_date).label("incoming_date"),
    *(instant(_F[name]).label(name) for name in ("created_at", "updated_at")),
]
_LEGS: Final = transfers.join(
    _OUT, (_OUT.c.user_id == _F.user_id) & (_OUT.c.id == _F.outgoing_id)
).join(_IN, (_IN.c.user_id == _F.user_id) & (_IN.c.id == _F.incoming_id))
_ONE: Final = (
    select(*_COLUMNS, _F.version)
    .select_from(_LEGS)
    .where(_F.user_id == bindparam("user_id"), _F.id == bindparam("transfer_id"))
)


def _view(row: Sequence[Any]) -> TransferView:  # Any: the columns above
    return TransferView(*row)


def _page(user_id: UserId, asked: TransferPage) -> Select[Any]:  # Any: total, then the columns
    """The total in every row, and beside it the page, one row longer than asked, or nothing."""
    conditions = [_F.user_id == user_id]
    if asked.status is not None:
        conditions.append(_F.status == asked.status.value)
    if asked.transaction_id is not None:
        sides = (_F.outgoing_id, _F.incoming_id)
        conditions.append(literal(asked.transaction_id, Id).in_(sides))
    total = select(func.count().label("total")).select_from(_LEGS).where(*conditions)
    behind = [] if asked.behind is None else [_F.id < UUID(asked.behind[0])]
    page = select(*_COLUMNS).select_from(_LEGS).where(*conditions, *behind)
    counted = total.subquery("counted")
    listed = page.order_by(_F.id.desc()).limit(asked.limit + 1).subquery("listed")
    columns = [listed.c[column.name] for column in _COLUMNS]
    both = select(counted.c.total, *columns).select_from(counted.outerjoin(listed, true()))
    return both.order_by(listed.c.id.desc())

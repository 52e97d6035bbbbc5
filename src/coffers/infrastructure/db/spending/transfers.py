"""The repository of transfers; each confirmed leg names its transfer in its own row."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    bindparam,
    delete,
    false,
    insert,
    or_,
    select,
    text,
    update,
)

from coffers.domain.errors import PreconditionFailed
from coffers.domain.ids import UserId
from coffers.domain.ledger.transactions import TransactionStatus, TransactionType
from coffers.domain.spending.transfers import (
    NEVER,
    Leg,
    Transfer,
    TransferNotFound,
    Transfers,
    TransferStatus,
)
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.spending.transfer_rows import record_of, transfer_from, transfers
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import ordered

_F: Final = transfers.c
_OUT: Final = transactions.alias("outgoing")
_IN: Final = transactions.alias("incoming")
_CONFIRMED: Final = TransferStatus.CONFIRMED.value


class SqlTransfers(Transfers):
    """Transfers in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def lock(self, user_id: UserId) -> None:
        """As the port says; SQLite has one writer anyway."""
        if not self._transaction.is_sqlite:
            await self._transaction.execute(_LOCK.bindparams(key=f"transfers of {user_id}"))

    async def changed_days(self, user_id: UserId, since: datetime) -> list[date]:
        """As the port says."""
        found = await self._transaction.rows(_CHANGED, {"user_id": user_id, "since": since})
        return [row.transaction_date for row in found]

    async def candidates(self, user_id: UserId, first: date, last: date) -> list[Leg]:
        """As the port says."""
        wanted = {"user_id": user_id, "first": first, "last": last}
        return [_leg(row) for row in await self._transaction.rows(_CANDIDATES, wanted)]

    async def legs(self, user_id: UserId, ids: Sequence[UUID]) -> dict[UUID, Leg]:
        """As the port says; accounts first, as everybody does who writes movements."""
        found: dict[UUID, Leg] = {}
        wanted = sorted(set(ids))
        for part in stretches(wanted):
            await self._transaction.rows(_ACCOUNTS_OF, {"user_id": user_id, "ids": part})
        for part in stretches(wanted):
            rows = await self._transaction.rows(_LEGS, {"user_id": user_id, "ids": part})
            found |= {row.id: _leg(row) for row in rows}
        return found

    async def judged(self, user_id: UserId, first: date, last: date) -> list[Transfer]:
        """As the port says."""
        wanted = {"user_id": user_id, "first": first, "last": last}
        return [transfer_from(row) for row in await self._transaction.rows(_JUDGED, wanted)]

    async def get(self, user_id: UserId, transfer_id: UUID) -> Transfer:
        """As the port says."""
        found = await self._transaction.rows(_ONE, {"user_id": user_id, "transfer_id": transfer_id})
        if not found:
            refusal = TransferNotFound("Transfer not found")
            raise await missing(self._transaction, transfers, transfer_id, refusal)
        return transfer_from(found[0])

    async def of_pair(self, user_id: UserId, key: tuple[UUID, UUID]) -> Transfer | None:
        """As the port says."""
        wanted = {"user_id": user_id, "outgoing_id": key[0], "incoming_id": key[1]}
        found = await self._transaction.rows(_OF_PAIR, wanted)
        return transfer_from(found[0]) if found else None

    async def add(self, transfers_: Sequence[Transfer]) -> None:
        """As the port says."""
        for part in stretches(transfers_):
            await self._transaction.execute(insert(transfers), [record_of(each) for each in part])
        await self._name([each for each in transfers_ if _is_confirmed(each)])

    async def update(self, transfer: Transfer, *, expected_version: int | None = None) -> Transfer:
        """As the port says."""
        wanted = transfer.version if expected_version is None else expected_version
        stored = replace(transfer, version=wanted + 1)
        one = (_F.user_id == transfer.user_id) & (_F.id == transfer.id)
        statement = update(transfers).where(one, _F.version == wanted).values(record_of(stored))
        if (await self._transaction.execute(statement)).rowcount != 1:
            raise PreconditionFailed("The transfer was changed in the meantime: read it again.")
        if _is_confirmed(stored):
            await self._name([stored])
        else:
            await self._free([stored], stored.updated_at)
        return stored

    async def remove(self, transfers_: Sequence[Transfer], *, now: datetime) -> None:
        """As the port says."""
        await self._free(transfers_, now)
        for part in stretches(transfers_):
            mine = _F.user_id == part[0].user_id
            gone = _F.id.in_([each.id for each in part])
            await self._transaction.execute(delete(transfers).where(mine, gone))

    async def others_of(self, transfer: Transfer) -> list[Transfer]:
        """As the port says."""
        legs = [transfer.outgoing_id, transfer.incoming_id]
        shared = or_(_F.outgoing_id.in_(legs), _F.incoming_id.in_(legs))
        statement = select(transfers).where(
            _F.user_id == transfer.user_id,
            shared,
            _F.status == TransferStatus.SUGGESTED.value,
            _F.id != transfer.id,
        )
        return [transfer_from(row) for row in await self._transaction.rows(statement)]

    async def broken(
        self, user_id: UserId, transaction_ids: Sequence[UUID] | None = None
    ) -> list[Transfer]:
        """As the port says."""
        if transaction_ids is None:
            found = await self._transaction.rows(_BROKEN, {"user_id": user_id})
            return [transfer_from(row) for row in found]
        broken: dict[UUID, Transfer] = {}
        for part in stretches(transaction_ids):
            touched = or_(_F.outgoing_id.in_(part), _F.incoming_id.in_(part))
            rows = await self._transaction.rows(_BROKEN.where(touched), {"user_id": user_id})
            broken |= {row.id: transfer_from(row) for row in rows}
        return list(broken.values())

    async def _name(self, confirmed: Sequence[Transfer]) -> None:
        values = [
            {"owner": each.user_id, "leg": leg, "new_transfer": each.id, "now": each.updated_at}
            for each in confirmed
            for leg in each.key
        ]
        for part in stretches(values):
            await self._transaction.execute(_NAME, list(part))

    async def _free(self, freed: Sequence[Transfer], now: datetime) -> None:
        for part in stretches(freed):
            mine = transactions.c.user_id == part[0].user_id
            # By the legs' keys: their column has no index of its own.
            legs = transactions.c.id.in_([leg for each in part for leg in each.key])
            named = transactions.c.transfer_id.in_([each.id for each in part])
            statement = update(transactions).where(mine, legs, named)
            await self._transaction.execute(statement.values(_changed(None, now)))


def _is_confirmed(transfer: Transfer) -> bool:
    return transfer.status is TransferStatus.CONFIRMED


def _changed(transfer_id: object, now: object) -> dict[str, object]:
    version = transactions.c.version + 1
    return {"transfer_id": transfer_id, "updated_at": now, "version": version}


def _leg(row: Row[Any]) -> Leg:  # Any: of _LEG_COLUMNS
    return Leg(
        id=row.id,
        account_id=row.account_id,
        amount=row.amount,
        currency=row.currency,
        day=row.transaction_date,
        status=TransactionStatus(row.status),
        transaction_type=TransactionType(row.transaction_type),
        transfer_id=row.transfer_id,
    )


def _differs(leg: Any, side: str) -> ColumnElement[bool]:  # Any: an alias of transactions
    """Whether the leg is not what the transfer was said of."""
    amount, currency = _F[f"{side}_amount"], _F[f"{side}_currency"]
    is_never = leg.c.status.in_([status.value for status in NEVER])
    return or_(ordered(leg.c.amount) != ordered(amount), leg.c.currency != currency, is_never)


_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
_T: Final = transactions.c
_LEG_COLUMNS: Final = (
    *(_T.id, _T.account_id, _T.amount, _T.currency, _T.transaction_date),
    *(_T.status, _T.transaction_type, _T.transfer_id),
)
_MINE: Final = _T.user_id == bindparam("user_id")
_CHANGED: Final = (
    select(_T.transaction_date)
    .where(_MINE, _T.updated_at >= bindparam("since"))
    .distinct()
    .order_by(_T.transaction_date)
)
_CANDIDATES: Final = (
    select(*_LEG_COLUMNS)
    .where(
        _MINE,
        _T.transaction_date >= bindparam("first"),
        _T.transaction_date <= bindparam("last"),
        _T.status.in_([TransactionStatus.SETTLED.value, TransactionStatus.PENDING.value]),
        _T.transaction_type != TransactionType.TRADE.value,
        _T.is_ignored == false(),
        _T.splits.is_(None),
        _T.transfer_id.is_(None),
    )
    .order_by(_T.transaction_date, _T.id)
)
_ACCOUNTS_OF: Final = (
    select(accounts.c.id)
    .where(
        accounts.c.user_id == bindparam("user_id"),
        accounts.c.id.in_(
            select(_T.account_id).where(_MINE, _T.id.in_(bindparam("ids", expanding=True)))
        ),
    )
    .order_by(accounts.c.id)
    .with_for_update()
)
_LEGS: Final = (
    select(*_LEG_COLUMNS)
    .where(_MINE, _T.id.in_(bindparam("ids", expanding=True)))
    .order_by(_T.id)
    .with_for_update()
)
_OWN: Final = _F.user_id == bindparam("user_id")
_ONE: Final = select(transfers).where(_OWN, _F.id == bindparam("transfer_id")).with_for_update()
_OF_PAIR: Final = (
    select(transfers)
    .where(
        _OWN,
        _F.outgoing_id == bindparam("outgoing_id"),
        _F.incoming_id == bindparam("incoming_id"),
    )
    .with_for_update()
)
_BOTH: Final = transfers.outerjoin(
    _OUT, (_OUT.c.user_id == _F.user_id) & (_OUT.c.id == _F.outgoing_id)
).outerjoin(_IN, (_IN.c.user_id == _F.user_id) & (_IN.c.id == _F.incoming_id))
_JUDGED: Final = (
    select(transfers)
    .select_from(_BOTH)
    .where(
        _OWN,
        _F.status != _CONFIRMED,
        or_(
            _OUT.c.transaction_date.between(bindparam("first"), bindparam("last")),
            _IN.c.transaction_date.between(bindparam("first"), bindparam("last")),
        ),
    )
    .order_by(_F.id)
)
_BROKEN: Final = (
    select(transfers)
    .select_from(_BOTH)
    .where(
        _OWN,
        or_(
            _OUT.c.id.is_(None),
            _IN.c.id.is_(None),
            (_F.status != TransferStatus.REJECTED.value)
            & or_(
                _differs(_OUT, "outgoing"),
                _differs(_IN, "incoming"),
                _OUT.c.account_id == _IN.c.account_id,
            ),
        ),
    )
    .order_by(_F.id)
)
_NAME: Final = (
    update(transactions)
    .where(_T.user_id == bindparam("owner"), _T.id == bindparam("leg"))
    .values(_changed(bindparam("new_transfer"), bindparam("now")))
)

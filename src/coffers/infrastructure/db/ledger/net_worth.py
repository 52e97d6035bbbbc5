"""What net worth is made of, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Select, and_, bindparam, exists, func, null, select, union_all

from coffers.application.ledger.net_worth import Balances, NetWorthLookups
from coffers.application.ledger.net_worth_explained import ToldBalance
from coffers.domain.ids import UserId
from coffers.domain.ledger.net_worth import MAX_SNAPSHOTS, Sighting
from coffers.domain.paging import TooManyRows
from coffers.infrastructure.db.lean import LeanReader, Record
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.ledger.snapshots import balance_snapshots
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.types import as_text
from coffers.infrastructure.db.wire import id_text, plain, views


class SqlNetWorthLookups(NetWorthLookups):
    """Balances now and then, in SQL."""

    def __init__(self, lean: LeanReader) -> None:
        self._lean = lean

    async def balances(self, user_id: UserId) -> Balances:
        """As the port says."""
        rows = await self._lean.rows(_BALANCES, {"user_id": user_id})
        known = [(code, Decimal(balance)) for code, balance, _ in rows if balance is not None]
        return Balances(known, len(rows) - len(known), sum(bool(row[2]) for row in rows))

    async def told_balances(self, user_id: UserId) -> Balances:
        """As the port says."""
        rows = await self._lean.rows(_TOLD, {"user_id": user_id})
        told = [_told(row) for row in rows if row[3] is not None]
        known = [(each.currency, each.balance) for each in told]
        return Balances(known, len(rows) - len(known), sum(bool(row[5]) for row in rows), told)

    async def sightings(
        self, user_id: UserId, start: datetime, end: datetime
    ) -> Sequence[Sighting]:
        """As the port says."""
        parameters = {"user_id": user_id, "start": start, "end": end}
        rows = await self._lean.rows(_SIGHTINGS, parameters)
        if len(rows) > MAX_SNAPSHOTS:
            raise TooManyRows(f"More than {MAX_SNAPSHOTS} snapshots: choose a shorter range.")
        return await views(rows, _sighting)


_S: Final = balance_snapshots.c
_T: Final = transactions.c
#: Kept by hand, with securities: its balance is its money.
_IS_DEPOT: Final = and_(
    accounts.c.connection_id.is_(None),
    accounts.c.opening_balance.is_not(None),
    exists().where(
        _T.user_id == accounts.c.user_id,
        _T.account_id == accounts.c.id,
        _T.symbol.is_not(None),
        _T.quantity.is_not(None),
    ),
)
_BALANCES: Final = select(
    accounts.c.currency, as_text(accounts.c.balance), _IS_DEPOT.label("is_depot")
).where(accounts.c.user_id == bindparam("user_id"), accounts.c.deactivated_at.is_(None))

_TOLD: Final = (
    select(
        accounts.c.name,
        accounts.c.source,
        accounts.c.currency,
        as_text(accounts.c.balance),
        plain(func.coalesce(accounts.c.last_synced_at, accounts.c.updated_at)),
        _IS_DEPOT.label("is_depot"),
    )
    .where(accounts.c.user_id == bindparam("user_id"), accounts.c.deactivated_at.is_(None))
    .order_by(accounts.c.name, accounts.c.id)
)


def _told(row: Record) -> ToldBalance:
    name, source, currency, balance, at, _ = row
    day = datetime.fromisoformat(at) if isinstance(at, str) else at
    return ToldBalance(name, source, currency, Decimal(balance), day.date())


def _last_before_start() -> Any:  # Any: a scalar subquery
    earlier = balance_snapshots.alias("earlier")
    return (
        select(earlier.c.id)
        .where(
            earlier.c.user_id == accounts.c.user_id,
            earlier.c.account_id == accounts.c.id,
            earlier.c.captured_at < bindparam("start"),
        )
        .order_by(earlier.c.captured_at.desc(), earlier.c.id.desc())
        .limit(1)
        .correlate(accounts)
        .scalar_subquery()
    )


def _all_sightings() -> Select[Any]:
    seen = select(
        _S.captured_at.label("at"), _S.id.label("turn"), _S.account_id, _S.currency, _S.balance
    )
    within = seen.where(
        _S.user_id == bindparam("user_id"),
        _S.captured_at >= bindparam("start"),
        _S.captured_at < bindparam("end"),
    )
    before = seen.join(
        accounts, and_(accounts.c.user_id == _S.user_id, accounts.c.id == _S.account_id)
    ).where(_S.user_id == bindparam("user_id"), _S.id == _last_before_start())
    gone = select(
        accounts.c.deactivated_at, accounts.c.id, accounts.c.id, accounts.c.currency, null()
    ).where(
        accounts.c.user_id == bindparam("user_id"), accounts.c.deactivated_at < bindparam("end")
    )
    every = union_all(within, before, gone).subquery("every")
    return (
        select(
            plain(every.c.at),
            id_text(every.c.account_id),
            every.c.currency,
            as_text(every.c.balance),
        )
        .order_by(every.c.at, every.c.turn)
        .limit(MAX_SNAPSHOTS + 1)
    )


_SIGHTINGS: Final = _all_sightings()


def _sighting(row: Record) -> Sighting:
    at, account_id, currency, balance = row
    return Sighting(
        datetime.fromisoformat(at) if isinstance(at, str) else at,
        account_id,
        currency,
        None if balance is None else Decimal(balance),
    )

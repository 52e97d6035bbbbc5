"""What net worth is made of, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, case, exists, func, null, or_, select, union_all

from coffers.application.ledger.net_worth import Balances, NetWorthLookups
from coffers.application.ledger.net_worth_explained import ToldBalance
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import MANUAL
from coffers.domain.ledger.net_worth import MAX_SNAPSHOTS, Sighting
from coffers.domain.paging import TooManyRows
from coffers.infrastructure.db.lean import LeanReader, Record
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.ledger.holdings import holdings
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
        apart, rest = _parted(rows)
        known = [(row[1], Decimal(row[2])) for row in rest if row[2] is not None]
        return Balances(known, len(rest) - len(known), apart)

    async def told_balances(self, user_id: UserId) -> Balances:
        """As the port says."""
        rows = await self._lean.rows(_TOLD, {"user_id": user_id})
        apart, rest = _parted(rows)
        told = [_told(row) for row in rest if row[2] is not None]
        known = [(each.currency, each.balance) for each in told]
        return Balances(known, len(rest) - len(known), apart, told)

    async def depots(self, user_id: UserId) -> Sequence[UUID]:
        """As the port says."""
        return [UUID(row[0]) for row in await self._lean.rows(_DEPOTS, {"user_id": user_id})]

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
_H: Final = holdings.c
#: As `Account.holds_apart` says, and something was ever held in it.
_IS_DEPOT: Final = and_(
    accounts.c.connection_id.is_(None),
    or_(
        accounts.c.source == MANUAL,
        accounts.c.opening_balance.is_not(None),
        accounts.c.cash_balance.is_(None),
    ),
    or_(
        exists().where(
            _T.user_id == accounts.c.user_id,
            _T.account_id == accounts.c.id,
            _T.symbol.is_not(None),
        ),
        exists().where(
            _H.user_id == accounts.c.user_id, _H.account_id == accounts.c.id, _H.is_active
        ),
    ),
)
#: The id of an account whose balance is its money alone, if it holds something.
_APART: Final = case((_IS_DEPOT, id_text(accounts.c.id))).label("apart")
_ACTIVE: Final = and_(
    accounts.c.user_id == bindparam("user_id"), accounts.c.deactivated_at.is_(None)
)
_BALANCES: Final = select(_APART, accounts.c.currency, as_text(accounts.c.balance)).where(_ACTIVE)
_TOLD: Final = select(
    _APART,
    accounts.c.currency,
    as_text(accounts.c.balance),
    accounts.c.name,
    accounts.c.source,
    plain(func.coalesce(accounts.c.last_synced_at, accounts.c.updated_at)),
).where(_ACTIVE)
_DEPOTS: Final = select(id_text(accounts.c.id)).where(_ACTIVE, _IS_DEPOT)


def _parted(rows: Sequence[Record]) -> tuple[list[UUID], list[Record]]:
    """The accounts that hold something apart, and the rows of all others."""
    return [UUID(row[0]) for row in rows if row[0]], [row for row in rows if not row[0]]


def _told(row: Record) -> ToldBalance:
    _, currency, balance, name, source, at = row
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
        _S.captured_at.label("at"),
        *(_S.id.label("turn"), _S.account_id, _S.currency, _S.balance, _S.cash_value),
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
        accounts.c.deactivated_at,
        *(accounts.c.id, accounts.c.id, accounts.c.currency, null(), null()),
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
            as_text(every.c.cash_value),
        )
        .order_by(every.c.at, every.c.turn)
        .limit(MAX_SNAPSHOTS + 1)
    )


_SIGHTINGS: Final = _all_sightings()


def _sighting(row: Record) -> Sighting:
    at, account_id, currency, balance, cash = row
    return Sighting(
        datetime.fromisoformat(at) if isinstance(at, str) else at,
        account_id,
        currency,
        None if balance is None else Decimal(balance),
        None if cash is None else Decimal(cash),
    )

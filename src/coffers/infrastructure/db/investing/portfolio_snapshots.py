"""The tables of portfolios' snapshots and back-fills, their repository, and those to read."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    Date,
    Integer,
    Row,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from coffers.application.investing.snapshots import (
    PortfolioSnapshotLookups,
    PortfolioSnapshotView,
    Stand,
)
from coffers.domain.ids import UserId
from coffers.domain.investing.portfolios import PortfolioNotFound
from coffers.domain.investing.snapshots import (
    BackFill,
    FillState,
    PortfolioSnapshot,
    PortfolioSnapshots,
    SnapshotOrigin,
)
from coffers.domain.paging import MAX_UNPAGED, TooManyRows
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.identity.users import users
from coffers.infrastructure.db.investing.portfolios import portfolios
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import ExactDecimal, Id, UTCDateTime, as_text

portfolio_snapshots: Final = Table(
    "portfolio_snapshots",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("portfolio_id", Id, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("currency", String(12), nullable=False),
    Column("value", ExactDecimal),
    Column("cost_basis", ExactDecimal),
    Column("cash", ExactDecimal),
    Column("inflow", ExactDecimal),
    Column("outflow", ExactDecimal),
    Column("income", ExactDecimal),
    Column("origin", String(10), nullable=False),
    Column("captured_at", UTCDateTime, nullable=False),
)
_S: Final = portfolio_snapshots.c
portfolio_back_fills: Final = Table(
    "portfolio_back_fills",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("portfolio_id", Id, primary_key=True),
    Column("first", Date),
    Column("last", Date),
    Column("state", String(10), nullable=False),
    Column("requested_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    Column("day_count", Integer, nullable=False),
    Column("done_count", Integer, nullable=False),
    Column("added_count", Integer, nullable=False),
    Column("reason", Text),
)
_F: Final = portfolio_back_fills.c
_OWN: Final = (
    _S.user_id == bindparam("user_id"),
    _S.portfolio_id == bindparam("portfolio_id"),
)
_FILL: Final = select(portfolio_back_fills).where(
    _F.user_id == bindparam("user_id"), _F.portfolio_id == bindparam("portfolio_id")
)


class SqlPortfolioSnapshots(PortfolioSnapshots):
    """Snapshots and back-fills in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add_missing(self, snapshots: Sequence[PortfolioSnapshot]) -> int:
        """As the port says."""
        dialect: Any = sqlite if self._transaction.is_sqlite else postgresql  # Any: modules
        added = 0
        for part in stretches(snapshots):
            statement = dialect.insert(portfolio_snapshots).values([_row(each) for each in part])
            kept = statement.on_conflict_do_nothing().returning(_S.day)
            added += len((await self._transaction.execute(kept)).all())
        return added

    async def fill(self, user_id: UserId, portfolio_id: UUID) -> BackFill | None:
        """As the port says."""
        one = {"user_id": user_id, "portfolio_id": portfolio_id}
        rows = await self._transaction.rows(_FILL.with_for_update(), one)
        return _fill(rows[0]) if rows else None

    async def put_fill(self, fill: BackFill) -> None:
        """As the port says."""
        await self._forget_fill(fill.user_id, fill.portfolio_id)
        row = {name: getattr(fill, name) for name in BackFill.__dataclass_fields__}
        await self._transaction.execute(
            insert(portfolio_back_fills), row | {"state": fill.state.value}
        )

    async def remove_all(self, user_id: UserId, portfolio_id: UUID) -> None:
        """As the port says."""
        await self._forget_fill(user_id, portfolio_id)
        mine = (_S.user_id == user_id) & (_S.portfolio_id == portfolio_id)
        await self._transaction.execute(delete(portfolio_snapshots).where(mine))

    async def _forget_fill(self, user_id: UserId, portfolio_id: UUID) -> None:
        mine = (_F.user_id == user_id) & (_F.portfolio_id == portfolio_id)
        await self._transaction.execute(delete(portfolio_back_fills).where(mine))


class SqlPortfolioSnapshotLookups(PortfolioSnapshotLookups):
    """Snapshots to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def between(
        self, user_id: UserId, portfolio_id: UUID, first: date | None, last: date | None
    ) -> list[PortfolioSnapshotView]:
        """As the port says."""
        one = {"user_id": user_id, "portfolio_id": portfolio_id}
        span = {"first": first or date.min, "last": last or date.max}
        rows = await self._reader.rows(_BETWEEN, one | span)
        if len(rows) > MAX_UNPAGED:
            raise TooManyRows(f"More than {MAX_UNPAGED} snapshots: choose a shorter range.")
        if not rows:
            await self._expect(user_id, portfolio_id)
        return [_view(row) for row in rows]

    async def fill(self, user_id: UserId, portfolio_id: UUID) -> BackFill | None:
        """As the port says."""
        one = {"user_id": user_id, "portfolio_id": portfolio_id}
        rows = await self._reader.rows(_FILL, one)
        if not rows:
            await self._expect(user_id, portfolio_id)
        return _fill(rows[0]) if rows else None

    async def stands(self, after: UUID | None, limit: int) -> list[Stand]:
        """As the port says."""
        page = {"after": after or UUID(int=0), "limit": limit}
        rows = await self._reader.rows(_STANDS, page)
        return [Stand(row.user_id, row.id, row.time_zone, row.last) for row in rows]

    async def _expect(self, user_id: UserId, portfolio_id: UUID) -> None:
        one = {"user_id": user_id, "portfolio_id": portfolio_id}
        if not await self._reader.rows(_IS_THERE, one):
            refusal = PortfolioNotFound("Portfolio not found")
            raise await missing(self._reader, portfolios, portfolio_id, refusal)


_AMOUNTS: Final = ("value", "cost_basis", "cash", "inflow", "outflow", "income")
_BETWEEN: Final = (
    select(
        _S.day,
        _S.currency,
        *(as_text(_S[name]).label(name) for name in _AMOUNTS),
        _S.origin,
        _S.captured_at,
    )
    .where(*_OWN, _S.day >= bindparam("first"), _S.day <= bindparam("last"))
    .order_by(_S.day)
    .limit(MAX_UNPAGED + 1)
)
_IS_THERE: Final = select(portfolios.c.id).where(
    portfolios.c.user_id == bindparam("user_id"), portfolios.c.id == bindparam("portfolio_id")
)
_NEWEST: Final = (
    select(func.max(_S.day))
    .where(_S.user_id == portfolios.c.user_id, _S.portfolio_id == portfolios.c.id)
    .scalar_subquery()
)
_STANDS: Final = (
    select(portfolios.c.user_id, portfolios.c.id, users.c.time_zone, _NEWEST.label("last"))
    .join(users, users.c.id == portfolios.c.user_id)
    .where(portfolios.c.id > bindparam("after"))
    .order_by(portfolios.c.id)
    .limit(bindparam("limit"))
)


def _row(snapshot: PortfolioSnapshot) -> dict[str, object]:
    row = {name: getattr(snapshot, name) for name in PortfolioSnapshot.__dataclass_fields__}
    return row | {"origin": snapshot.origin.value}


def _fill(row: Row[Any]) -> BackFill:  # Any: a row of the whole table
    fields: dict[str, Any] = {name: getattr(row, name) for name in BackFill.__dataclass_fields__}
    return BackFill(**fields | {"state": FillState(row.state)})


def _view(row: Row[Any]) -> PortfolioSnapshotView:  # Any: the columns above
    return PortfolioSnapshotView(
        date=row.day,
        currency=row.currency,
        **{name: getattr(row, name) for name in _AMOUNTS},
        origin=SnapshotOrigin(row.origin),
        captured_at=row.captured_at,
    )

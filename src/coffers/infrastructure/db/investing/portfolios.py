"""The portfolios table and its repository."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    Index,
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
    update,
)

from coffers.application.investing.portfolios import PortfolioLookups
from coffers.domain.errors import PreconditionFailed
from coffers.domain.ids import UserId
from coffers.domain.investing.lots import LotMethod
from coffers.domain.investing.portfolios import (
    MAX_PORTFOLIOS,
    Portfolio,
    PortfolioNotFound,
    Portfolios,
    TooManyPortfolios,
)
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, Json, UTCDateTime

portfolios: Final = Table(
    "portfolios",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("base_currency", String(12), nullable=False),
    #: A list of ids, in the order given.
    Column("account_ids", Json, nullable=False),
    Column("lot_method", String(10), nullable=False),
    Column("benchmark_id", Id),
    #: Fractions as text, by asset type.
    Column("targets", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    Index("ix_portfolios_id", "id"),
)


class SqlPortfolios(Portfolios):
    """Portfolios in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, portfolio: Portfolio) -> None:
        """As the port says."""
        count = select(func.count()).where(portfolios.c.user_id == portfolio.user_id)
        if (await self._transaction.execute(count)).scalar_one() >= MAX_PORTFOLIOS:
            raise TooManyPortfolios(f"At most {MAX_PORTFOLIOS} portfolios.")
        await self._transaction.execute(insert(portfolios), _row(portfolio))

    async def get(self, user_id: UserId, portfolio_id: UUID) -> Portfolio:
        """As the port says."""
        one = {"user_id": user_id, "portfolio_id": portfolio_id}
        rows = await self._transaction.rows(_ONE.with_for_update(), one)
        if not rows:
            refusal = PortfolioNotFound("Portfolio not found")
            raise await missing(self._transaction, portfolios, portfolio_id, refusal)
        return _portfolio(rows[0])

    async def naming(self, user_id: UserId, account_id: UUID) -> list[Portfolio]:
        """As the port says."""
        rows = await self._transaction.rows(_ALL.with_for_update(), {"user_id": user_id})
        return [each for each in map(_portfolio, rows) if account_id in each.account_ids]

    async def update(self, portfolio: Portfolio, *, expected_version: int | None) -> Portfolio:
        """As the port says."""
        wanted = portfolio.version if expected_version is None else expected_version
        stored = replace(portfolio, version=wanted + 1)
        same = update(portfolios).where(
            portfolios.c.user_id == portfolio.user_id,
            portfolios.c.id == portfolio.id,
            portfolios.c.version == wanted,
        )
        if (await self._transaction.execute(same.values(_row(stored)))).rowcount != 1:
            raise PreconditionFailed("The portfolio was changed in the meantime: read it again.")
        return stored

    async def delete(self, portfolio: Portfolio) -> None:
        """As the port says."""
        one = (portfolios.c.user_id == portfolio.user_id) & (portfolios.c.id == portfolio.id)
        await self._transaction.execute(delete(portfolios).where(one))


class SqlPortfolioLookups(PortfolioLookups):
    """Portfolios to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def all_of(self, user_id: UserId) -> list[Portfolio]:
        """As the port says."""
        return [_portfolio(row) for row in await self._reader.rows(_ALL, {"user_id": user_id})]

    async def get(self, user_id: UserId, portfolio_id: UUID) -> Portfolio:
        """As the port says."""
        one = {"user_id": user_id, "portfolio_id": portfolio_id}
        rows = await self._reader.rows(_ONE, one)
        if not rows:
            refusal = PortfolioNotFound("Portfolio not found")
            raise await missing(self._reader, portfolios, portfolio_id, refusal)
        return _portfolio(rows[0])


_ALL: Final = (
    select(portfolios).where(portfolios.c.user_id == bindparam("user_id")).order_by(portfolios.c.id)
)
_ONE: Final = select(portfolios).where(
    portfolios.c.user_id == bindparam("user_id"), portfolios.c.id == bindparam("portfolio_id")
)


def _row(portfolio: Portfolio) -> dict[str, object]:
    fields = {name: getattr(portfolio, name) for name in Portfolio.__dataclass_fields__}
    return fields | {
        "lot_method": portfolio.lot_method.value,
        "account_ids": [str(each) for each in portfolio.account_ids],
        "targets": {name: format(target, "f") for name, target in portfolio.targets.items()},
    }


def _portfolio(row: Row[Any]) -> Portfolio:  # Any: a row of the whole table
    fields: Mapping[str, Any] = {
        name: getattr(row, name) for name in Portfolio.__dataclass_fields__
    }
    stored = {
        "lot_method": LotMethod(row.lot_method),
        "account_ids": tuple(UUID(each) for each in row.account_ids),
        "targets": {name: Decimal(text) for name, text in row.targets.items()},
    }
    return Portfolio(**{**fields, **stored})

"""The budgets table, and the thresholds that they reached."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Date,
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

from coffers.application.spending.budgets import BudgetLookups
from coffers.domain.errors import PreconditionFailed
from coffers.domain.ids import UserId
from coffers.domain.spending.budgets import (
    MAX_BUDGETS,
    Budget,
    BudgetNotFound,
    Budgets,
    Period,
    Span,
    TooManyBudgets,
)
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import ExactDecimal, Id, Json, UTCDateTime

budgets: Final = Table(
    "budgets",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("amount", ExactDecimal, nullable=False),
    Column("currency", String(12), nullable=False),
    Column("period", String(10), nullable=False),
    Column("length_days", Integer),
    Column("starts_on", Date, nullable=False),
    #: A list of ids; empty for everything.
    Column("category_ids", Json, nullable=False),
    Column("has_rollover", Boolean, nullable=False),
    Column("thresholds", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    Index("ix_budgets_id", "id"),
)
#: What was told once is not told again.
budget_alerts: Final = Table(
    "budget_alerts",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("budget_id", Id, primary_key=True),
    Column("period_start", Date, primary_key=True),
    Column("threshold", Integer, primary_key=True),
    Column("reached_at", UTCDateTime, nullable=False),
)
_B: Final = budgets.c
_A: Final = budget_alerts.c


class SqlBudgets(Budgets):
    """Budgets in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, budget: Budget) -> None:
        """As the port says."""
        count = select(func.count()).where(_B.user_id == budget.user_id)
        if (await self._transaction.execute(count)).scalar_one() >= MAX_BUDGETS:
            raise TooManyBudgets(f"At most {MAX_BUDGETS} budgets.")
        await self._transaction.execute(insert(budgets), _row(budget))

    async def get(self, user_id: UserId, budget_id: UUID) -> Budget:
        """As the port says."""
        wanted = {"user_id": user_id, "budget_id": budget_id}
        rows = await self._transaction.rows(_ONE.with_for_update(), wanted)
        if not rows:
            refusal = BudgetNotFound("Budget not found")
            raise await missing(self._transaction, budgets, budget_id, refusal)
        return _budget(rows[0])

    async def update(self, budget: Budget, *, expected_version: int | None = None) -> Budget:
        """As the port says."""
        wanted = budget.version if expected_version is None else expected_version
        stored = replace(budget, version=wanted + 1)
        same = (_B.user_id == budget.user_id) & (_B.id == budget.id) & (_B.version == wanted)
        statement = update(budgets).where(same).values(_row(stored))
        if (await self._transaction.execute(statement)).rowcount != 1:
            raise PreconditionFailed("The budget was changed in the meantime: read it again.")
        return stored

    async def delete(self, budget: Budget) -> None:
        """As the port says."""
        told = (_A.user_id == budget.user_id) & (_A.budget_id == budget.id)
        await self._transaction.execute(delete(budget_alerts).where(told))
        mine = (_B.user_id == budget.user_id) & (_B.id == budget.id)
        await self._transaction.execute(delete(budgets).where(mine))

    async def reached(self, budget: Budget, span: Span, threshold: int, *, at: datetime) -> bool:
        """As the port says; `get` has locked the budget, so that nobody notes it beside."""
        place = {
            "user_id": budget.user_id,
            "budget_id": budget.id,
            "period_start": span.first,
            "threshold": threshold,
        }
        if await self._transaction.rows(_TOLD, place):
            return False
        await self._transaction.execute(insert(budget_alerts), place | {"reached_at": at})
        return True


class SqlBudgetLookups(BudgetLookups):
    """Budgets to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def all_of(self, user_id: UserId) -> list[Budget]:
        """As the port says."""
        return [_budget(row) for row in await self._reader.rows(_ALL, {"user_id": user_id})]

    async def get(self, user_id: UserId, budget_id: UUID) -> Budget:
        """As the port says."""
        rows = await self._reader.rows(_ONE, {"user_id": user_id, "budget_id": budget_id})
        if not rows:
            refusal = BudgetNotFound("Budget not found")
            raise await missing(self._reader, budgets, budget_id, refusal)
        return _budget(rows[0])

    async def owners(self, after: UserId | None, limit: int) -> Sequence[UserId]:
        """As the port says."""
        statement = select(_B.user_id).distinct().order_by(_B.user_id).limit(limit)
        if after is not None:
            statement = statement.where(_B.user_id > after)
        return [row.user_id for row in await self._reader.rows(statement)]


_ONE: Final = select(budgets).where(
    _B.user_id == bindparam("user_id"), _B.id == bindparam("budget_id")
)
_ALL: Final = select(budgets).where(_B.user_id == bindparam("user_id")).order_by(_B.id)
_TOLD: Final = select(_A.threshold).where(
    *(column == bindparam(column.name) for column in budget_alerts.primary_key)
)


def _row(budget: Budget) -> dict[str, object]:
    fields = {name: getattr(budget, name) for name in Budget.__dataclass_fields__}
    named = [str(category_id) for category_id in budget.category_ids]
    return fields | {"category_ids": named, "thresholds": list(budget.thresholds)}


def _budget(row: Row[Any]) -> Budget:  # Any: a row of the whole table
    fields = {name: getattr(row, name) for name in Budget.__dataclass_fields__}
    return Budget(
        **fields
        | {
            "period": Period(row.period),
            "category_ids": tuple(map(UUID, row.category_ids)),
            "thresholds": tuple(row.thresholds),
        }
    )

"""Budgets: keeping them, and how they stand."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from coffers.domain.ids import UserId
from coffers.domain.spending.budgets import Budget


class BudgetLookups(Protocol):
    """Budgets to read."""

    async def all_of(self, user_id: UserId) -> list[Budget]:
        """Oldest first."""
        ...

    async def get(self, user_id: UserId, budget_id: UUID) -> Budget:
        """Raises BudgetNotFound, NotYours."""
        ...

    async def owners(self, after: UserId | None, limit: int) -> Sequence[UserId]:
        """Who has budgets, in the order of their ids."""
        ...

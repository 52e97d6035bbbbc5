"""Budgets: keeping them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.identity.users import Profiles
from coffers.application.ports import Clock
from coffers.application.spending.categories import CategoryLookups
from coffers.application.spending.recurring import caller_today
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import DecimalText, Instant, Versioned
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.live.events import Event
from coffers.domain.money import money_digits
from coffers.domain.spending.budgets import (
    Budget,
    BudgetInvalid,
    Period,
    check_budget,
)
from coffers.domain.spending.categories import Category, CategoryKind


class BudgetView(msgspec.Struct, frozen=True):
    """So much for some categories, and those below them, in each period."""

    id: UUID
    name: str
    amount: DecimalText
    currency: str
    period: Period
    length_days: Annotated[int | None, Meta(description="Of a custom period.")]
    starts_on: date
    category_ids: Annotated[list[UUID], Meta(description="None: everything that is spent.")]
    has_rollover: Annotated[
        bool, Meta(description="What a period leaves, or spends too much, goes into the next.")
    ]
    thresholds: Annotated[list[int], Meta(description="Percents at which an event tells.")]
    created_at: Instant
    updated_at: Instant


class BudgetList(msgspec.Struct, frozen=True):
    """Oldest first."""

    budgets: list[BudgetView]
    total_count: int


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


async def list_budgets(lookups: BudgetLookups, principal: Principal) -> BudgetList:
    """The caller's budgets."""
    found = await lookups.all_of(principal.user_id)
    return BudgetList([budget_view(each) for each in found], len(found))


async def get_budget(
    lookups: BudgetLookups, principal: Principal, budget_id: UUID
) -> Versioned[BudgetView]:
    """One of the caller's budgets; raises BudgetNotFound, NotYours."""
    return _versioned(await lookups.get(principal.user_id, budget_id))


@dataclass(frozen=True, slots=True)
class BudgetDraft:
    """A budget to keep; without a beginning it begins with the period that it is now."""

    name: str
    amount: Decimal
    currency: str
    period: Period
    starts_on: date | None
    length_days: int | None
    category_ids: Sequence[UUID]
    has_rollover: bool
    thresholds: Sequence[int]


class BudgetDesk(Protocol):
    """What a new budget is made with."""

    @property
    def categories(self) -> CategoryLookups: ...  # noqa: D102 - the noun says it, here and below

    @property
    def profiles(self) -> Profiles: ...  # noqa: D102

    @property
    def clock(self) -> Clock: ...  # noqa: D102


async def create_budget(
    uow: UnitOfWork, desk: BudgetDesk, principal: Principal, draft: BudgetDraft
) -> Versioned[BudgetView]:
    """Keep a budget; raises BudgetInvalid, TooManyBudgets."""
    now, today = desk.clock.now(), await caller_today(desk.profiles, desk.clock, principal)
    fields = {name: getattr(draft, name) for name in BudgetDraft.__dataclass_fields__}
    fields["starts_on"] = draft.starts_on or today
    budget = _checked(
        Budget(id=new_id(), user_id=principal.user_id, created_at=now, updated_at=now, **fields),
        await desk.categories.known(principal.user_id),
    )
    if draft.starts_on is None:
        budget = replace(budget, starts_on=budget.span_of(today).first)
    async with uow:
        await uow.budgets.add(budget)
        uow.record(Event("BudgetCreated", budget.user_id, budget.id))
        await uow.commit()
    return _versioned(budget)


async def edit_budget(  # noqa: PLR0913, PLR0917 - what, by whom, and three ports
    uow: UnitOfWork,
    categories: CategoryLookups,
    clock: Clock,
    principal: Principal,
    budget_id: UUID,
    changes: Mapping[str, object],
    expected_version: int | None,
) -> Versioned[BudgetView]:
    """Change these fields of a budget; what it told before stays told.

    Raises BudgetNotFound, NotYours, BudgetInvalid, PreconditionFailed.
    """
    known = await categories.known(principal.user_id)
    async with uow:
        budget = await uow.budgets.get(principal.user_id, budget_id)
        edited = replace(budget, **changes, updated_at=clock.now())  # type: ignore[arg-type]  # by field name
        stored = await uow.budgets.update(
            _checked(edited, known), expected_version=expected_version
        )
        uow.record(Event("BudgetEdited", budget.user_id, budget.id))
        await uow.commit()
    return _versioned(stored)


async def delete_budget(
    uow: UnitOfWork, principal: Principal, budget_id: UUID, expected_version: int | None
) -> None:
    """Forget a budget; raises BudgetNotFound, NotYours, PreconditionFailed."""
    async with uow:
        budget = await uow.budgets.get(principal.user_id, budget_id)
        await uow.budgets.update(budget, expected_version=expected_version)
        await uow.budgets.delete(budget)
        uow.record(Event("BudgetDeleted", budget.user_id, budget.id))
        await uow.commit()


def _checked(budget: Budget, known: Mapping[UUID, Category]) -> Budget:
    for category_id in budget.category_ids:
        category = known.get(category_id)
        if category is None or category.kind is not CategoryKind.EXPENSE:
            raise BudgetInvalid("A budget is for categories of expenses.", field="category_ids")
    check_budget(budget)
    return replace(
        budget,
        amount=money_digits(budget.amount, budget.currency),
        category_ids=tuple(dict.fromkeys(budget.category_ids)),
        thresholds=tuple(sorted(set(budget.thresholds))),
    )


def _versioned(budget: Budget) -> Versioned[BudgetView]:
    return Versioned(budget_view(budget), budget.version)


def budget_view(budget: Budget) -> BudgetView:
    """The budget as it goes out."""
    return BudgetView(
        budget.id,
        budget.name,
        format(budget.amount, "f"),
        budget.currency,
        budget.period,
        budget.length_days,
        budget.starts_on,
        list(budget.category_ids),
        budget.has_rollover,
        list(budget.thresholds),
        budget.created_at,
        budget.updated_at,
    )

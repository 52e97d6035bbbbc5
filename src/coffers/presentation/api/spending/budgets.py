"""/budgets: what may be spent, and how it stands."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from coffers.application.spending import budget_progress, budgets
from coffers.application.spending.budget_progress import BudgetProgress, EnvelopeList
from coffers.application.spending.budgets import BudgetDraft, BudgetList, BudgetView
from coffers.application.views import Versioned
from coffers.domain.spending.budgets import (
    MAX_CATEGORIES,
    MAX_LENGTH_DAYS,
    MAX_THRESHOLDS,
    Period,
)
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import (
    Body,
    CountIn,
    CurrencyIn,
    DateIn,
    DecimalIn,
    FlagIn,
    NameIn,
)

CategoriesIn = Annotated[list[UUID], Field(max_length=MAX_CATEGORIES)]
ThresholdsIn = Annotated[list[CountIn], Field(max_length=MAX_THRESHOLDS)]
LengthIn = Annotated[CountIn, Field(ge=1, le=MAX_LENGTH_DAYS)]
On = Annotated[DateIn | None, Query(alias="date", description="A day; by itself today.")]
Month = Annotated[
    str, Query(pattern=r"^(19[0-9]{2}|[2-8][0-9]{3})-(0[1-9]|1[0-2])$", description="YYYY-MM.")
]


class NewBudget(Body):
    """So much in each period, for these categories and those below them, or for everything."""

    name: NameIn = Field(examples=["Food"])
    amount: DecimalIn = Field(examples=["400.00"])
    currency: CurrencyIn = Field(examples=["USD"])
    period: Period = Period.MONTH
    starts_on: DateIn | None = Field(
        default=None,
        description="The first period is the one that this day lies in; by itself today's, where"
        " the caller is.",
    )
    length_days: LengthIn | None = Field(default=None, description="Of a custom period.")
    category_ids: CategoriesIn = Field(default=[], description="None: everything that is spent.")
    has_rollover: FlagIn = False
    thresholds: ThresholdsIn = Field(default=[], description="In percent of what is available.")


class BudgetChanges(Body):
    """What to change; the rest stays."""

    name: NameIn | None = None
    amount: DecimalIn | None = None
    category_ids: CategoriesIn | None = None
    has_rollover: FlagIn | None = None
    thresholds: ThresholdsIn | None = None


async def list_budgets(call: Caller) -> BudgetList:
    """List the budgets, oldest first."""
    return await budgets.list_budgets(call.services.budget_lookups, call.principal)


async def create_budget(call: Caller, body: NewBudget) -> Answer[BudgetView]:
    """Keep a budget."""
    desk, draft = call.services.report_desk, BudgetDraft(**body.model_dump())
    made = await budgets.create_budget(call.uow, desk, call.principal, draft)
    return Answer(made.view, {"Location": f"/api/v1/budgets/{made.view.id}"}, made.version)


async def get_budget(call: Caller, budget_id: UUID) -> Versioned[BudgetView]:
    """One budget."""
    return await budgets.get_budget(call.services.budget_lookups, call.principal, budget_id)


async def edit_budget(call: Caller, budget_id: UUID, body: BudgetChanges) -> Versioned[BudgetView]:
    """Change a budget."""
    services = call.services
    return await budgets.edit_budget(
        call.uow,
        services.category_lookups,
        services.clock,
        call.principal,
        budget_id,
        body.model_dump(exclude_none=True),
        call.expected_version,
    )


async def delete_budget(call: Caller, budget_id: UUID) -> None:
    """Delete a budget."""
    await budgets.delete_budget(call.uow, call.principal, budget_id, call.expected_version)


async def get_budget_progress(call: Caller, budget_id: UUID, on: On = None) -> BudgetProgress:
    """What of a budget is spent at the end of a day, and what that means for its period."""
    desk, lookups = call.services.report_desk, call.services.budget_lookups
    return await budget_progress.get_progress(desk, lookups, call.principal, budget_id, on)


async def get_envelopes(call: Caller, month: Month) -> EnvelopeList:
    """The monthly budgets as envelopes, and what was spent outside of them."""
    desk, lookups = call.services.report_desk, call.services.budget_lookups
    first = date.fromisoformat(f"{month}-01")
    return await budget_progress.get_envelopes(desk, lookups, call.principal, first)

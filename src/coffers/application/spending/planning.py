"""What is done with plans of either form: made, looked at, applied, reverted, listed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from coffers.application.spending.edit_plan_drafts import EditDesk, Reading
from coffers.application.spending.edit_plan_lists import (
    PageAsked,
    PlannedRowList,
    list_plans,
    list_rows,
)
from coffers.application.spending.edit_plans import (
    apply_plan,
    make_plan,
    new_plan,
    revert_plan,
)
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import Versioned
from coffers.domain.identity.principals import Principal
from coffers.domain.paging import Cursors
from coffers.domain.spending.edit_plans import EditPlan, PlanKind

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Form(Generic[V]):
    """A form of plan: how its request is read again as it is now, and how it is shown."""

    kind: PlanKind
    reading: Callable[[EditDesk], Reading]
    view: Callable[[EditPlan], V]

    def versioned(self, plan: EditPlan) -> Versioned[V]:
        """As it is shown, with its version."""
        return Versioned(self.view(plan), plan.version)


async def plan(
    uow: UnitOfWork,
    desk: EditDesk,
    form: Form[V],
    principal: Principal,
    request: Mapping[str, object],
) -> Versioned[V]:
    """Say what would change; the ledger stays as it is.

    Raises PlanTooLarge, TooManyPlans, and as its form's reading does.
    """
    made = new_plan(principal, desk.clock, form.kind, request)
    return form.versioned(await make_plan(uow, desk, made, form.reading(desk)))


async def apply(
    uow: UnitOfWork,
    desk: EditDesk,
    form: Form[V],
    principal: Principal,
    plan_id: UUID,
    plan_hash: str,
) -> Versioned[V]:
    """Do what was looked at.

    Raises PlanNotFound, NotYours, PlanNotPlanned, PlanStale, and as planning does.
    """
    seen = await desk.lookups.plan(principal.user_id, form.kind, plan_id)
    return form.versioned(await apply_plan(uow, desk, seen, plan_hash, form.reading(desk)))


async def revert(
    uow: UnitOfWork, desk: EditDesk, form: Form[V], principal: Principal, plan_id: UUID
) -> Versioned[V]:
    """Take back what was done, but for what was said or done since.

    Raises PlanNotFound, NotYours, PlanNotApplied, PlanStale.
    """
    seen = await desk.lookups.plan(principal.user_id, form.kind, plan_id)
    return form.versioned(await revert_plan(uow, desk, seen))


async def show(desk: EditDesk, form: Form[V], principal: Principal, plan_id: UUID) -> Versioned[V]:
    """One of the caller's; raises PlanNotFound, NotYours."""
    return form.versioned(await desk.lookups.plan(principal.user_id, form.kind, plan_id))


async def page(
    desk: EditDesk, cursors: Cursors, form: Form[V], principal: Principal, asked: PageAsked
) -> tuple[list[V], int, str | None]:
    """The caller's, newest first, their count and the next cursor; raises CursorInvalid."""
    return await list_plans(desk.lookups, cursors, principal, form.kind, asked, form.view)


async def rows(
    desk: EditDesk,
    cursors: Cursors,
    form: Form[V],
    principal: Principal,
    plan_id: UUID,
    asked: PageAsked,
) -> PlannedRowList:
    """Before and after of each movement; raises PlanNotFound, NotYours, CursorInvalid."""
    seen = await desk.lookups.plan(principal.user_id, form.kind, plan_id)
    return await list_rows(desk.lookups, cursors, seen, asked)

"""What the endpoints of plans of either form have in common."""

from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import Field, StringConstraints

from coffers.application.spending import planning
from coffers.application.spending.edit_plan_lists import PageAsked, PlannedRowList
from coffers.application.spending.edit_plans import discard_plan
from coffers.application.spending.planning import Form
from coffers.application.views import Versioned
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Call
from coffers.presentation.paging import next_link
from coffers.presentation.schemas import Body

V = TypeVar("V")


class PlanHash(Body):
    """The plan that was looked at."""

    plan_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(
        examples=["0" * 64]
    )


async def planned(call: Call, form: Form[V], request: dict[str, object]) -> Versioned[V]:
    """A plan of what is asked for."""
    return await planning.plan(call.uow, call.services.edit_desk, form, call.principal, request)


async def shown(call: Call, form: Form[V], plan_id: UUID) -> Versioned[V]:
    """One of the caller's."""
    return await planning.show(call.services.edit_desk, form, call.principal, plan_id)


async def page_of(call: Call, form: Form[V], asked: PageAsked) -> tuple[list[V], int, str | None]:
    """The caller's, newest first."""
    services = call.services
    return await planning.page(services.edit_desk, services.cursors, form, call.principal, asked)


async def rows_of(
    call: Call, form: Form[V], plan_id: UUID, asked: PageAsked
) -> Answer[PlannedRowList]:
    """Its rows, and where more are."""
    services, who = call.services, call.principal
    page = await planning.rows(services.edit_desk, services.cursors, form, who, plan_id, asked)
    return Answer(page, next_link(call.request, page.next_cursor))


async def discarded(call: Call, form: Form[V], plan_id: UUID) -> None:
    """It is forgotten."""
    await discard_plan(call.uow, call.principal, form.kind, plan_id, call.expected_version)


async def applied(call: Call, form: Form[V], plan_id: UUID, body: PlanHash) -> Versioned[V]:
    """It is done."""
    desk, who = call.services.edit_desk, call.principal
    return await planning.apply(call.uow, desk, form, who, plan_id, body.plan_hash)


async def reverted(call: Call, form: Form[V], plan_id: UUID) -> Versioned[V]:
    """It is taken back."""
    return await planning.revert(call.uow, call.services.edit_desk, form, call.principal, plan_id)

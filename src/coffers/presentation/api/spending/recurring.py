"""/recurring: salaries, subscriptions and bills, found in the history."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from fastapi import Query
from pydantic import Field

from coffers.application.spending import recurring
from coffers.application.spending.recurring import (
    MAX_DAYS,
    RecurringFilter,
    RecurringList,
    RecurringView,
    UpcomingList,
)
from coffers.application.spending.recurring_detection import Detection, detect_recurring
from coffers.application.views import Versioned
from coffers.domain.spending.recurring import RecurringKind, RecurringState
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import WHOLE, Body, NameIn

OfState = Annotated[RecurringState | None, Query(description="Only in this state.")]
OfKind = Annotated[RecurringKind | None, Query(description="Only of this kind.")]
ActiveOnly = Annotated[bool, Query(description="Leave out those that have ended.")]
Days = Annotated[int, Query(ge=1, le=MAX_DAYS, description="So many days from today on."), WHOLE]


class RecurringChanges(Body):
    """What to change; the rest stays. A null category puts it into none."""

    name: NameIn | None = Field(default=None, examples=["Music"])
    kind: RecurringKind | None = None
    category_id: UUID | None = None
    state: Literal["detected", "confirmed", "dismissed"] | None = None


class DetectionView(msgspec.Struct, frozen=True):
    """What a look at the history came to."""

    found_count: int
    added_count: int
    renewed_count: int
    gone_count: int
    movements_count: int
    is_whole: Annotated[
        bool, msgspec.Meta(description="False when only the newest movements were looked at.")
    ]


async def list_recurring(
    call: Caller,
    state: OfState = None,
    kind: OfKind = None,
    active_only: ActiveOnly = False,  # noqa: FBT002 - a query parameter
) -> RecurringList:
    """List recurring payments, the one that was paid last first."""
    wanted = RecurringFilter(state, kind, active_only)
    return await recurring.list_recurring(call.services.recurring_lookups, call.principal, wanted)


async def get_recurring(call: Caller, recurring_id: UUID) -> Versioned[RecurringView]:
    """One recurring payment with its evidence."""
    lookups = call.services.recurring_lookups
    return await recurring.get_recurring(lookups, call.principal, recurring_id)


async def edit_recurring(
    call: Caller, recurring_id: UUID, body: RecurringChanges
) -> Versioned[RecurringView]:
    """Name it, put it into a category, confirm or dismiss it; no detection changes that again."""
    told = {name: getattr(body, name) for name in body.model_fields_set}
    said = {name: value for name, value in told.items() if value or name == "category_id"}
    if "state" in said:
        said["state"] = RecurringState(str(said["state"]))
    return await recurring.edit_recurring(
        call.uow, call.services.clock, call.principal, recurring_id, said, call.expected_version
    )


async def detect_recurring_payments(call: Caller) -> DetectionView:
    """Look for recurring payments in the history now."""
    services, user_id = call.services, call.principal.user_id
    done = await detect_recurring(call.uow, services.recurring_lookups, services.clock, user_id)
    return _view(done)


async def list_upcoming(call: Caller, days: Days = 30) -> UpcomingList:
    """List the payments that are expected next."""
    services = call.services
    return await recurring.list_upcoming(
        services.recurring_lookups, services.profiles, services.clock, call.principal, days
    )


def _view(done: Detection) -> DetectionView:
    return DetectionView(
        done.found, done.added, done.renewed, done.gone, done.movements, done.is_whole
    )

"""The corporate actions of an asset: applied to its prices when they are read."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from coffers.application.markets import corporate_actions
from coffers.application.markets.corporate_actions import (
    ActionDraft,
    CorporateActionList,
    CorporateActionView,
)
from coffers.application.views import Versioned
from coffers.domain.markets.corporate_actions import MAX_NOTE, ActionKind
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import Body, CodeIn, DateIn, DecimalIn

NoteIn = Annotated[str, StringConstraints(max_length=MAX_NOTE)]
_RATIO = Field(None, description="New units for one old, or for so many `old_units`: 5 for 5:1.")
_OLD = Field(None, description="1 if not told; a reverse split of 1 for 3 has the ratio 1 for 3.")
_AMOUNT = Field(
    None,
    description="Money for one unit: a dividend, the cash of a merger, what was spun off is worth.",
    examples=["0.24"],
)
_NEW = Field(None, description="What it became, or what was spun off.")


class NewCorporateAction(Body):
    """What happened to the asset at the opening of a day."""

    date: DateIn = Field(description="The ex-date.", examples=["2026-03-02"])
    kind: ActionKind
    ratio: DecimalIn | None = _RATIO
    old_units: DecimalIn | None = _OLD
    amount: DecimalIn | None = _AMOUNT
    currency: CodeIn | None = Field(None, description="The asset's own, if it is told.")
    new_asset_id: UUID | None = _NEW
    note: NoteIn = ""


class CorporateActionChanges(Body):
    """What to correct; the rest stays."""

    date: DateIn | None = Field(None, description="Null leaves it.", examples=["2026-03-02"])
    ratio: DecimalIn | None = _RATIO
    old_units: DecimalIn | None = _OLD
    amount: DecimalIn | None = _AMOUNT
    new_asset_id: UUID | None = _NEW
    note: NoteIn = ""


async def list_corporate_actions(call: Caller, asset_id: UUID) -> CorporateActionList:
    """List what happened to an asset, oldest first."""
    services = call.services
    return await corporate_actions.list_actions(
        services.asset_lookups, services.price_lookups, call.principal, asset_id
    )


async def get_corporate_action(
    call: Caller, asset_id: UUID, action_id: UUID
) -> Versioned[CorporateActionView]:
    """One of them."""
    services = call.services
    return await corporate_actions.get_action(
        services.asset_lookups, services.price_lookups, call.principal, asset_id, action_id
    )


async def add_corporate_action(
    call: Caller, asset_id: UUID, body: NewCorporateAction
) -> Answer[CorporateActionView]:
    """Keep what happened to an asset."""
    fields = body.model_dump()
    draft = ActionDraft(day=fields.pop("date"), **fields)
    made = await corporate_actions.add_action(
        call.uow, call.services.clock, call.principal, asset_id, draft
    )
    place = f"/api/v1/assets/{asset_id}/corporate-actions/{made.view.id}"
    return Answer(made.view, {"Location": place}, made.version)


async def edit_corporate_action(
    call: Caller, asset_id: UUID, action_id: UUID, body: CorporateActionChanges
) -> Versioned[CorporateActionView]:
    """Correct what happened."""
    changes = body.model_dump(exclude_unset=True)
    if (day := changes.pop("date", None)) is not None:
        changes["day"] = day
    return await corporate_actions.edit_action(
        call.uow,
        call.services.clock,
        call.principal,
        asset_id,
        action_id,
        changes,
        call.expected_version,
    )


async def delete_corporate_action(call: Caller, asset_id: UUID, action_id: UUID) -> None:
    """As if it had never happened."""
    await corporate_actions.delete_action(
        call.uow, call.principal, asset_id, action_id, call.expected_version
    )

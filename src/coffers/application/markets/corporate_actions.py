"""Corporate actions: what happened to an asset, kept by whoever keeps the asset."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from coffers.application.markets.assets import AssetLookups
from coffers.application.markets.prices import PriceLookups
from coffers.application.ports import Clock
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import DecimalText, Instant, Versioned
from coffers.domain.errors import PreconditionFailed
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import new_id
from coffers.domain.live.events import Event
from coffers.domain.markets.assets import Asset, check_editable
from coffers.domain.markets.corporate_actions import (
    ONE,
    ActionInvalid,
    ActionKind,
    ActionNotFound,
    CorporateAction,
    check_action,
)
from coffers.domain.money import money_digits, with_digits


class CorporateActionView(msgspec.Struct, frozen=True):
    """What happened to an asset at the opening of a day."""

    id: UUID
    asset_id: UUID
    date: date
    kind: ActionKind
    ratio: DecimalText | None
    old_units: DecimalText | None
    amount: DecimalText | None
    currency: str | None
    new_asset_id: UUID | None
    note: str
    created_at: Instant
    updated_at: Instant


class CorporateActionList(msgspec.Struct, frozen=True):
    """All of an asset, oldest first."""

    corporate_actions: list[CorporateActionView]
    total_count: int


@dataclass(frozen=True, slots=True)
class ActionDraft:
    """A corporate action to be."""

    day: date
    kind: ActionKind
    ratio: Decimal | None = None
    amount: Decimal | None = None
    currency: str | None = None
    new_asset_id: UUID | None = None
    note: str = ""
    old_units: Decimal | None = None


async def list_actions(
    lookups: AssetLookups, prices: PriceLookups, principal: Principal, asset_id: UUID
) -> CorporateActionList:
    """Those of an asset; raises AssetNotFound, NotYours."""
    asset = await lookups.get(principal.user_id, asset_id)
    found = (await prices.actions([asset.id])).get(asset.id, [])
    return CorporateActionList([action_view(each) for each in found], len(found))


async def get_action(
    lookups: AssetLookups,
    prices: PriceLookups,
    principal: Principal,
    asset_id: UUID,
    action_id: UUID,
) -> Versioned[CorporateActionView]:
    """One of them; raises AssetNotFound, NotYours, ActionNotFound."""
    asset = await lookups.get(principal.user_id, asset_id)
    for each in (await prices.actions([asset.id])).get(asset.id, []):
        if each.id == action_id:
            return Versioned(action_view(each), each.version)
    raise ActionNotFound("Corporate action not found")


async def add_action(
    uow: UnitOfWork, clock: Clock, principal: Principal, asset_id: UUID, draft: ActionDraft
) -> Versioned[CorporateActionView]:
    """Keep what happened.

    Raises AssetNotFound, NotYours, AssetShared, ActionInvalid, ActionKnown, TooManyActions.
    """
    now = clock.now()
    fields = {name: getattr(draft, name) for name in ActionDraft.__dataclass_fields__}
    async with uow:
        asset = check_editable(await uow.assets.get(principal, asset_id), principal)
        action = CorporateAction(
            asset_id=asset.id,
            id=new_id(),
            user_id=asset.user_id,
            created_at=now,
            updated_at=now,
            **fields,
        )
        action = await _checked(uow, principal, action, asset)
        await uow.corporate_actions.add(action)
        await uow.assets.note_quoted([asset.id])
        uow.record(_event("CorporateActionAdded", principal, action))
        await uow.commit()
    return Versioned(action_view(action), action.version)


async def edit_action(  # noqa: PLR0913, PLR0917 - which action of which asset, and how
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    asset_id: UUID,
    action_id: UUID,
    changes: dict[str, Any],  # Any: each field has its own type
    expected_version: int | None,
) -> Versioned[CorporateActionView]:
    """Correct it.

    Raises what adding does, and ActionNotFound, PreconditionFailed.
    """
    async with uow:
        asset = check_editable(await uow.assets.get(principal, asset_id), principal)
        action = await uow.corporate_actions.get(asset.id, action_id)
        changed = replace(action, **changes, updated_at=clock.now())
        edited = await _checked(uow, principal, changed, asset)
        stored = await uow.corporate_actions.update(edited, expected_version=expected_version)
        await uow.assets.note_quoted([asset.id])
        uow.record(_event("CorporateActionChanged", principal, stored))
        await uow.commit()
    return Versioned(action_view(stored), stored.version)


async def delete_action(
    uow: UnitOfWork,
    principal: Principal,
    asset_id: UUID,
    action_id: UUID,
    expected_version: int | None,
) -> None:
    """As if it had never happened.

    Raises AssetNotFound, NotYours, AssetShared, ActionNotFound, PreconditionFailed.
    """
    async with uow:
        asset = check_editable(await uow.assets.get(principal, asset_id), principal)
        action = await uow.corporate_actions.get(asset.id, action_id)
        if expected_version not in {None, action.version}:
            raise PreconditionFailed("The action was changed in the meantime: read it again.")
        await uow.corporate_actions.delete(action)
        await uow.assets.note_quoted([asset.id])
        uow.record(_event("CorporateActionDeleted", principal, action))
        await uow.commit()


async def _checked(
    uow: UnitOfWork, principal: Principal, action: CorporateAction, asset: Asset
) -> CorporateAction:
    """With the digits of its currency; raises ActionInvalid, AssetNotFound, NotYours."""
    checked = check_action(action, asset.currency)
    if checked.new_asset_id is not None:
        _check_new(checked, asset, await uow.assets.get(principal, checked.new_asset_id))
    if checked.amount is None:
        return checked
    return replace(checked, amount=money_digits(checked.amount, asset.currency))


def _check_new(action: CorporateAction, asset: Asset, new: Asset) -> None:
    if action.kind is ActionKind.SYMBOL_CHANGE and new.currency != asset.currency:
        detail = f"Its prices are in {new.currency}, the former ones in {asset.currency}."
        raise ActionInvalid(detail, field="new_asset_id")


def _event(name: str, principal: Principal, action: CorporateAction) -> Event:
    details = {"kind": action.kind.value, "date": action.day.isoformat(), "id": str(action.id)}
    return Event(name, principal.user_id, action.asset_id, details)


def action_view(action: CorporateAction) -> CorporateActionView:
    """As it is shown."""
    return CorporateActionView(
        id=action.id,
        asset_id=action.asset_id,
        date=action.day,
        kind=action.kind,
        ratio=None if action.ratio is None else format(with_digits(action.ratio, 0), "f"),
        old_units=None
        if action.ratio is None
        else format(with_digits(action.old_units or ONE, 0), "f"),
        amount=None if action.amount is None else format(action.amount, "f"),
        currency=action.currency,
        new_asset_id=action.new_asset_id,
        note=action.note,
        created_at=action.created_at,
        updated_at=action.updated_at,
    )

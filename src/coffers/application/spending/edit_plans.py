"""Edit plans: judge movements a stretch at a time, apply what was looked at, take it back.

Judging reads without locks, however long it takes. Writing is one transaction that says something
only of movements of which nothing was said meanwhile; if there is such a one, all is judged anew.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from coffers.application.ports import Clock
from coffers.application.spending.edit_plan_drafts import EditDesk, Reading, drawn, undone
from coffers.application.spending.edit_plan_rows import Draft, packed_transfers, unpacked
from coffers.application.spending.rewriting import Rewriter, rejoin
from coffers.application.spending.transfer_matching import movements_changed
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.imports import PlanStale
from coffers.domain.live.events import Event
from coffers.domain.spending.categories import CategoryUnknown
from coffers.domain.spending.edit_plans import (
    EditPlan,
    PlanKind,
    PlannedRow,
    PlanNotApplied,
    PlanNotPlanned,
    PlanStatus,
)

#: Chunks of rows that one statement writes.
CHUNKS_AT_ONCE: Final = 10
#: How often all is judged anew because somebody edited one of the movements meanwhile.
ATTEMPTS: Final = 5
#: What the log remembers as a failed attempt.
_FAILURES: Final = (Conflict, Forbidden, Invalid, NotFound)
#: How events begin.
_NAMES: Final = {PlanKind.RULE_RUN: "RuleRun", PlanKind.BULK_EDIT: "BulkEdit"}


async def make_plan(uow: UnitOfWork, desk: EditDesk, plan: EditPlan, reading: Reading) -> EditPlan:
    """Judge and keep the plan; the ledger stays as it is.

    Raises PlanTooLarge, TooManyPlans, AccountNotFound, NotYours, CategoryUnknown.
    """
    async with desk.room:
        made, draft = await drawn(desk, plan, reading)
        async with uow:
            await uow.edit_plans.add(made, draft.chunks)
            uow.record(_event(made, "Planned", {"changed": draft.changed}))
            await uow.commit()
    return made


async def apply_plan(
    uow: UnitOfWork, desk: EditDesk, seen: EditPlan, wanted_hash: str, reading: Reading
) -> EditPlan:
    """Say what the plan with this hash says, all of it in one commit.

    Raises PlanNotPlanned, and PlanStale when the plan would now have another effect: then the new
    one stands in its place, to be looked at.
    """
    try:
        async with desk.room:
            return await _apply(uow, desk, seen, wanted_hash, reading)
    except _FAILURES as refusal:
        await _log_failure(uow, seen, "", refusal)
        raise


async def revert_plan(uow: UnitOfWork, desk: EditDesk, seen: EditPlan) -> EditPlan:
    """Take back what the plan said, but for what was said of a movement since.

    Raises PlanNotApplied.
    """
    try:
        async with desk.room:
            return await _revert(uow, desk, seen)
    except _FAILURES as refusal:
        await _log_failure(uow, seen, "Reversal", refusal)
        raise


async def discard_plan(
    uow: UnitOfWork,
    principal: Principal,
    kind: PlanKind,
    plan_id: UUID,
    expected_version: int | None,
) -> None:
    """Forget a plan that was not applied.

    Raises PlanNotFound, NotYours, PlanNotPlanned, PreconditionFailed.
    """
    async with uow:
        plan = _still_planned(await uow.edit_plans.get(principal.user_id, kind, plan_id))
        await uow.edit_plans.discard(plan, expected_version=expected_version)
        uow.record(_event(plan, "Discarded", {}))
        await uow.commit()


def new_plan(
    principal: Principal, clock: Clock, kind: PlanKind, request: Mapping[str, object]
) -> EditPlan:
    """A plan that nothing was judged of yet."""
    return EditPlan(
        id=new_id(),
        user_id=principal.user_id,
        kind=kind,
        status=PlanStatus.PLANNED,
        request=request,
        plan_hash="",
        summary={},
        created_at=clock.now(),
    )


async def _apply(
    uow: UnitOfWork, desk: EditDesk, seen: EditPlan, wanted_hash: str, reading: Reading
) -> EditPlan:
    if wanted_hash != _still_planned(seen).plan_hash:
        raise PlanStale("This is not the hash of the plan: look at the plan first.")
    for _ in range(ATTEMPTS):
        renewed, draft = await drawn(desk, seen, reading)
        async with uow:
            await uow.edit_plans.lock(seen.user_id)
            plan = _still_planned(await uow.edit_plans.get(seen.user_id, seen.kind, seen.id))
            if draft.hash != wanted_hash or plan.plan_hash != wanted_hash:
                await _renew(uow, plan, renewed, draft)
            now = desk.clock.now()
            if not await _say(uow, seen.user_id, draft, now):
                continue
            lost = await uow.transfers.broken(seen.user_id) if draft.account_ids else []
            await _follow(uow, seen.user_id, draft, now)
            applied = replace(
                plan, status=PlanStatus.APPLIED, applied_at=now, summary=renewed.summary
            )
            stored = await uow.edit_plans.update(applied, draft.chunks)
            if lost:
                await uow.edit_plans.attach(stored, packed_transfers(lost))
            uow.record(*_events(plan, "", draft.changed))
            await uow.commit()
            return stored
    raise PlanStale("The movements are being edited all the time: try again.")


async def _renew(uow: UnitOfWork, plan: EditPlan, renewed: EditPlan, draft: Draft) -> None:
    newer = replace(plan, plan_hash=renewed.plan_hash, summary=renewed.summary)
    await uow.edit_plans.update(newer, draft.chunks)
    await uow.commit()
    raise PlanStale("The ledger changed since the plan was made: look at the new plan.")


async def _revert(uow: UnitOfWork, desk: EditDesk, seen: EditPlan) -> EditPlan:
    for _ in range(ATTEMPTS):
        draft = await undone(desk, _applied(seen))
        async with uow:
            await uow.edit_plans.lock(seen.user_id)
            plan = _applied(await uow.edit_plans.get(seen.user_id, seen.kind, seen.id))
            now = desk.clock.now()
            if not await _say(uow, seen.user_id, draft, now):
                continue
            await rejoin(uow, seen.user_id, draft.transfers, now)
            await _follow(uow, seen.user_id, draft, now)
            reverted = replace(plan, status=PlanStatus.REVERTED, reverted_at=now)
            stored = await uow.edit_plans.update(reverted)
            uow.record(*_events(plan, "Reversal", draft.changed))
            await uow.commit()
            return stored
    raise PlanStale("The movements are being edited all the time: try again.")


async def _say(uow: UnitOfWork, user_id: UserId, draft: Draft, now: datetime) -> bool:
    """Within the open transaction; False when somebody was quicker."""
    try:
        await uow.categories.check(user_id, draft.category_ids)
    except CategoryUnknown:
        # Deleted meanwhile: what named it names another one by now.
        return False
    rewriter, chunks = Rewriter(uow, user_id, now), draft.chunks
    if not await rewriter.lock(draft.accounts):
        return False
    for start in range(0, len(chunks), CHUNKS_AT_ONCE):
        rows = await asyncio.to_thread(_together, chunks[start : start + CHUNKS_AT_ONCE])
        said = [row for row in rows if row.rewrite is None]
        rewrites = [row.rewrite for row in rows if row.rewrite is not None]
        if not await uow.edit_plans.say(user_id, said, now=now):
            return False
        if not await rewriter.write(rewrites):
            return False
    await rewriter.settle()
    return True


async def _follow(uow: UnitOfWork, user_id: UserId, draft: Draft, now: datetime) -> None:
    """What is ignored, named anew or gone may be a transfer now, or none, recur, or be budgeted."""
    if draft.changed:
        await movements_changed(uow, user_id, now=now)


def _together(chunks: Sequence[bytes]) -> list[PlannedRow]:
    rows = [row for chunk in chunks for row in unpacked(chunk)]
    return [row for row in rows if row.verdict.is_done]


def _still_planned(plan: EditPlan) -> EditPlan:
    if plan.status is not PlanStatus.PLANNED:
        raise PlanNotPlanned(f"The plan is {plan.status.value} already.")
    return plan


def _applied(plan: EditPlan) -> EditPlan:
    if plan.status is not PlanStatus.APPLIED:
        raise PlanNotApplied(f"The plan is {plan.status.value}.")
    return plan


def _event(plan: EditPlan, what: str, details: Mapping[str, object]) -> Event:
    return Event(f"{_NAMES[plan.kind]}{what}", plan.user_id, plan.id, details)


def _events(plan: EditPlan, what: str, changed: int) -> list[Event]:
    attempted = _event(plan, f"{what}Attempted", {})
    return [attempted, _event(plan, f"{what}Succeeded", {"changed": changed})]


async def _log_failure(uow: UnitOfWork, plan: EditPlan, what: str, refusal: DomainError) -> None:
    async with uow:
        failed = _event(plan, f"{what}Failed", {"problem": refusal.slug})
        uow.record(_event(plan, f"{what}Attempted", {}), failed)
        await uow.commit_claim()

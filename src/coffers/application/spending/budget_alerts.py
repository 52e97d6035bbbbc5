"""Events at the thresholds of budgets: each once for its budget and period."""

from contextlib import suppress
from typing import Final

from coffers.application.spending.budget_checks import enqueue_check
from coffers.application.spending.budget_progress import stand_of, today_of
from coffers.application.spending.budgets import BudgetLookups
from coffers.application.spending.reports import ReportDesk
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.ids import UserId
from coffers.domain.live.events import Event
from coffers.domain.spending.budgets import (
    Budget,
    BudgetInvalid,
    BudgetNotBegun,
    BudgetNotFound,
    Standing,
)

#: Users that one look takes at a time.
BATCH: Final = 100


async def check_budgets(
    uow: UnitOfWork, desk: ReportDesk, lookups: BudgetLookups, user_id: UserId
) -> None:
    """Tell of every threshold that is reached today, once for each budget, period and threshold."""
    budgets = [each for each in await lookups.all_of(user_id) if each.thresholds]
    if not budgets:
        return
    today = await today_of(desk, user_id)
    for budget in budgets:
        with suppress(BudgetNotBegun, BudgetInvalid, BudgetNotFound):
            now = await stand_of(desk, budget, today)
            if now.standing is not None:
                await _tell(uow, desk, budget, now.standing)


async def check_everybody(uow: UnitOfWork, desk: ReportDesk, lookups: BudgetLookups) -> None:
    """Put a look at the thresholds of everybody who has budgets into the queue."""
    after: UserId | None = None
    while owners := await lookups.owners(after, BATCH):
        async with uow:
            for user_id in owners:
                await enqueue_check(uow, user_id, desk.clock.now())
            await uow.commit()
        after = owners[-1]


async def _tell(uow: UnitOfWork, desk: ReportDesk, budget: Budget, now: Standing) -> None:
    reached = [each for each in budget.thresholds if now.has_reached(each)]
    if not reached:
        return
    async with uow:
        locked = await uow.budgets.get(budget.user_id, budget.id)
        if locked.version != budget.version:
            return  # it is another budget now: whoever changed it is looked after at the next look
        for threshold in reached:
            at = desk.clock.now()
            if await uow.budgets.reached(budget, now.span, threshold, at=at):
                uow.record(_reached(budget, now, threshold))
        await uow.commit()


def _reached(budget: Budget, now: Standing, threshold: int) -> Event:
    details = {
        "name": budget.name,
        "threshold_percent": threshold,
        "period_start": str(now.span.first),
        "period_end": str(now.span.last),
        "spent": format(now.spent, "f"),
        "available": format(now.available, "f"),
        "currency": budget.currency,
    }
    return Event("BudgetThresholdReached", budget.user_id, budget.id, details)

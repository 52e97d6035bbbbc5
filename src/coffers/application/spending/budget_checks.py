"""Asking for a look at the thresholds of budgets, from wherever something changes."""

from datetime import datetime, timedelta
from typing import Final

from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.ids import UserId, new_id
from coffers.domain.jobs import Job

#: The kind of the jobs that look after one user's thresholds, and of the one that looks after all.
CHECK: Final = "budget_check"
CHECKS: Final = "budget_checks"
#: What changes one after the other is looked at together.
SETTLING: Final = timedelta(seconds=10)


async def enqueue_check(uow: UnitOfWork, user_id: UserId, now: datetime) -> None:
    """Within the open transaction: look at the thresholds soon, once for many changes."""
    job = Job(new_id(), CHECK, {}, now + SETTLING, user_id)
    await uow.jobs.enqueue(job, dedupe_key=f"{CHECK}:{user_id}")

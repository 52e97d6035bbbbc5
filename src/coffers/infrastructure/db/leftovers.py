"""Removing rows that have served their time."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, delete, func, or_, select, tuple_

from coffers.domain.jobs import JobState
from coffers.domain.ledger.imports import ImportStatus
from coffers.domain.leftovers import Leftover, Leftovers
from coffers.domain.spending.edit_plans import PlanStatus
from coffers.infrastructure.db.idempotency import idempotency_keys
from coffers.infrastructure.db.identity.sessions import refresh_tokens, sessions
from coffers.infrastructure.db.identity.verifications import one_time_tokens
from coffers.infrastructure.db.jobs import jobs
from coffers.infrastructure.db.ledger.imports import imports
from coffers.infrastructure.db.linking.connections import link_attempts
from coffers.infrastructure.db.spending.edit_plans import edit_plan_chunks, edit_plans
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import UTCDateTime

_Ended = Callable[[datetime], ColumnElement[bool]]


class SqlLeftovers(Leftovers):
    """Leftovers in SQL: a few at a time, so that nobody waits long for the rows."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def remove(self, leftover: Leftover, *, before: datetime, limit: int) -> int:
        """As the port says."""
        table, ended = _WHERE[leftover]
        key = table.primary_key.columns
        some = select(*key).where(ended(before)).limit(limit)
        statement = delete(table).where(tuple_(*key).in_(some))
        return (await self._transaction.execute(statement)).rowcount


def _finished(state: JobState) -> _Ended:
    return lambda before: (jobs.c.state == state.value) & (jobs.c.finished_at < before)


def _session_ended(before: datetime) -> ColumnElement[bool]:
    return or_(sessions.c.expires_at < before, sessions.c.revoked_at < before)


def _planned_before(before: datetime) -> ColumnElement[bool]:
    return (imports.c.status == ImportStatus.PLANNED.value) & (imports.c.created_at < before)


def _plans(ended: _Ended) -> _Ended:
    rows = select(edit_plan_chunks.c.number).where(
        edit_plan_chunks.c.user_id == edit_plans.c.user_id,
        edit_plan_chunks.c.plan_id == edit_plans.c.id,
    )
    return lambda before: ended(before) & ~rows.exists()


def _rows(ended: _Ended) -> _Ended:
    plan = tuple_(edit_plan_chunks.c.user_id, edit_plan_chunks.c.plan_id)
    ids = select(edit_plans.c.user_id, edit_plans.c.id)
    return lambda before: plan.in_(ids.where(ended(before)))


def _edit_waits(before: datetime) -> ColumnElement[bool]:
    c = edit_plans.c
    return (c.status == PlanStatus.PLANNED.value) & (c.created_at < before)


def _edit_is_done(before: datetime) -> ColumnElement[bool]:
    c = edit_plans.c
    return func.coalesce(c.reverted_at, c.applied_at, type_=UTCDateTime()) < before


_WHERE: Final[dict[Leftover, tuple[Table, _Ended]]] = {
    Leftover.REFRESH_TOKENS: (
        refresh_tokens,
        lambda before: refresh_tokens.c.expires_at < before,
    ),
    Leftover.ONE_TIME_TOKENS: (
        one_time_tokens,
        lambda before: one_time_tokens.c.expires_at < before,
    ),
    Leftover.SESSIONS: (sessions, _session_ended),
    Leftover.IDEMPOTENCY_KEYS: (
        idempotency_keys,
        lambda before: idempotency_keys.c.created_at < before,
    ),
    Leftover.LINK_ATTEMPTS: (
        link_attempts,
        lambda before: link_attempts.c.expires_at < before,
    ),
    Leftover.FINISHED_JOBS: (jobs, _finished(JobState.DONE)),
    Leftover.DEAD_JOBS: (jobs, _finished(JobState.DEAD)),
    Leftover.PLANNED_IMPORTS: (imports, _planned_before),
    Leftover.PLANNED_EDIT_ROWS: (edit_plan_chunks, _rows(_edit_waits)),
    Leftover.PLANNED_EDITS: (edit_plans, _plans(_edit_waits)),
    Leftover.DONE_EDIT_ROWS: (edit_plan_chunks, _rows(_edit_is_done)),
    Leftover.DONE_EDITS: (edit_plans, _plans(_edit_is_done)),
}

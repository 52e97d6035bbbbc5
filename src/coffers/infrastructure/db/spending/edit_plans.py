"""The edit_plans table, the chunks of their rows, and the repository."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from coffers.domain.errors import DomainError, PreconditionFailed
from coffers.domain.ids import UserId
from coffers.domain.spending.edit_plans import (
    MAX_PLANNED,
    TRANSFERS,
    EditPlan,
    EditPlans,
    PlanKind,
    PlannedRow,
    PlanNotFound,
    PlanStatus,
    TooManyPlans,
)
from coffers.domain.spending.rewrites import Rewrite
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.engines import BULK_PATIENCE_S
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reads
from coffers.infrastructure.db.spending.rewrites import rewrite
from coffers.infrastructure.db.spending.sayings import say
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, Json, UTCDateTime

#: Chunks that one statement stores: others have their turn in between.
CHUNKS_AT_ONCE: Final = 10

edit_plans: Final = Table(
    "edit_plans",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("status", String(12), nullable=False),
    Column("request", Json, nullable=False),
    Column("plan_hash", String(64), nullable=False),
    Column("summary", Json, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("applied_at", UTCDateTime),
    Column("reverted_at", UTCDateTime),
    Column("version", Integer, nullable=False),
    Index("ix_edit_plans_id", "id"),
    Index("ix_edit_plans_user_id_status", "user_id", "status"),
)
#: Before and after of every row, packed, so many in each.
edit_plan_chunks: Final = Table(
    "edit_plan_chunks",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("plan_id", Id, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("rows", LargeBinary, nullable=False),
)


class SqlEditPlans(EditPlans):
    """Plans in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def lock(self, user_id: UserId) -> None:
        """As the port says; SQLite has one writer anyway."""
        if self._transaction.is_sqlite:
            return
        # Whoever waits here waits for another plan, which may be long.
        self._transaction.patience_s = BULK_PATIENCE_S
        wait_ms = int(BULK_PATIENCE_S * 900)
        await self._transaction.execute(text(f"SET LOCAL lock_timeout = {wait_ms}"))
        await self._transaction.execute(_LOCK.bindparams(key=f"edits of {user_id}"))

    async def add(self, plan: EditPlan, chunks: Sequence[bytes]) -> None:
        """As the port says."""
        waiting = await self._transaction.rows(_PLANNED, {"user_id": plan.user_id})
        if waiting[0][0] >= MAX_PLANNED:
            raise TooManyPlans(f"{MAX_PLANNED} plans wait already: apply or discard some.")
        await self._transaction.execute(insert(edit_plans), _row(plan))
        await self._fill(plan, chunks)

    async def get(self, user_id: UserId, kind: PlanKind, plan_id: UUID) -> EditPlan:
        """As the port says."""
        one = {"user_id": user_id, "kind": kind.value, "plan_id": plan_id}
        rows = await self._transaction.rows(ONE.with_for_update(), one)
        if not rows:
            raise await missing_plan(self._transaction, user_id, plan_id)
        return plan_of(rows[0])

    async def update(self, plan: EditPlan, chunks: Sequence[bytes] | None = None) -> EditPlan:
        """As the port says."""
        stored = replace(plan, version=plan.version + 1)
        await self._transaction.execute(update(edit_plans).where(_is(plan)).values(_row(stored)))
        if chunks is not None:
            await self._empty(plan)
            await self._fill(plan, chunks)
        return stored

    async def discard(self, plan: EditPlan, *, expected_version: int | None) -> None:
        """As the port says."""
        if expected_version not in {None, plan.version}:
            raise PreconditionFailed("The plan was changed in the meantime: read it again.")
        await self._empty(plan)
        await self._transaction.execute(delete(edit_plans).where(_is(plan)))

    async def say(self, user_id: UserId, rows: Sequence[PlannedRow], *, now: datetime) -> bool:
        """As the port says."""
        return await say(self._transaction, user_id, rows, now)

    async def rewrite(
        self, user_id: UserId, rewrites: Sequence[Rewrite], *, now: datetime
    ) -> set[UUID] | None:
        """As the port says."""
        return await rewrite(self._transaction, user_id, rewrites, now)

    async def attach(self, plan: EditPlan, transfers: bytes) -> None:
        """As the port says."""
        key = {"user_id": plan.user_id, "plan_id": plan.id, "number": TRANSFERS}
        await self._transaction.execute(insert(edit_plan_chunks), key | {"rows": transfers})

    async def _fill(self, plan: EditPlan, chunks: Sequence[bytes]) -> None:
        key = {"user_id": plan.user_id, "plan_id": plan.id}
        rows = [key | {"number": number, "rows": rows} for number, rows in enumerate(chunks)]
        for part in stretches(rows, CHUNKS_AT_ONCE):
            await self._transaction.execute(insert(edit_plan_chunks), list(part))

    async def _empty(self, plan: EditPlan) -> None:
        c = edit_plan_chunks.c
        mine = (c.user_id == plan.user_id) & (c.plan_id == plan.id)
        await self._transaction.execute(delete(edit_plan_chunks).where(mine))


async def missing_plan(reads: Reads, user_id: UserId, plan_id: UUID) -> DomainError:
    """The refusal for a plan that this user does not have, not of this kind at least."""
    refusal = PlanNotFound("Plan not found")
    mine = select(edit_plans.c.id).where(
        edit_plans.c.user_id == user_id, edit_plans.c.id == plan_id
    )
    if await reads.rows(mine):
        return refusal
    return await missing(reads, edit_plans, plan_id, refusal)


def _is(plan: EditPlan) -> ColumnElement[bool]:
    return (edit_plans.c.user_id == plan.user_id) & (edit_plans.c.id == plan.id)


def _row(plan: EditPlan) -> dict[str, object]:
    row = {name: getattr(plan, name) for name in EditPlan.__dataclass_fields__}
    return row | {
        "kind": plan.kind.value,
        "status": plan.status.value,
        "request": dict(plan.request),
        "summary": dict(plan.summary),
    }


def plan_of(row: Row[Any]) -> EditPlan:  # Any: a row of the whole table
    """The plan as it was stored."""
    kinds = {"kind": PlanKind(row.kind), "status": PlanStatus(row.status)}
    return EditPlan(**row._asdict() | kinds)


_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
_PLANNED: Final = select(func.count()).where(
    edit_plans.c.user_id == bindparam("user_id"), edit_plans.c.status == PlanStatus.PLANNED.value
)
ONE: Final = select(edit_plans).where(
    edit_plans.c.user_id == bindparam("user_id"),
    edit_plans.c.kind == bindparam("kind"),
    edit_plans.c.id == bindparam("plan_id"),
)

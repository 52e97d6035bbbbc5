"""Edit plans to read, and the movements that they are about."""

import json
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Select, bindparam, func, select

from coffers.application.ledger.transactions import TransactionFilter
from coffers.application.spending.edit_plan_drafts import STRETCH, EditLookups
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.annotations import AnnotatedTransaction
from coffers.domain.ledger.entries import Entry
from coffers.domain.paging import Page
from coffers.domain.spending.edit_plans import EditPlan, PlanKind
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.ledger.accounts import account_of, accounts
from coffers.infrastructure.db.ledger.annotations import ANNOTATED, annotated
from coffers.infrastructure.db.ledger.entries import ENTRY, entry_of
from coffers.infrastructure.db.ledger.transaction_filters import conditions
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.live.events import events
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.spending.edit_plans import (
    ONE,
    edit_plan_chunks,
    edit_plans,
    missing_plan,
    plan_of,
)


class SqlEditLookups(EditLookups):
    """Plans and movements to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def plan(self, user_id: UserId, kind: PlanKind, plan_id: UUID) -> EditPlan:
        """As the port says."""
        one = {"user_id": user_id, "kind": kind.value, "plan_id": plan_id}
        rows = await self._reader.rows(ONE, one)
        if not rows:
            raise await missing_plan(self._reader, user_id, plan_id)
        return plan_of(rows[0])

    async def page(
        self, user_id: UserId, kind: PlanKind, limit: int, behind: UUID | None
    ) -> Page[EditPlan]:
        """As the port says."""
        c = edit_plans.c
        mine = (c.user_id == user_id) & (c.kind == kind.value)
        listed = select(edit_plans).where(mine).order_by(c.id.desc()).limit(limit + 1)
        if behind is not None:
            listed = listed.where(c.id < behind)
        async with self._reader.snapshot() as snapshot:
            total = (await snapshot.rows(select(func.count()).where(mine)))[0][0]
            found = [plan_of(row) for row in await snapshot.rows(listed)]
        shown = found[:limit]
        return Page(shown, total, [str(shown[-1].id)] if len(found) > limit else None)

    async def chunk(self, plan: EditPlan, number: int) -> bytes | None:
        """As the port says."""
        wanted = {"user_id": plan.user_id, "plan_id": plan.id, "number": number}
        rows = await self._reader.rows(_CHUNK, wanted)
        return rows[0].rows if rows else None

    async def movements(
        self, user_id: UserId, wanted: TransactionFilter, behind: UUID | None
    ) -> list[AnnotatedTransaction]:
        """As the port says."""
        rows = await self._reader.rows(_stretch(ANNOTATED, user_id, wanted, behind))
        return [annotated(row) for row in rows]

    async def these(
        self, user_id: UserId, transaction_ids: Sequence[UUID]
    ) -> dict[UUID, AnnotatedTransaction]:
        """As the port says."""
        found: dict[UUID, AnnotatedTransaction] = {}
        for part in stretches(transaction_ids):
            rows = await self._reader.rows(_THESE, {"user_id": user_id, "ids": list(part)})
            found |= {row.id: annotated(row) for row in rows}
        return found

    async def entries(
        self, user_id: UserId, wanted: TransactionFilter, behind: UUID | None
    ) -> list[Entry]:
        """As the port says."""
        rows = await self._reader.rows(_stretch(ENTRY, user_id, wanted, behind))
        return [entry_of(row) for row in rows]

    async def these_entries(
        self, user_id: UserId, transaction_ids: Sequence[UUID]
    ) -> dict[UUID, Entry]:
        """As the port says."""
        found: dict[UUID, Entry] = {}
        for part in stretches(transaction_ids):
            rows = await self._reader.rows(_WHOLE, {"user_id": user_id, "ids": list(part)})
            found |= {row.id: entry_of(row) for row in rows}
        return found

    async def moves(self, user_id: UserId) -> dict[UUID, UUID | None]:
        """As the port says."""
        rows = await self._reader.rows(_MOVES, {"user_id": user_id})
        moved = {row.subject_id: json.loads(row.details)["moved_to"] for row in rows}
        return {gone: None if to is None else UUID(to) for gone, to in moved.items()}

    async def accounts(self, user_id: UserId) -> dict[UUID, Account]:
        """As the port says."""
        rows = await self._reader.rows(_ACCOUNTS, {"user_id": user_id})
        return {row.id: account_of(row) for row in rows}


def _stretch(
    columns: Sequence[Column[Any]],  # Any: of every type
    user_id: UserId,
    wanted: TransactionFilter,
    behind: UUID | None,
) -> Select[Any]:
    found = select(*columns).where(*conditions(user_id, wanted))
    if behind is not None:
        found = found.where(transactions.c.id > behind)
    return found.order_by(transactions.c.id).limit(STRETCH)


_CHUNK: Final = select(edit_plan_chunks.c.rows).where(
    edit_plan_chunks.c.user_id == bindparam("user_id"),
    edit_plan_chunks.c.plan_id == bindparam("plan_id"),
    edit_plan_chunks.c.number == bindparam("number"),
)
_THESE_IDS: Final = (
    transactions.c.user_id == bindparam("user_id"),
    transactions.c.id.in_(bindparam("ids", expanding=True)),
)
_THESE: Final = select(*ANNOTATED).where(*_THESE_IDS)
_WHOLE: Final = select(*ENTRY).where(*_THESE_IDS)
#: The log remembers them.
_MOVES: Final = select(events.c.subject_id, events.c.details).where(
    events.c.user_id == bindparam("user_id"), events.c.name == "CategoryDeleted"
)
_ACCOUNTS: Final = select(accounts).where(accounts.c.user_id == bindparam("user_id"))

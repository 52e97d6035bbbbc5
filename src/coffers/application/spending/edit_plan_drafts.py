"""Drawing plans: movements are read without locks and judged a stretch at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol
from uuid import UUID

from coffers.application.ledger.transactions import (
    TransactionFilter,
    TransactionLookups,
    TransactionPage,
    TransactionSort,
)
from coffers.application.ports import Clock
from coffers.application.spending.categories import CategoryLookups
from coffers.application.spending.edit_plan_rows import Draft, Judgement, planned, unpacked
from coffers.application.spending.rules import RuleLookups
from coffers.domain.ids import UserId
from coffers.domain.ledger.annotations import AnnotatedTransaction
from coffers.domain.paging import Page
from coffers.domain.spending.edit_plans import (
    MAX_ROWS,
    EditPlan,
    PlanKind,
    PlannedRow,
    PlanTooLarge,
    taken_back,
)

#: Movements that are read and judged at a stretch.
STRETCH: Final = 250
#: Plans that one process judges or writes at once.
AT_ONCE: Final = 2


class EditLookups(Protocol):
    """Plans to read, and the movements that they are about."""

    async def plan(self, user_id: UserId, kind: PlanKind, plan_id: UUID) -> EditPlan:
        """Raises PlanNotFound, NotYours."""
        ...

    async def page(
        self, user_id: UserId, kind: PlanKind, limit: int, behind: UUID | None
    ) -> Page[EditPlan]:
        """Newest first."""
        ...

    async def chunk(self, plan: EditPlan, number: int) -> bytes | None:
        """The rows of this number, packed; None behind the last."""
        ...

    async def movements(
        self, user_id: UserId, wanted: TransactionFilter, behind: UUID | None
    ) -> list[AnnotatedTransaction]:
        """The next `STRETCH` of the filter's, by their ids."""
        ...

    async def these(
        self, user_id: UserId, transaction_ids: Sequence[UUID]
    ) -> dict[UUID, AnnotatedTransaction]:
        """Those of them that there are."""
        ...


@dataclass(frozen=True, slots=True)
class EditDesk:
    """The ports that plans take, and how many plans they serve at once."""

    lookups: EditLookups
    transactions: TransactionLookups
    rules: RuleLookups
    categories: CategoryLookups
    clock: Clock
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan is made of: which movements, and what is said of them.

    `told` is what the summary says besides counts.
    """

    wanted: TransactionFilter
    judgement: Judgement
    told: Mapping[str, object] = field(default_factory=dict)


#: Reads again what was asked for, as it is now, out of a plan's request.
Reading = Callable[[EditPlan], Awaitable[Asked]]


async def drawn(desk: EditDesk, plan: EditPlan, reading: Reading) -> tuple[EditPlan, Draft]:
    """The plan as it would be now."""
    asked, draft = await reading(plan), Draft(plan.kind)
    await _check_size(desk, plan.user_id, asked.wanted)
    behind = None
    while rows := await desk.lookups.movements(plan.user_id, asked.wanted, behind):
        behind = rows[-1].id
        # Other requests do not wait for it.
        await asyncio.to_thread(draft.look, rows, asked.judgement)
    return replace(plan, plan_hash=draft.hash, summary=_summary(draft, asked)), draft


async def _check_size(desk: EditDesk, user_id: UserId, wanted: TransactionFilter) -> None:
    """Raises PlanTooLarge, and as a list of the filter's movements does."""
    page = TransactionPage(wanted, TransactionSort.NEWEST, limit=1)
    count = (await desk.transactions.page(user_id, page)).total_count
    if count > MAX_ROWS:
        detail = f"These are {count} movements, more than {MAX_ROWS}: choose a narrower filter."
        raise PlanTooLarge(detail)


def _summary(draft: Draft, asked: Asked) -> dict[str, object]:
    speakers = {
        speaker: {"changed_count": count, "fields": dict(draft.fields_by[speaker])}
        for speaker, count in sorted(draft.rows_by.items())
    }
    return {
        "looked_at_count": draft.looked_at,
        "changed_count": draft.changed,
        "fields": dict(draft.fields),
        "speakers": speakers,
        **asked.told,
    }


async def undone(desk: EditDesk, plan: EditPlan) -> Draft:
    """What is to be said so that nothing of the plan is said any more."""
    draft, number = Draft(plan.kind), 0
    known = (await desk.categories.known(plan.user_id)).keys()
    while (chunk := await desk.lookups.chunk(plan, number)) is not None:
        rows, number = await asyncio.to_thread(unpacked, chunk), number + 1
        current = await desk.lookups.these(plan.user_id, [row.id for row in rows])
        await asyncio.to_thread(_undo, draft, rows, current, known)
    return draft


def _undo(
    draft: Draft,
    rows: Sequence[PlannedRow],
    current: Mapping[UUID, AnnotatedTransaction],
    known: Collection[UUID],
) -> None:
    for row in rows:
        now = current.get(row.id)
        if now is None:
            continue
        after = taken_back(row, now.annotation)
        if after.category_id is not None and after.category_id not in known:
            # Deleted since.
            after = replace(after, category_id=None)
        if after != now.annotation:
            draft.take(planned(now, after))

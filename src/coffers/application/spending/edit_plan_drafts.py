"""Drawing plans: movements are read without locks and judged a stretch at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
from coffers.application.spending.edit_plan_rows import (
    Draft,
    Judgement,
    Rewriting,
    planned,
    unpacked_transfers,
)
from coffers.application.spending.followed_categories import Followed
from coffers.application.spending.rewriting import unwritten_row
from coffers.application.spending.rules import RuleLookups
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.annotations import AnnotatedTransaction
from coffers.domain.ledger.entries import Entry
from coffers.domain.paging import Page
from coffers.domain.spending.edit_plans import (
    MAX_ROWS,
    TRANSFERS,
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
        """The rows of this number, packed; None behind the last.

        Under the number `TRANSFERS`, those that went with what it did; None if none did.
        """
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

    async def entries(
        self, user_id: UserId, wanted: TransactionFilter, behind: UUID | None
    ) -> list[Entry]:
        """As `movements`, whole."""
        ...

    async def these_entries(
        self, user_id: UserId, transaction_ids: Sequence[UUID]
    ) -> dict[UUID, Entry]:
        """As `these`, whole."""
        ...

    async def moves(self, user_id: UserId) -> dict[UUID, UUID | None]:
        """Where what named categories that are gone went."""
        ...

    async def accounts(self, user_id: UserId) -> dict[UUID, Account]:
        """All of the user's."""
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

    `rewriting`, if there is one, is asked in place of the judgement, and of entries in these
    accounts; `told` is what the summary says besides counts.
    """

    wanted: TransactionFilter
    judgement: Judgement
    told: Mapping[str, object] = field(default_factory=dict)
    rewriting: Rewriting | None = None
    accounts: Mapping[UUID, Account] = field(default_factory=dict)


#: Reads again what was asked for, as it is now, out of a plan's request.
Reading = Callable[[EditPlan], Awaitable[Asked]]


async def drawn(desk: EditDesk, plan: EditPlan, reading: Reading) -> tuple[EditPlan, Draft]:
    """The plan as it would be now."""
    asked, draft = await reading(plan), Draft(plan.kind)
    await _check_size(desk, plan.user_id, asked.wanted)
    behind = await _judged(desk, plan.user_id, asked, draft, None)
    while behind is not None:
        behind = await _judged(desk, plan.user_id, asked, draft, behind)
    draft.accounts = {each: asked.accounts[each] for each in draft.account_ids}
    return replace(plan, plan_hash=draft.hash, summary=_summary(draft, asked)), draft


async def _judged(
    desk: EditDesk, user_id: UserId, asked: Asked, draft: Draft, behind: UUID | None
) -> UUID | None:
    """The next stretch; answers its last id, None behind the last stretch.

    In a thread: other requests do not wait for it.
    """
    if asked.rewriting is None:
        rows = await desk.lookups.movements(user_id, asked.wanted, behind)
        await asyncio.to_thread(draft.look, rows, asked.judgement)
        return rows[-1].id if rows else None
    entries = await desk.lookups.entries(user_id, asked.wanted, behind)
    await asyncio.to_thread(draft.look_whole, entries, asked.rewriting)
    return entries[-1].id if entries else None


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
        "verdicts": {verdict.value: count for verdict, count in sorted(draft.verdicts.items())},
        **asked.told,
    }


@dataclass(frozen=True, slots=True)
class _Now:
    """What there is now of a chunk's movements, and of what they name."""

    said: Mapping[UUID, AnnotatedTransaction]
    entries: Mapping[UUID, Entry]
    accounts: Mapping[UUID, Account]


async def undone(desk: EditDesk, plan: EditPlan) -> Draft:
    """What is to be said so that nothing of the plan is said any more."""
    draft, number = Draft(plan.kind), 0
    accounts = await desk.lookups.accounts(plan.user_id)
    known = (await desk.categories.known(plan.user_id)).keys()
    followed = Followed(known, await desk.lookups.moves(plan.user_id))
    while (chunk := await desk.lookups.chunk(plan, number)) is not None:
        rows, number = await asyncio.to_thread(followed.unpacked, chunk), number + 1
        whole = [row.id for row in rows if row.rewrite is not None]
        said = [row.id for row in rows if row.rewrite is None and row.verdict.is_done]
        now = _Now(
            await desk.lookups.these(plan.user_id, said) if said else {},
            await desk.lookups.these_entries(plan.user_id, whole) if whole else {},
            accounts,
        )
        await asyncio.to_thread(_undo, draft, rows, now)
    await _add_transfers(desk, plan, draft)
    draft.accounts = {each: accounts[each] for each in draft.account_ids}
    return draft


async def _add_transfers(desk: EditDesk, plan: EditPlan, draft: Draft) -> None:
    kept = await desk.lookups.chunk(plan, TRANSFERS)
    if kept is None:
        return
    draft.transfers = await asyncio.to_thread(unpacked_transfers, kept)
    legs = [leg for each in draft.transfers for leg in each.key]
    others = await desk.lookups.these_entries(plan.user_id, legs)
    draft.account_ids |= {each.account_id for each in others.values()}


def _undo(draft: Draft, rows: Sequence[PlannedRow], now: _Now) -> None:
    for row in rows:
        undone_row = _unsaid(row, now) if row.rewrite is None else _unwritten(row, now)
        if undone_row is not None:
            draft.take(undone_row)


def _unsaid(row: PlannedRow, now: _Now) -> PlannedRow | None:
    current = now.said.get(row.id)
    if current is None:
        return None
    after = taken_back(row, current.annotation)
    return None if after == current.annotation else planned(current, after)


def _unwritten(row: PlannedRow, now: _Now) -> PlannedRow | None:
    return unwritten_row(row, now.entries.get(row.id), now.accounts)

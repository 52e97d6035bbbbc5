"""The rows of edit plans as they are shown, and pages of plans."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.spending.edit_plan_drafts import EditLookups
from coffers.application.spending.edit_plan_rows import unpacked
from coffers.application.views import DecimalText
from coffers.domain.identity.principals import Principal
from coffers.domain.ledger.annotations import Split
from coffers.domain.paging import Cursors
from coffers.domain.spending.edit_plans import CHUNK, EditPlan, PlanKind, PlannedRow
from coffers.domain.spending.rewrites import EditVerdict

Told = str | bool | list[str] | None
T = TypeVar("T")


class ChangeView(msgspec.Struct, frozen=True, gc=False):
    """A field that is to be another; a category by its id."""

    field: str
    before: Told
    after: Told
    by: Annotated[str | None, Meta(description="`rule:<id>` or `edit:<id>`.")]


class PlannedRowView(msgspec.Struct, frozen=True, gc=False):
    """A movement that is to be, or was, changed or deleted, or is left alone for a reason."""

    transaction_id: UUID
    transaction_date: date
    description: str
    amount_value: DecimalText
    amount_currency: str
    changes: list[ChangeView]
    verdict: EditVerdict


class PlannedRowList(msgspec.Struct, frozen=True):
    """One page, in the order of the movements' ids, which is the one in which they came."""

    rows: list[PlannedRowView]
    total_count: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PageAsked:
    """Which page: at most `limit` behind the cursor."""

    limit: int
    cursor: str | None = None


async def list_rows(
    lookups: EditLookups, cursors: Cursors, plan: EditPlan, asked: PageAsked
) -> PlannedRowList:
    """A page of the plan's rows; raises CursorInvalid, also once the plan was made anew."""
    binding = (plan.user_id, plan.kind, plan.id, plan.plan_hash)
    first = 0 if asked.cursor is None else int(cursors.open(asked.cursor, binding)[0])
    rows = await _between(lookups, plan, first, first + asked.limit + 1)
    is_last = len(rows) <= asked.limit
    following = None if is_last else cursors.seal([str(first + asked.limit)], binding)
    shown = [_view(row) for row in rows[: asked.limit]]
    return PlannedRowList(shown, _count(plan), following)


async def list_plans(
    lookups: EditLookups,
    cursors: Cursors,
    principal: Principal,
    kind: PlanKind,
    asked: PageAsked,
    view: Callable[[EditPlan], T],
) -> tuple[list[T], int, str | None]:
    """A page of the caller's plans of this kind, newest first, their count and the next cursor.

    Raises CursorInvalid.
    """
    binding = (principal.user_id, kind)
    behind = None if asked.cursor is None else UUID(cursors.open(asked.cursor, binding)[0])
    page = await lookups.page(principal.user_id, kind, asked.limit, behind)
    following = None if page.next_key is None else cursors.seal(page.next_key, binding)
    return [view(plan) for plan in page.rows], page.total_count, following


async def _between(
    lookups: EditLookups, plan: EditPlan, first: int, last: int
) -> Sequence[PlannedRow]:
    rows: list[PlannedRow] = []
    for number in range(first // CHUNK, (last - 1) // CHUNK + 1):
        chunk = await lookups.chunk(plan, number)
        if chunk is None:
            break
        rows += await asyncio.to_thread(unpacked, chunk)
    start = first - first // CHUNK * CHUNK
    return rows[start : start + last - first]


def _count(plan: EditPlan) -> int:
    """Of all its rows; older plans have none that are left alone."""
    summary = msgspec.convert(plan.summary, _Counts)
    return sum(summary.verdicts.values()) if summary.verdicts else summary.changed_count


class _Counts(msgspec.Struct, frozen=True):
    changed_count: int
    verdicts: dict[str, int] = {}


def _view(row: PlannedRow) -> PlannedRowView:
    return PlannedRowView(
        row.id,
        row.transaction_date,
        row.description,
        row.amount,
        row.currency,
        [_change(row, name) for name in row.changes()],
        row.verdict,
    )


def _change(row: PlannedRow, name: str) -> ChangeView:
    before, after = (_told(side) for side in row.told(name))
    return ChangeView(name, before, after, row.after.annotated_by.get(name))


def _told(value: object) -> Told:
    if isinstance(value, tuple):
        return [_told_part(each) if isinstance(each, Split) else str(each) for each in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return value if value is None or isinstance(value, str | bool) else str(value)


def _told_part(part: Split) -> str:
    """Its amount, and its category's id if it has one."""
    words = (format(part.amount, "f"), part.category_id, part.notes)
    return " ".join(str(word) for word in words if word is not None)

"""Bulk edits: one thing said of all movements that a filter means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from coffers.application.ledger.transactions import TransactionFilter
from coffers.application.spending.edit_plan_drafts import Asked, EditDesk, Reading
from coffers.application.spending.edit_plan_lists import (
    PageAsked,
    PlannedRowList,
    list_plans,
    list_rows,
)
from coffers.application.spending.edit_plan_rows import Judgement
from coffers.application.spending.edit_plans import (
    apply_plan,
    make_plan,
    new_plan,
    revert_plan,
)
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import DecimalText, Instant, Versioned
from coffers.domain.identity.principals import Principal
from coffers.domain.ledger.annotations import (
    AnnotatedTransaction,
    Annotation,
    sorted_tags,
    worded,
)
from coffers.domain.ledger.transactions import TransactionStatus, TransactionType
from coffers.domain.paging import Cursors
from coffers.domain.ranges import check_range
from coffers.domain.spending.categories import CategoryUnknown
from coffers.domain.spending.edit_plans import EditInvalid, EditPlan, PlanKind, PlanStatus

KIND: Final = PlanKind.BULK_EDIT
#: What the rows that it spoke of call it.
_SPEAKER: Final = "edit:"


class FilterView(msgspec.Struct, frozen=True, kw_only=True):
    """Which movements, as in their list; what is null does not filter."""

    account_id: UUID | None = None
    transaction_type: TransactionType | None = None
    status: TransactionStatus | None = None
    symbol: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    updated_from: Instant | None = None
    updated_to: Instant | None = None
    min_amount: DecimalText | None = None
    max_amount: DecimalText | None = None
    q: str | None = None
    category: str | None = None
    merchant: str | None = None
    tag: str | None = None
    is_ignored: bool | None = None


class EditView(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of them; what is absent stays, and null empties."""

    category_id: UUID | UnsetType | None = UNSET
    merchant: str | UnsetType | None = UNSET
    notes: str | UnsetType | None = UNSET
    add_tags: list[str] | UnsetType = UNSET
    remove_tags: list[str] | UnsetType = UNSET
    is_ignored: bool | UnsetType = UNSET
    is_transfer: bool | UnsetType = UNSET


class BulkEditView(msgspec.Struct, frozen=True):
    """An edit of all movements that a filter means: planned, applied or reverted."""

    id: UUID
    status: PlanStatus
    filter: FilterView
    edit: EditView
    plan_hash: str
    looked_at_count: int
    changed_count: int
    fields: Annotated[dict[str, int], Meta(description="How often which field changes.")]
    created_at: Instant
    applied_at: Instant | None
    reverted_at: Instant | None


class BulkEditList(msgspec.Struct, frozen=True):
    """One page, newest first."""

    bulk_edits: list[BulkEditView]
    total_count: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class BulkEdit:
    """What to say of which movements.

    `said` are fields of their annotations, None to empty them; the tags are added to, and taken
    from, those that each has.
    """

    wanted: TransactionFilter
    said: Mapping[str, object] = field(default_factory=dict)
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


async def plan_bulk_edit(
    uow: UnitOfWork, desk: EditDesk, principal: Principal, asked: BulkEdit
) -> Versioned[BulkEditView]:
    """Say what the edit would change; the ledger stays as it is.

    Raises EditInvalid, AnnotationInvalid, RangeInvalid, CategoryUnknown, AccountNotFound, NotYours,
    PlanTooLarge, TooManyPlans.
    """
    _check(asked)
    plan = new_plan(principal, desk.clock, KIND, _request(asked))
    return _versioned(await make_plan(uow, desk, plan, _reading(desk)))


async def apply_bulk_edit(
    uow: UnitOfWork, desk: EditDesk, principal: Principal, edit_id: UUID, plan_hash: str
) -> Versioned[BulkEditView]:
    """Say what was looked at.

    Raises PlanNotFound, NotYours, PlanNotPlanned, PlanStale, and as planning does.
    """
    plan = await desk.lookups.plan(principal.user_id, KIND, edit_id)
    return _versioned(await apply_plan(uow, desk, plan, plan_hash, _reading(desk)))


async def revert_bulk_edit(
    uow: UnitOfWork, desk: EditDesk, principal: Principal, edit_id: UUID
) -> Versioned[BulkEditView]:
    """Take back what was said, but for what was said of a movement since.

    Raises PlanNotFound, NotYours, PlanNotApplied.
    """
    plan = await desk.lookups.plan(principal.user_id, KIND, edit_id)
    return _versioned(await revert_plan(uow, desk, plan))


async def get_bulk_edit(
    desk: EditDesk, principal: Principal, edit_id: UUID
) -> Versioned[BulkEditView]:
    """One of the caller's; raises PlanNotFound, NotYours."""
    return _versioned(await desk.lookups.plan(principal.user_id, KIND, edit_id))


async def list_bulk_edits(
    desk: EditDesk, cursors: Cursors, principal: Principal, asked: PageAsked
) -> BulkEditList:
    """The caller's, newest first; raises CursorInvalid."""
    return BulkEditList(*await list_plans(desk.lookups, cursors, principal, KIND, asked, edit_view))


async def list_bulk_edit_rows(
    desk: EditDesk, cursors: Cursors, principal: Principal, edit_id: UUID, asked: PageAsked
) -> PlannedRowList:
    """Before and after of each movement; raises PlanNotFound, NotYours, CursorInvalid."""
    plan = await desk.lookups.plan(principal.user_id, KIND, edit_id)
    return await list_rows(desk.lookups, cursors, plan, asked)


def _check(asked: BulkEdit) -> None:
    wanted = asked.wanted
    check_range(wanted.start_date, wanted.end_date)
    check_range(wanted.updated_from, wanted.updated_to)
    check_range(wanted.min_amount, wanted.max_amount)
    if not (asked.said or asked.add_tags or asked.remove_tags):
        raise EditInvalid("An edit says at least something.", field="edit")


def _request(asked: BulkEdit) -> dict[str, object]:
    """Raises AnnotationInvalid."""
    edit = worded(asked.said)
    for name in ("add_tags", "remove_tags"):
        tags = sorted_tags(getattr(asked, name))
        if tags:
            edit[name] = list(tags)
    wanted = {name: value for name, value in _filter(asked.wanted).items() if value is not None}
    request: dict[str, object] = msgspec.to_builtins({"filter": wanted, "edit": edit})
    return request


def _filter(wanted: TransactionFilter) -> dict[str, object]:
    return {name: getattr(wanted, name) for name in TransactionFilter.__dataclass_fields__}


def _reading(desk: EditDesk) -> Reading:
    async def read(plan: EditPlan) -> Asked:
        edit = _edit(plan)
        if isinstance(edit.category_id, UUID):
            known = await desk.categories.known(plan.user_id)
            if edit.category_id not in known:
                raise CategoryUnknown("There is no such category.", field="edit.category_id")
        wanted = msgspec.convert(plan.request["filter"], TransactionFilter)
        return Asked(wanted, _judgement(edit, f"{_SPEAKER}{plan.id}"))

    return read


def _judgement(edit: EditView, speaker: str) -> Judgement:
    """What the edit makes of a movement; the parts of split ones have categories of their own."""
    said = {
        name: value
        for name in ("category_id", "merchant", "notes", "is_ignored", "is_transfer")
        if (value := getattr(edit, name)) is not UNSET
    }
    unsplit = {name: value for name, value in said.items() if name != "category_id"}
    added = set(edit.add_tags or ())
    removed = set(edit.remove_tags or ())

    def judge(row: AnnotatedTransaction) -> Annotation:
        old = row.annotation
        news = dict(unsplit if old.splits else said)
        if added or removed:
            news["tags"] = sorted_tags({*old.tags, *added} - removed)
        return old.told(news, speaker)

    return judge


def _edit(plan: EditPlan) -> EditView:
    return msgspec.convert(plan.request["edit"], EditView)


def _versioned(plan: EditPlan) -> Versioned[BulkEditView]:
    return Versioned(edit_view(plan), plan.version)


def edit_view(plan: EditPlan) -> BulkEditView:
    """As it is shown."""
    summary = msgspec.convert(plan.summary, _Summary)
    return BulkEditView(
        id=plan.id,
        status=plan.status,
        filter=msgspec.convert(plan.request["filter"], FilterView),
        edit=_edit(plan),
        plan_hash=plan.plan_hash,
        looked_at_count=summary.looked_at_count,
        changed_count=summary.changed_count,
        fields=summary.fields,
        created_at=plan.created_at,
        applied_at=plan.applied_at,
        reverted_at=plan.reverted_at,
    )


class _Summary(msgspec.Struct, frozen=True):
    looked_at_count: int
    changed_count: int
    fields: dict[str, int]

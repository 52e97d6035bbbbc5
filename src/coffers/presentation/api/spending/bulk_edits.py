"""/bulk-edits: one thing said of all movements that a filter means."""

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from coffers.application.ledger.transactions import TransactionFilter
from coffers.application.spending import bulk_edits
from coffers.application.spending.bulk_edits import BulkEdit, BulkEditList, BulkEditView
from coffers.application.spending.edit_plan_lists import PageAsked, PlannedRowList
from coffers.application.spending.edit_plans import discard_plan
from coffers.application.views import Versioned
from coffers.domain.ledger.annotations import MAX_NAME, MAX_NOTES, MAX_TAG, MAX_TAGS
from coffers.domain.ledger.transactions import TransactionStatus, TransactionType
from coffers.domain.paging import DEFAULT_LIMIT
from coffers.presentation.answers import Answer
from coffers.presentation.api.spending.rule_runs import PlanHash
from coffers.presentation.calls import Caller
from coffers.presentation.paging import CursorIn, LimitIn, next_link
from coffers.presentation.schemas import Body, DateIn, DecimalIn, InstantIn

WordIn = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME)]
NotesIn = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NOTES)]
TagIn = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TAG)]
#: Pydantic gives each body a list of its own.
_NONE: Final[list[Any]] = []  # Any: items of each field's kind


class FilterIn(Body):
    """Which movements, as in their list; what is left out does not filter."""

    account_id: UUID | None = Field(None, examples=[None])
    transaction_type: TransactionType | None = None
    status: TransactionStatus | None = None
    symbol: WordIn | None = None
    start_date: DateIn | None = Field(None, examples=["2026-01-01"])
    end_date: DateIn | None = Field(None, examples=["2026-12-31"])
    updated_from: InstantIn | None = None
    updated_to: InstantIn | None = None
    min_amount: DecimalIn | None = None
    max_amount: DecimalIn | None = None
    q: WordIn | None = None
    category: WordIn | None = Field(
        None, description="A value, an id, or `none`.", examples=["none"]
    )
    merchant: WordIn | None = None
    tag: TagIn | None = None
    is_ignored: bool | None = None


class EditIn(Body):
    """What is said of them; what is left out stays, and null empties."""

    category_id: UUID | None = Field(None, examples=["01900000-0000-7000-8000-000000000002"])
    merchant: WordIn | None = None
    notes: NotesIn | None = None
    add_tags: Annotated[list[TagIn], Field(max_length=MAX_TAGS)] = _NONE
    remove_tags: Annotated[list[TagIn], Field(max_length=MAX_TAGS)] = _NONE
    is_ignored: bool = False
    is_transfer: bool = Field(default=False, description="Neither spent nor earned.")


class NewBulkEdit(Body):
    """An edit of all movements that the filter means."""

    filter: FilterIn = Field(examples=[{"q": "coffee", "category": "none"}])
    edit: EditIn = Field(examples=[{"category_id": "01900000-0000-7000-8000-000000000002"}])


#: Fields of an edit that are fields of annotations.
_SAID: Final = ("category_id", "merchant", "notes", "is_ignored", "is_transfer")


async def plan_bulk_edit(call: Caller, body: NewBulkEdit) -> Answer[BulkEditView]:
    """Ask what the edit would change; nothing does until the plan is applied."""
    wanted = TransactionFilter(**{name: getattr(body.filter, name) for name in _FILTER})
    sent = body.edit.model_fields_set
    said: dict[str, object] = {n: getattr(body.edit, n) for n in _SAID if n in sent}
    asked = BulkEdit(wanted, said, tuple(body.edit.add_tags), tuple(body.edit.remove_tags))
    made = await bulk_edits.plan_bulk_edit(call.uow, call.services.edit_desk, call.principal, asked)
    return Answer(made.view, {"Location": f"/api/v1/bulk-edits/{made.view.id}"}, made.version)


_FILTER: Final = tuple(FilterIn.model_fields)


async def list_bulk_edits(
    call: Caller, limit: LimitIn = DEFAULT_LIMIT, cursor: CursorIn = None
) -> Answer[BulkEditList]:
    """List the bulk edits, newest first."""
    services = call.services
    page = await bulk_edits.list_bulk_edits(
        services.edit_desk, services.cursors, call.principal, PageAsked(limit, cursor)
    )
    return Answer(page, next_link(call.request, page.next_cursor))


async def get_bulk_edit(call: Caller, edit_id: UUID) -> Versioned[BulkEditView]:
    """One bulk edit, in numbers."""
    return await bulk_edits.get_bulk_edit(call.services.edit_desk, call.principal, edit_id)


async def list_bulk_edit_rows(
    call: Caller, edit_id: UUID, limit: LimitIn = DEFAULT_LIMIT, cursor: CursorIn = None
) -> Answer[PlannedRowList]:
    """List before and after of every movement that the edit changes."""
    services = call.services
    page = await bulk_edits.list_bulk_edit_rows(
        services.edit_desk, services.cursors, call.principal, edit_id, PageAsked(limit, cursor)
    )
    return Answer(page, next_link(call.request, page.next_cursor))


async def discard_bulk_edit(call: Caller, edit_id: UUID) -> None:
    """Forget a bulk edit that was not applied."""
    await discard_plan(call.uow, call.principal, bulk_edits.KIND, edit_id, call.expected_version)


async def apply_bulk_edit(call: Caller, edit_id: UUID, body: PlanHash) -> Versioned[BulkEditView]:
    """Say what was looked at."""
    return await bulk_edits.apply_bulk_edit(
        call.uow, call.services.edit_desk, call.principal, edit_id, body.plan_hash
    )


async def revert_bulk_edit(call: Caller, edit_id: UUID) -> Versioned[BulkEditView]:
    """Take back what was said, but for what was said of a movement since."""
    return await bulk_edits.revert_bulk_edit(
        call.uow, call.services.edit_desk, call.principal, edit_id
    )

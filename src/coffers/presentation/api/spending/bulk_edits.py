"""/bulk-edits: one thing done to all movements that a filter means."""

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from coffers.application.ledger.transactions import TransactionFilter
from coffers.application.spending.bulk_edits import (
    BULK_EDITS,
    BulkEdit,
    BulkEditList,
    BulkEditView,
    edit_request,
)
from coffers.application.spending.edit_plan_lists import PageAsked, PlannedRowList
from coffers.application.views import Versioned
from coffers.domain.ledger.annotations import MAX_NAME, MAX_TAG, MAX_TAGS
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionType,
)
from coffers.domain.paging import DEFAULT_LIMIT
from coffers.domain.spending.rewrites import FACTS
from coffers.presentation.answers import Answer
from coffers.presentation.api.ledger.entries import Annotations, Facts, sayings
from coffers.presentation.api.spending import edit_plans
from coffers.presentation.api.spending.edit_plans import PlanHash
from coffers.presentation.calls import Caller
from coffers.presentation.paging import CursorIn, LimitIn, next_link
from coffers.presentation.schemas import Body, DateIn, DecimalIn, FlagIn, InstantIn

WordIn = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME)]
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
    is_ignored: FlagIn | None = None


class EditIn(Annotations, Facts):
    """What is done to them; what is left out stays, and null empties.

    What is said of a movement can be said of all; splits only of those that they add up to. The
    rest is of entries by hand: what a provider or a file told of, what is reconciled and what moves
    securities is left alone, and the plan says so.
    """

    delete: FlagIn = Field(default=False, description="Delete them; nothing else can be said then.")
    category_id: UUID | None = Field(None, examples=["01900000-0000-7000-8000-000000000002"])
    add_tags: Annotated[list[TagIn], Field(max_length=MAX_TAGS)] = _NONE
    remove_tags: Annotated[list[TagIn], Field(max_length=MAX_TAGS)] = _NONE


class NewBulkEdit(Body):
    """An edit of all movements that the filter means."""

    filter: FilterIn = Field(examples=[{"q": "coffee", "category": "none"}])
    edit: EditIn = Field(examples=[{"category_id": "01900000-0000-7000-8000-000000000002"}])

    def wanted(self) -> BulkEdit:
        """As edits have it."""
        sent = self.edit.model_fields_set
        return BulkEdit(
            TransactionFilter(**{name: getattr(self.filter, name) for name in _FILTER}),
            sayings(self.edit),
            tuple(self.edit.add_tags),
            tuple(self.edit.remove_tags),
            {name: getattr(self.edit, name) for name in FACTS if name in sent},
            self.edit.delete,
        )


_FILTER: Final = tuple(FilterIn.model_fields)


async def plan_bulk_edit(call: Caller, body: NewBulkEdit) -> Answer[BulkEditView]:
    """Ask what the edit would change; nothing does until the plan is applied."""
    made = await edit_plans.planned(call, BULK_EDITS, edit_request(body.wanted()))
    return Answer(made.view, {"Location": f"/api/v1/bulk-edits/{made.view.id}"}, made.version)


async def list_bulk_edits(
    call: Caller, limit: LimitIn = DEFAULT_LIMIT, cursor: CursorIn = None
) -> Answer[BulkEditList]:
    """List the bulk edits, newest first."""
    page = BulkEditList(*await edit_plans.page_of(call, BULK_EDITS, PageAsked(limit, cursor)))
    return Answer(page, next_link(call.request, page.next_cursor))


async def get_bulk_edit(call: Caller, edit_id: UUID) -> Versioned[BulkEditView]:
    """One bulk edit, in numbers."""
    return await edit_plans.shown(call, BULK_EDITS, edit_id)


async def list_bulk_edit_rows(
    call: Caller, edit_id: UUID, limit: LimitIn = DEFAULT_LIMIT, cursor: CursorIn = None
) -> Answer[PlannedRowList]:
    """List every movement that the edit changes, before and after, or leaves alone, and why."""
    return await edit_plans.rows_of(call, BULK_EDITS, edit_id, PageAsked(limit, cursor))


async def discard_bulk_edit(call: Caller, edit_id: UUID) -> None:
    """Forget a bulk edit that was not applied."""
    await edit_plans.discarded(call, BULK_EDITS, edit_id)


async def apply_bulk_edit(call: Caller, edit_id: UUID, body: PlanHash) -> Versioned[BulkEditView]:
    """Do what was looked at; balances follow."""
    return await edit_plans.applied(call, BULK_EDITS, edit_id, body)


async def revert_bulk_edit(call: Caller, edit_id: UUID) -> Versioned[BulkEditView]:
    """Take back what was done, but for what was said or done of a movement since."""
    return await edit_plans.reverted(call, BULK_EDITS, edit_id)

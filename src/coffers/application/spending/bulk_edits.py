"""Bulk edits: one thing done to all movements that a filter means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from coffers.application.ledger.transactions import TransactionFilter
from coffers.application.spending.bulk_editing import reading
from coffers.application.spending.planning import Form
from coffers.application.views import DecimalText, Instant
from coffers.domain.ledger.annotations import sorted_tags, worded
from coffers.domain.ledger.entries import check_amount, described, kind_of
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.ranges import check_range
from coffers.domain.spending.edit_plans import EditInvalid, EditPlan, PlanKind, PlanStatus
from coffers.domain.spending.rewrites import EditVerdict


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


class PartView(msgspec.Struct, frozen=True):
    """A part of what is split."""

    amount: DecimalText
    category_id: UUID | None
    notes: str | None


class EditView(msgspec.Struct, frozen=True, kw_only=True):
    """What is done to them; what is absent stays, and null empties."""

    delete: bool | UnsetType = UNSET
    category_id: UUID | UnsetType | None = UNSET
    merchant: str | UnsetType | None = UNSET
    notes: str | UnsetType | None = UNSET
    tags: list[str] | UnsetType = UNSET
    add_tags: list[str] | UnsetType = UNSET
    remove_tags: list[str] | UnsetType = UNSET
    splits: list[PartView] | UnsetType = UNSET
    is_ignored: bool | UnsetType = UNSET
    is_transfer: bool | UnsetType = UNSET
    account_id: UUID | UnsetType = UNSET
    amount: DecimalText | UnsetType = UNSET
    transaction_date: date | UnsetType = UNSET
    description: str | UnsetType = UNSET
    transaction_type: TransactionType | UnsetType = UNSET
    subtype: TransactionSubtype | UnsetType = UNSET
    status: TransactionStatus | UnsetType = UNSET


class BulkEditView(msgspec.Struct, frozen=True):
    """An edit of all movements that a filter means: planned, applied or reverted."""

    id: UUID
    status: PlanStatus
    filter: FilterView
    edit: EditView
    plan_hash: str
    looked_at_count: int
    changed_count: Annotated[int, Meta(description="Those that are deleted, too.")]
    fields: Annotated[dict[str, int], Meta(description="How often which field changes.")]
    verdicts: Annotated[
        dict[EditVerdict, int],
        Meta(description="How many are changed or deleted, or left alone, and why."),
    ]
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
    """What to do to which movements: to delete them, or to change them.

    `said` are fields of their annotations, None to empty them; the tags are added to, and taken
    from, those that each has. `facts` are fields of entries by hand.
    """

    wanted: TransactionFilter
    said: Mapping[str, object] = field(default_factory=dict)
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)  # Any: as each field has it
    is_deletion: bool = False


def edit_request(asked: BulkEdit) -> dict[str, object]:
    """As plans keep it; raises EditInvalid, RangeInvalid, EntryInvalid, AnnotationInvalid."""
    _check(asked)
    edit = worded(asked.said) | _facts(asked.facts)
    for name in ("add_tags", "remove_tags"):
        tags = sorted_tags(getattr(asked, name))
        if tags:
            edit[name] = list(tags)
    if asked.is_deletion:
        edit["delete"] = True
    wanted = {name: value for name, value in _filter(asked.wanted).items() if value is not None}
    request: dict[str, object] = msgspec.to_builtins({"filter": wanted, "edit": edit})
    return request


def _check(asked: BulkEdit) -> None:
    wanted = asked.wanted
    check_range(wanted.start_date, wanted.end_date)
    check_range(wanted.updated_from, wanted.updated_to)
    check_range(wanted.min_amount, wanted.max_amount)
    says = bool(asked.said or asked.add_tags or asked.remove_tags or asked.facts)
    if asked.is_deletion and says:
        raise EditInvalid("What is deleted cannot be changed, too.", field="edit.delete")
    if not (says or asked.is_deletion):
        raise EditInvalid("An edit says at least something.", field="edit")
    if "tags" in asked.said and (asked.add_tags or asked.remove_tags):
        raise EditInvalid("All tags are said, or some more and less.", field="edit.tags")


def _facts(asked: Mapping[str, Any]) -> dict[str, object]:  # Any: as each field has it
    facts = dict(asked)
    for name, value in facts.items():
        if value is None:
            raise EditInvalid("This cannot be empty.", field=f"edit.{name}")
    if "description" in facts:
        facts["description"] = described(facts["description"])
    if "amount" in facts:
        check_amount(facts["amount"])
    if "subtype" in facts:
        kind_of(facts.get("amount", 1), None, facts.get("transaction_type"), facts["subtype"])
    return facts


def _filter(wanted: TransactionFilter) -> dict[str, object]:
    return {name: getattr(wanted, name) for name in TransactionFilter.__dataclass_fields__}


def _view(plan: EditPlan) -> BulkEditView:
    summary = msgspec.convert(plan.summary, _Summary)
    return BulkEditView(
        id=plan.id,
        status=plan.status,
        filter=msgspec.convert(plan.request["filter"], FilterView),
        edit=msgspec.convert(plan.request["edit"], EditView),
        plan_hash=plan.plan_hash,
        looked_at_count=summary.looked_at_count,
        changed_count=summary.changed_count,
        fields=summary.fields,
        verdicts=summary.verdicts,
        created_at=plan.created_at,
        applied_at=plan.applied_at,
        reverted_at=plan.reverted_at,
    )


class _Summary(msgspec.Struct, frozen=True):
    looked_at_count: int
    changed_count: int
    fields: dict[str, int]
    verdicts: dict[EditVerdict, int] = {}


#: Raises CategoryUnknown, AccountNotFound, NotYours, AccountNotManual, EntryInvalid besides what
#: all plans do.
BULK_EDITS: Final = Form(PlanKind.BULK_EDIT, reading, _view)

"""Rule runs: what the rules would say of movements that are there already."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.ledger.transactions import TransactionFilter
from coffers.application.spending.edit_plan_drafts import Asked, EditDesk, Reading
from coffers.application.spending.planning import Form
from coffers.application.views import Instant
from coffers.domain.ranges import check_range
from coffers.domain.spending.edit_plans import EditPlan, PlanKind, PlanStatus
from coffers.domain.spending.judges import Judge
from coffers.domain.spending.rules import Rule, RuleInvalid


class RuleCountView(msgspec.Struct, frozen=True):
    """What one rule would say: of how many movements, and how often which field."""

    rule_id: UUID
    name: str
    changed_count: int
    fields: dict[str, int]


class RuleRunView(msgspec.Struct, frozen=True):
    """A run of rules over movements: planned, applied or reverted."""

    id: UUID
    status: PlanStatus
    rule_ids: Annotated[list[UUID] | None, Meta(description="Null: all that are switched on.")]
    start_date: date | None
    end_date: date | None
    account_id: UUID | None
    plan_hash: str
    looked_at_count: int
    changed_count: int
    fields: Annotated[dict[str, int], Meta(description="How often which field changes.")]
    rules: list[RuleCountView]
    created_at: Instant
    applied_at: Instant | None
    reverted_at: Instant | None


class RuleRunList(msgspec.Struct, frozen=True):
    """One page, newest first."""

    rule_runs: list[RuleRunView]
    total_count: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class RuleRun:
    """Which rules over which movements; None: all that are switched on, all there are."""

    rule_ids: Sequence[UUID] | None = None
    start_date: date | None = None
    end_date: date | None = None
    account_id: UUID | None = None


def run_request(asked: RuleRun) -> dict[str, object]:
    """As plans keep it; raises RangeInvalid."""
    check_range(asked.start_date, asked.end_date)
    request = msgspec.to_builtins(asked)
    return dict(request)


def _reading(desk: EditDesk) -> Reading:
    async def read(plan: EditPlan) -> Asked:
        asked = msgspec.convert(plan.request, RuleRun)
        rules = _chosen(await desk.rules.all_of(plan.user_id), asked.rule_ids)
        wanted = TransactionFilter(
            account_id=asked.account_id, start_date=asked.start_date, end_date=asked.end_date
        )
        names = {rule.speaker: rule.name for rule in rules}
        return Asked(wanted, Judge(rules).judge, {"names": names})

    return read


def _chosen(rules: Sequence[Rule], rule_ids: Sequence[UUID] | None) -> list[Rule]:
    """Raises RuleInvalid for ids of rules that there are not."""
    if rule_ids is None:
        return [rule for rule in rules if rule.is_enabled]
    if set(rule_ids) - {rule.id for rule in rules}:
        raise RuleInvalid("There is no such rule.", field="rule_ids")
    return [rule for rule in rules if rule.id in set(rule_ids)]


def _view(plan: EditPlan) -> RuleRunView:
    asked, summary = msgspec.convert(plan.request, RuleRun), _numbers(plan)
    return RuleRunView(
        id=plan.id,
        status=plan.status,
        rule_ids=None if asked.rule_ids is None else list(asked.rule_ids),
        start_date=asked.start_date,
        end_date=asked.end_date,
        account_id=asked.account_id,
        plan_hash=plan.plan_hash,
        looked_at_count=summary.looked_at_count,
        changed_count=summary.changed_count,
        fields=summary.fields,
        rules=[
            RuleCountView(
                UUID(speaker.partition(":")[2]),
                summary.names[speaker],
                count.changed_count,
                count.fields,
            )
            for speaker, count in summary.speakers.items()
        ],
        created_at=plan.created_at,
        applied_at=plan.applied_at,
        reverted_at=plan.reverted_at,
    )


class _Count(msgspec.Struct, frozen=True):
    changed_count: int
    fields: dict[str, int]


class _Summary(msgspec.Struct, frozen=True):
    looked_at_count: int
    changed_count: int
    fields: dict[str, int]
    speakers: dict[str, _Count]
    names: dict[str, str]


def _numbers(plan: EditPlan) -> _Summary:
    return msgspec.convert(plan.summary, _Summary)


#: Raises RangeInvalid, RuleInvalid, AccountNotFound, NotYours besides what all plans do.
RULE_RUNS: Final = Form(PlanKind.RULE_RUN, _reading, _view)

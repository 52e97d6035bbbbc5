"""/rule-runs: what the rules would say of movements that are there already."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from coffers.application.spending.edit_plan_lists import PageAsked, PlannedRowList
from coffers.application.spending.rule_runs import (
    RULE_RUNS,
    RuleRun,
    RuleRunList,
    RuleRunView,
    run_request,
)
from coffers.application.views import Versioned
from coffers.domain.paging import DEFAULT_LIMIT
from coffers.domain.spending.rules import MAX_RULES
from coffers.presentation.answers import Answer
from coffers.presentation.api.spending import edit_plans
from coffers.presentation.api.spending.edit_plans import PlanHash
from coffers.presentation.calls import Caller
from coffers.presentation.paging import CursorIn, LimitIn, next_link
from coffers.presentation.schemas import Body, DateIn


class NewRuleRun(Body):
    """Which rules over which movements; what is null is all there is."""

    rule_ids: Annotated[list[UUID], Field(max_length=MAX_RULES)] | None = Field(
        None, description="Null: all that are switched on, in their order.", examples=[None]
    )
    start_date: DateIn | None = Field(None, examples=["2026-01-01"])
    end_date: DateIn | None = Field(None, examples=["2026-12-31"])
    account_id: UUID | None = Field(None, examples=[None])


async def plan_rule_run(call: Caller, body: NewRuleRun) -> Answer[RuleRunView]:
    """Ask what the rules would say; nothing changes until the plan is applied."""
    asked = RuleRun(body.rule_ids, body.start_date, body.end_date, body.account_id)
    made = await edit_plans.planned(call, RULE_RUNS, run_request(asked))
    return Answer(made.view, {"Location": f"/api/v1/rule-runs/{made.view.id}"}, made.version)


async def list_rule_runs(
    call: Caller, limit: LimitIn = DEFAULT_LIMIT, cursor: CursorIn = None
) -> Answer[RuleRunList]:
    """List the runs, newest first."""
    page = RuleRunList(*await edit_plans.page_of(call, RULE_RUNS, PageAsked(limit, cursor)))
    return Answer(page, next_link(call.request, page.next_cursor))


async def get_rule_run(call: Caller, run_id: UUID) -> Versioned[RuleRunView]:
    """One run, in numbers."""
    return await edit_plans.shown(call, RULE_RUNS, run_id)


async def list_rule_run_rows(
    call: Caller, run_id: UUID, limit: LimitIn = DEFAULT_LIMIT, cursor: CursorIn = None
) -> Answer[PlannedRowList]:
    """List before and after of every movement that the run changes."""
    return await edit_plans.rows_of(call, RULE_RUNS, run_id, PageAsked(limit, cursor))


async def discard_rule_run(call: Caller, run_id: UUID) -> None:
    """Forget a run that was not applied."""
    await edit_plans.discarded(call, RULE_RUNS, run_id)


async def apply_rule_run(call: Caller, run_id: UUID, body: PlanHash) -> Versioned[RuleRunView]:
    """Let the rules say what was looked at."""
    return await edit_plans.applied(call, RULE_RUNS, run_id, body)


async def revert_rule_run(call: Caller, run_id: UUID) -> Versioned[RuleRunView]:
    """Take back what the rules said, but for what was said of a movement since."""
    return await edit_plans.reverted(call, RULE_RUNS, run_id)

"""/rules: what is said of movements that look so and so."""

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from coffers.application.spending import rules
from coffers.application.spending.rules import RuleDraft, RuleEdit, RuleList, RuleView
from coffers.application.views import Versioned
from coffers.domain.ledger.annotations import MAX_NAME as MAX_MERCHANT
from coffers.domain.ledger.annotations import MAX_TAG
from coffers.domain.ledger.transactions import TransactionType
from coffers.domain.spending.rules import (
    MAX_ACCOUNTS,
    MAX_RULE_TAGS,
    MAX_RULES,
    MAX_TEXT,
    MAX_TEXTS,
    Actions,
    Conditions,
    Direction,
    Match,
    TextField,
    TextTest,
)
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import Body, DateIn, DecimalIn, FlagIn, NameIn

TagIn = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TAG)]
MerchantIn = Annotated[str, StringConstraints(min_length=1, max_length=MAX_MERCHANT)]
TextIn = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]
_TEXTS: Final = [{"field": "description", "match": "contains", "text": "coffee"}]
_FLAG: Final = "False says nothing."
#: Pydantic gives each body a list of its own.
_NONE: Final[list[Any]] = []  # Any: items of each field's kind


class TextTestIn(Body):
    """A text that has to be there, in any case; never a pattern."""

    field: TextField = TextField.DESCRIPTION
    match: Match = Match.CONTAINS
    text: TextIn


class ConditionsIn(Body):
    """What has to hold of a movement, all of it, and at least something."""

    texts: Annotated[list[TextTestIn], Field(max_length=MAX_TEXTS, examples=[_TEXTS])] = _NONE
    min_amount: DecimalIn | None = Field(None, description="Amounts without their sign.")
    max_amount: DecimalIn | None = None
    account_ids: Annotated[list[UUID], Field(max_length=MAX_ACCOUNTS, examples=[[]])] = _NONE
    direction: Direction | None = None
    start_date: DateIn | None = Field(None, examples=["2026-01-01"])
    end_date: DateIn | None = Field(None, examples=["2026-12-31"])
    transaction_types: Annotated[
        list[TransactionType], Field(max_length=len(TransactionType), examples=[["expense"]])
    ] = _NONE

    def wanted(self) -> Conditions:
        """As rules have them."""
        return Conditions(
            texts=tuple(TextTest(test.field, test.match, test.text) for test in self.texts),
            min_amount=self.min_amount,
            max_amount=self.max_amount,
            account_ids=tuple(self.account_ids),
            direction=self.direction,
            start_date=self.start_date,
            end_date=self.end_date,
            transaction_types=tuple(self.transaction_types),
        )


class ActionsIn(Body):
    """What is said of a movement, at least something; tags are added to those it has."""

    category_id: UUID | None = Field(None, examples=["01900000-0000-7000-8000-000000000002"])
    merchant: MerchantIn | None = None
    tags: Annotated[list[TagIn], Field(max_length=MAX_RULE_TAGS, examples=[["coffee"]])] = _NONE
    is_transfer: FlagIn = Field(default=False, description=f"Neither spent nor earned. {_FLAG}")
    is_ignored: FlagIn = Field(default=False, description=f"Reports leave it out. {_FLAG}")

    def wanted(self) -> Actions:
        """As rules have them."""
        return Actions(
            category_id=self.category_id,
            merchant=self.merchant,
            tags=tuple(self.tags),
            is_transfer=self.is_transfer,
            is_ignored=self.is_ignored,
        )


class NewRule(Body):
    """A rule, the last in the order."""

    name: NameIn = Field(examples=["Coffee"])
    conditions: ConditionsIn
    actions: ActionsIn
    is_enabled: FlagIn = True


class RuleChanges(Body):
    """What to change; the rest stays. Conditions and actions are replaced whole."""

    name: NameIn | None = None
    conditions: ConditionsIn | None = None
    actions: ActionsIn | None = None
    is_enabled: FlagIn | None = None


class RuleOrder(Body):
    """Every rule once, in the order in which they are to have their say."""

    rule_ids: Annotated[list[UUID], Field(max_length=MAX_RULES)]


async def list_rules(call: Caller) -> RuleList:
    """List the rules, in their order."""
    return await rules.list_rules(call.services.rule_lookups, call.principal)


async def get_rule(call: Caller, rule_id: UUID) -> Versioned[RuleView]:
    """One rule."""
    return await rules.get_rule(call.services.rule_lookups, call.principal, rule_id)


async def create_rule(call: Caller, body: NewRule) -> Answer[RuleView]:
    """Make a rule. From now on it looks at every new movement; a run takes it over older ones."""
    conditions, actions = body.conditions.wanted(), body.actions.wanted()
    draft = RuleDraft(body.name, conditions, actions, body.is_enabled)
    made = await rules.create_rule(call.uow, call.services.clock, call.principal, draft)
    return Answer(made.view, {"Location": f"/api/v1/rules/{made.view.id}"}, made.version)


async def edit_rule(call: Caller, rule_id: UUID, body: RuleChanges) -> Versioned[RuleView]:
    """Change a rule, or switch it on or off."""
    edit = RuleEdit(
        body.name,
        None if body.conditions is None else body.conditions.wanted(),
        None if body.actions is None else body.actions.wanted(),
        body.is_enabled,
    )
    return await rules.edit_rule(
        call.uow, call.services.clock, call.principal, rule_id, edit, call.expected_version
    )


async def order_rules(call: Caller, body: RuleOrder) -> RuleList:
    """Put the rules in this order."""
    return await rules.order_rules(call.uow, call.services.clock, call.principal, body.rule_ids)


async def delete_rule(call: Caller, rule_id: UUID) -> None:
    """Forget a rule; what it said stays."""
    await rules.delete_rule(call.uow, call.principal, rule_id, call.expected_version)

"""Rules: one's own to make, order, change, switch off and delete."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.ports import Clock
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import DecimalText, Instant, Versioned
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.annotations import one_line, sorted_tags
from coffers.domain.ledger.transactions import TransactionType
from coffers.domain.live.events import Event
from coffers.domain.spending.rules import (
    MAX_RULES,
    Actions,
    Conditions,
    Direction,
    Match,
    Rule,
    RuleInvalid,
    TextField,
    TooManyRules,
    check_rule,
)


class TextTestView(msgspec.Struct, frozen=True):
    """A text that has to be there, in any case."""

    field: TextField
    match: Match
    text: str


class ConditionsView(msgspec.Struct, frozen=True):
    """What has to hold of a movement, all of it; what is null or empty is not asked."""

    texts: list[TextTestView]
    min_amount: Annotated[DecimalText | None, Meta(description="Amounts without their sign.")]
    max_amount: DecimalText | None
    account_ids: list[UUID]
    direction: Direction | None
    start_date: date | None
    end_date: date | None
    transaction_types: list[TransactionType]


class ActionsView(msgspec.Struct, frozen=True):
    """What is said of a movement; tags are added to those it has."""

    category_id: UUID | None
    merchant: str | None
    tags: list[str]
    is_transfer: bool
    is_ignored: bool


class RuleView(msgspec.Struct, frozen=True):
    """A rule; those with a lower position have their say first."""

    id: UUID
    name: str
    position: int
    is_enabled: bool
    conditions: ConditionsView
    actions: ActionsView
    created_at: Instant
    updated_at: Instant


class RuleList(msgspec.Struct, frozen=True):
    """All rules, in their order."""

    rules: list[RuleView]
    total_count: int


class RuleLookups(Protocol):
    """Rules to read."""

    async def all_of(self, user_id: UserId) -> list[Rule]:
        """In their order."""
        ...

    async def get(self, user_id: UserId, rule_id: UUID) -> Rule:
        """Raises RuleNotFound, NotYours."""
        ...


async def list_rules(lookups: RuleLookups, principal: Principal) -> RuleList:
    """The caller's rules."""
    return _list(await lookups.all_of(principal.user_id))


async def get_rule(
    lookups: RuleLookups, principal: Principal, rule_id: UUID
) -> Versioned[RuleView]:
    """One of them; raises RuleNotFound, NotYours."""
    return _versioned(await lookups.get(principal.user_id, rule_id))


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule to be: the last in the order."""

    name: str
    conditions: Conditions
    actions: Actions
    is_enabled: bool = True


async def create_rule(
    uow: UnitOfWork, clock: Clock, principal: Principal, draft: RuleDraft
) -> Versioned[RuleView]:
    """A rule behind all others; from now on it looks at every new movement.

    Raises RuleInvalid, AnnotationInvalid, CategoryUnknown, TooManyRules.
    """
    now, actions = clock.now(), _worded(draft.actions)
    check_rule(draft.conditions, actions)
    async with uow:
        known = await uow.rules.lock(principal.user_id)
        if len(known) >= MAX_RULES:
            raise TooManyRules(f"At most {MAX_RULES} rules.")
        made = Rule(
            id=new_id(),
            user_id=principal.user_id,
            position=1 + max((each.position for each in known), default=0),
            name=draft.name,
            conditions=draft.conditions,
            actions=actions,
            created_at=now,
            updated_at=now,
            is_enabled=draft.is_enabled,
        )
        await _check_named(uow, made.user_id, made.conditions, made.actions)
        await uow.rules.add(made)
        uow.record(Event("RuleCreated", made.user_id, made.id))
        await uow.commit()
    return _versioned(made)


@dataclass(frozen=True, slots=True)
class RuleEdit:
    """What to change; None leaves it as it is. Conditions and actions are replaced whole."""

    name: str | None = None
    conditions: Conditions | None = None
    actions: Actions | None = None
    is_enabled: bool | None = None


async def edit_rule(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    rule_id: UUID,
    edit: RuleEdit,
    expected_version: int | None,
) -> Versioned[RuleView]:
    """Change what is given; what the rule said before stays where it stands.

    Raises RuleNotFound, NotYours, RuleInvalid, AnnotationInvalid, CategoryUnknown,
    PreconditionFailed.
    """
    async with uow:
        rule = await uow.rules.get(principal.user_id, rule_id)
        edited = replace(
            rule,
            name=edit.name or rule.name,
            conditions=edit.conditions or rule.conditions,
            actions=_worded(edit.actions or rule.actions),
            is_enabled=rule.is_enabled if edit.is_enabled is None else edit.is_enabled,
            updated_at=clock.now(),
        )
        check_rule(edited.conditions, edited.actions)
        await _check_named(uow, rule.user_id, edit.conditions, edit.actions)
        stored = await uow.rules.update(edited, expected_version=expected_version)
        uow.record(Event("RuleEdited", rule.user_id, rule.id))
        await uow.commit()
    return _versioned(stored)


async def order_rules(
    uow: UnitOfWork, clock: Clock, principal: Principal, rule_ids: Sequence[UUID]
) -> RuleList:
    """Put the rules in this order; raises RuleInvalid unless each of them is named once."""
    now = clock.now()
    async with uow:
        known = {rule.id: rule for rule in await uow.rules.lock(principal.user_id)}
        if len(rule_ids) != len(known) or set(rule_ids) != known.keys():
            raise RuleInvalid("The order names each of the rules once.", field="rule_ids")
        ordered = []
        for position, rule_id in enumerate(rule_ids, start=1):
            rule = known[rule_id]
            if rule.position != position:
                moved = replace(rule, position=position, updated_at=now)
                rule = await uow.rules.update(moved)
            ordered.append(rule)
        uow.record(Event("RulesOrdered", principal.user_id, details={"count": len(ordered)}))
        await uow.commit()
    return _list(ordered)


async def delete_rule(
    uow: UnitOfWork, principal: Principal, rule_id: UUID, expected_version: int | None
) -> None:
    """Forget a rule; what it said stays. Raises RuleNotFound, NotYours, PreconditionFailed."""
    async with uow:
        rule = await uow.rules.get(principal.user_id, rule_id)
        await uow.rules.delete(rule, expected_version=expected_version)
        uow.record(Event("RuleDeleted", rule.user_id, rule.id))
        await uow.commit()


def _worded(actions: Actions) -> Actions:
    """As rows keep what is said of them; raises AnnotationInvalid."""
    merchant = one_line(actions.merchant or "") or None
    return replace(actions, merchant=merchant, tags=sorted_tags(actions.tags))


async def _check_named(
    uow: UnitOfWork, user_id: UserId, conditions: Conditions | None, actions: Actions | None
) -> None:
    """Raises CategoryUnknown, and RuleInvalid for an account that is not the owner's."""
    if actions is not None:
        await uow.categories.check(user_id, [actions.category_id])
    wanted = () if conditions is None else conditions.account_ids
    if wanted and set(wanted) - await uow.rules.accounts_among(user_id, wanted):
        raise RuleInvalid("There is no such account.", field="conditions.account_ids")


def _list(rules: Sequence[Rule]) -> RuleList:
    return RuleList([rule_view(rule) for rule in rules], len(rules))


def _versioned(rule: Rule) -> Versioned[RuleView]:
    return Versioned(rule_view(rule), rule.version)


def rule_view(rule: Rule) -> RuleView:
    """As it is shown."""
    asked, actions = rule.conditions, rule.actions
    return RuleView(
        id=rule.id,
        name=rule.name,
        position=rule.position,
        is_enabled=rule.is_enabled,
        conditions=ConditionsView(
            texts=[TextTestView(test.field, test.match, test.text) for test in asked.texts],
            min_amount=_text(asked.min_amount),
            max_amount=_text(asked.max_amount),
            account_ids=list(asked.account_ids),
            direction=asked.direction,
            start_date=asked.start_date,
            end_date=asked.end_date,
            transaction_types=list(asked.transaction_types),
        ),
        actions=ActionsView(
            category_id=actions.category_id,
            merchant=actions.merchant,
            tags=list(actions.tags),
            is_transfer=actions.is_transfer,
            is_ignored=actions.is_ignored,
        ),
        created_at=rule.created_at,
        updated_at=rule.updated_at,
    )


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")

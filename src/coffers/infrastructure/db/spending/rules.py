"""The rules table and its repository."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    Row,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from coffers.application.spending.edit_plan_drafts import STRETCH
from coffers.application.spending.rules import RuleLookups
from coffers.domain.errors import PreconditionFailed
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.annotations import AnnotatedTransaction
from coffers.domain.spending.rules import Actions, Conditions, Rule, RuleNotFound, Rules
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.ledger.annotations import ANNOTATED, annotated
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, Json, UTCDateTime

rules: Final = Table(
    "rules",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("conditions", Json, nullable=False),
    #: Without the category, which has a column: what names a category is found by that.
    Column("actions", Json, nullable=False),
    Column("category_id", Id),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    Index("ix_rules_id", "id"),
)


class SqlRules(Rules):
    """Rules in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def all_of(self, user_id: UserId) -> list[Rule]:
        """As the port says."""
        return [_rule(row) for row in await self._transaction.rows(_ALL, {"user_id": user_id})]

    async def fresh(
        self, account: Account, days: tuple[date, date], stored_at: datetime, behind: UUID | None
    ) -> list[AnnotatedTransaction]:
        """As the port says."""
        c, (first, last) = transactions.c, days
        found = select(*ANNOTATED).where(
            c.user_id == account.user_id,
            c.account_id == account.id,
            c.transaction_date >= first,
            c.transaction_date <= last,
            c.created_at == stored_at,
        )
        if behind is not None:
            found = found.where(c.id > behind)
        rows = await self._transaction.rows(found.order_by(c.id).limit(STRETCH))
        return [annotated(row) for row in rows]

    async def lock(self, user_id: UserId) -> list[Rule]:
        """As the port says."""
        locked = await self._transaction.rows(_LOCKED, {"user_id": user_id})
        return [_rule(row) for row in locked]

    async def get(self, user_id: UserId, rule_id: UUID) -> Rule:
        """As the port says."""
        one = {"user_id": user_id, "rule_id": rule_id}
        rows = await self._transaction.rows(_ONE.with_for_update(), one)
        if not rows:
            refusal = RuleNotFound("Rule not found")
            raise await missing(self._transaction, rules, rule_id, refusal)
        return _rule(rows[0])

    async def accounts_among(self, user_id: UserId, account_ids: Sequence[UUID]) -> set[UUID]:
        """As the port says."""
        wanted = {"user_id": user_id, "ids": list(account_ids)}
        return {row.id for row in await self._transaction.rows(_ACCOUNTS, wanted)}

    async def add(self, rule: Rule) -> None:
        """As the port says."""
        await self._transaction.execute(insert(rules), _row(rule))

    async def update(self, rule: Rule, *, expected_version: int | None = None) -> Rule:
        """As the port says."""
        wanted = rule.version if expected_version is None else expected_version
        stored = replace(rule, version=wanted + 1)
        same = update(rules).where(_is(rule), rules.c.version == wanted).values(_row(stored))
        if (await self._transaction.execute(same)).rowcount != 1:
            raise PreconditionFailed("The rule was changed in the meantime: read it again.")
        return stored

    async def delete(self, rule: Rule, *, expected_version: int | None) -> None:
        """As the port says."""
        wanted = rule.version if expected_version is None else expected_version
        same = delete(rules).where(_is(rule), rules.c.version == wanted)
        if (await self._transaction.execute(same)).rowcount != 1:
            raise PreconditionFailed("The rule was changed in the meantime: read it again.")


class SqlRuleLookups(RuleLookups):
    """Rules to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def all_of(self, user_id: UserId) -> list[Rule]:
        """As the port says."""
        return [_rule(row) for row in await self._reader.rows(_ALL, {"user_id": user_id})]

    async def get(self, user_id: UserId, rule_id: UUID) -> Rule:
        """As the port says."""
        rows = await self._reader.rows(_ONE, {"user_id": user_id, "rule_id": rule_id})
        if not rows:
            refusal = RuleNotFound("Rule not found")
            raise await missing(self._reader, rules, rule_id, refusal)
        return _rule(rows[0])


def _is(rule: Rule) -> ColumnElement[bool]:
    return (rules.c.user_id == rule.user_id) & (rules.c.id == rule.id)


def _row(rule: Rule) -> dict[str, object]:
    row = {name: getattr(rule, name) for name in Rule.__dataclass_fields__}
    actions = msgspec.to_builtins(replace(rule.actions, category_id=None))
    return row | {
        "conditions": msgspec.to_builtins(rule.conditions),
        "actions": actions,
        "category_id": rule.actions.category_id,
    }


def _rule(row: Row[Any]) -> Rule:  # Any: a row of the whole table
    fields = row._asdict()
    category_id = fields.pop("category_id")
    actions = msgspec.convert(fields["actions"], Actions)
    return Rule(
        **fields
        | {
            "conditions": msgspec.convert(fields["conditions"], Conditions),
            "actions": replace(actions, category_id=category_id),
        }
    )


_ALL: Final = (
    select(rules)
    .where(rules.c.user_id == bindparam("user_id"))
    .order_by(rules.c.position, rules.c.id)
)
_LOCKED: Final = _ALL.with_for_update()
_ONE: Final = select(rules).where(
    rules.c.user_id == bindparam("user_id"), rules.c.id == bindparam("rule_id")
)
_ACCOUNTS: Final = select(accounts.c.id).where(
    accounts.c.user_id == bindparam("user_id"),
    accounts.c.id.in_(bindparam("ids", expanding=True)),
)

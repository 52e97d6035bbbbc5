"""Rules over movements that are new: within the transaction that brings them."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from coffers.application.spending.edit_plan_rows import planned
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.annotations import AnnotatedTransaction, Annotation
from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.spending.categories import SYSTEM_BY_ID
from coffers.domain.spending.edit_plans import PlannedRow
from coffers.domain.spending.judges import Judge
from coffers.domain.spending.rules import Rule

#: Movements that one statement writes.
SAID_AT_ONCE: Final = 5_000


async def apply_rules(
    uow: UnitOfWork, account: Account, rows: Sequence[ReportedTransaction], *, now: datetime
) -> None:
    """Within the open transaction, after these rows were stored at `now`: the new ones are ruled.

    One statement for somebody without rules. Never refuses: what cannot be said is left out.
    """
    judge = await _judge(uow, account.user_id) if rows else None
    if judge is None:
        return
    days = [row.transaction_date for row in rows]
    behind, said = None, list[PlannedRow]()
    while fresh := await uow.rules.fresh(account, (min(days), max(days)), now, behind):
        behind = fresh[-1].id
        said += await asyncio.to_thread(_judged, judge, fresh)
        if len(said) >= SAID_AT_ONCE:
            await uow.edit_plans.say(account.user_id, said, now=now)
            said = []
    await uow.edit_plans.say(account.user_id, said, now=now)


async def ruled(uow: UnitOfWork, user_id: UserId, row: AnnotatedTransaction) -> Annotation:
    """What is said of a movement that is about to be stored, with what the rules add."""
    judge = await _judge(uow, user_id)
    return row.annotation if judge is None else judge.judge(row)


async def _judge(uow: UnitOfWork, user_id: UserId) -> Judge | None:
    """None without rules. The categories that they name stay until the transaction ends."""
    rules = await _enabled(uow, user_id)
    if not rules:
        return None
    named = {rule.actions.category_id for rule in rules} - {None} - SYSTEM_BY_ID.keys()
    if named:
        known = await uow.categories.all_of(user_id)
        if named - known.keys():
            # Deleted meanwhile: the rules name another one by now.
            rules = await _enabled(uow, user_id)
        rules = [_sayable(rule, known.keys()) for rule in rules]
    return Judge(rules)


async def _enabled(uow: UnitOfWork, user_id: UserId) -> list[Rule]:
    return [rule for rule in await uow.rules.all_of(user_id) if rule.is_enabled]


def _sayable(rule: Rule, known: Collection[UUID]) -> Rule:
    if rule.actions.category_id in known:
        return rule
    return replace(rule, actions=replace(rule.actions, category_id=None))


def _judged(judge: Judge, rows: Sequence[AnnotatedTransaction]) -> list[PlannedRow]:
    judged = [planned(row, judge.judge(row)) for row in rows]
    return [each for each in judged if each.after != each.before]

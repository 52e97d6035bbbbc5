"""Balances that follow entries."""

from dataclasses import replace
from datetime import timedelta

from coffers.application.ledger.balances import TICK, later
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.accounts import Account, AccountType
from tests.stores import NOON

PURSE = Account(new_id(), UserId(new_id()), "manual", "Purse", AccountType.CASH, "EUR", NOON, NOON)


def test_a_change_comes_after_the_last_one_although_its_clock_was_read_before() -> None:
    changed = replace(PURSE, updated_at=NOON + TICK)

    assert later(changed, NOON) == NOON + 2 * TICK
    assert later(changed, NOON + TICK) == NOON + 2 * TICK
    assert later(changed, NOON + timedelta(seconds=1)) == NOON + timedelta(seconds=1)

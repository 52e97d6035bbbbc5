"""Balances that add up: what an account opened with, and its entries."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from coffers.application.ports import UnitOfWork
from coffers.domain.ids import new_id
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.snapshots import Snapshot, SnapshotSource
from coffers.domain.money import EXACT, check_bounds, money_digits


async def shift(uow: UnitOfWork, account: Account, by: Decimal, now: datetime) -> Account:
    """The locked account after entries of this sum came, or went; a new balance is a snapshot.

    Raises AmountInvalid for a balance that is out of bounds.
    """
    if not by or not account.adds_up or account.balance is None:
        return account
    return await settle_on(uow, account, EXACT.add(account.balance, by), now)


async def settle_on(uow: UnitOfWork, account: Account, balance: Decimal, now: datetime) -> Account:
    """The locked account with this balance; raises AmountInvalid when it is out of bounds.

    What a file once said was available, or cash, is not known any more.
    """
    written = money_digits(check_bounds(balance), account.currency)
    told = replace(
        account, balance=written, available_balance=None, cash_balance=None, updated_at=now
    )
    stored = await uow.accounts.update(told)
    await uow.snapshots.add(by_hand(stored, written, now))
    return stored


def by_hand(account: Account, balance: Decimal, now: datetime) -> Snapshot:
    """What its owner's entries made of the account."""
    return Snapshot(
        id=new_id(),
        user_id=account.user_id,
        account_id=account.id,
        balance=balance,
        currency=account.currency,
        source=SnapshotSource.MANUAL_ENTRY,
        captured_at=now,
        created_at=now,
    )

"""Balances that add up: what an account opened with, and its entries."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.ids import new_id
from coffers.domain.ledger.accounts import Account, AccountNotManual
from coffers.domain.ledger.reconciliations import BalanceUnknown
from coffers.domain.ledger.snapshots import Snapshot, SnapshotSource
from coffers.domain.money import EXACT, check_bounds, money_digits

#: Between two snapshots of an account.
TICK: Final = timedelta(microseconds=1)
#: The day is furthest on at UTC+14.
_FURTHEST: Final = timedelta(hours=14)


def latest_day(now: datetime) -> date:
    """The day that it is somewhere by now."""
    return (now + _FURTHEST).date()


def unlinked(account: Account) -> Account:
    """The account, unless a provider reports it: raises AccountNotManual."""
    if account.connection_id is not None:
        raise AccountNotManual("A provider reports this account: what it says, stands.")
    return account


def later(account: Account, now: datetime) -> datetime:
    """The instant of a change to the locked account, after its last one.

    Whoever waited for the lock looked at the clock before those who had it.
    """
    return max(now, account.updated_at + TICK)


def check_known(account: Account) -> Decimal:
    """What the account opened with; raises BalanceUnknown when nobody said."""
    if account.opening_balance is None:
        detail = "What the account opened with is not known: give it an opening balance first."
        raise BalanceUnknown(detail)
    return account.opening_balance


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
    at = later(account, now)
    told = replace(
        account, balance=written, available_balance=None, cash_balance=None, updated_at=at
    )
    stored = await uow.accounts.update(told)
    await uow.snapshots.add(by_hand(stored, written, at))
    return stored


async def reopened(uow: UnitOfWork, account: Account, opening: Decimal) -> Account:
    """The locked account as if it had opened with this, not stored yet; raises AmountInvalid."""
    balance = check_bounds(EXACT.add(opening, await uow.entries.total(account)))
    return replace(
        account,
        opening_balance=money_digits(opening, account.currency),
        balance=money_digits(balance, account.currency),
    )


async def recount(uow: UnitOfWork, account: Account, now: datetime) -> None:
    """Bring the balance of the locked account to the sum of what is in it now, if it adds up."""
    if not account.adds_up:
        return
    opening = account.opening_balance
    counted = None if opening is None else (await reopened(uow, account, opening)).balance
    if counted is not None and counted != account.balance:
        await settle_on(uow, account, counted, now)
    if counted is None and account.balance is not None:
        await uow.accounts.update(replace(account, balance=None, updated_at=now))


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

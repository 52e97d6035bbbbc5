"""Cash-flow forecasts: a balance moved on from day to day by what is expected."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from coffers.domain.ledger.accounts import Account, AccountType
from coffers.domain.money import EXACT


@dataclass(frozen=True, slots=True)
class Expected:
    """An amount that is expected on a day; below zero it goes out."""

    day: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class DayAhead:
    """One day: what comes in, what goes out (below zero), and what is left; None if unknown."""

    day: date
    income: Decimal
    expense: Decimal
    balance: Decimal | None


@dataclass(frozen=True, slots=True)
class Purse:
    """The accounts of one currency that money is paid from, and what is in them together.

    `balance` is None while no balance of theirs is known.
    """

    currency: str
    known: frozenset[UUID]
    balance: Decimal | None


def is_cash(account: Account) -> bool:
    """Whether one pays from it: an active bank account, or cash."""
    return account.is_active and (account.is_bank or account.account_type is AccountType.CASH)


def purses(accounts: Iterable[Account]) -> dict[str, Purse]:
    """By currency; never one from several currencies."""
    by_currency: dict[str, dict[UUID, Decimal]] = defaultdict(dict)
    for account in accounts:
        if is_cash(account) and account.balance is not None:
            by_currency[account.currency][account.id] = account.balance
    return {
        currency: Purse(currency, frozenset(balances), _sum(balances.values()))
        for currency, balances in by_currency.items()
    }


def days_ahead(
    balance: Decimal | None, expected: Iterable[Expected], first: date, last: date
) -> list[DayAhead]:
    """Each day from the first to the last; what was expected before the first moves the first."""
    by_day: dict[date, list[Decimal]] = defaultdict(list)
    for each in expected:
        by_day[max(each.day, first)].append(each.amount)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return list(_moved(balance, by_day, days))


def _moved(
    balance: Decimal | None, by_day: Mapping[date, list[Decimal]], days: Iterable[date]
) -> Iterable[DayAhead]:
    for day in days:
        amounts = by_day.get(day, [])
        income = _sum(amount for amount in amounts if amount > 0)
        expense = _sum(amount for amount in amounts if amount < 0)
        if balance is not None:
            balance = EXACT.add(balance, EXACT.add(income, expense))
        yield DayAhead(day, income, expense, balance)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total

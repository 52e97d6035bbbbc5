"""The cash-flow forecast: known balances moved on by recurring payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.identity.users import Profiles
from coffers.application.ledger.accounts import AccountFilter, AccountLookups
from coffers.application.ports import Clock
from coffers.application.spending.recurring import (
    RecurringLookups,
    UpcomingItem,
    caller_today,
    upcoming,
)
from coffers.application.views import DecimalText
from coffers.domain.identity.principals import Principal
from coffers.domain.ledger.accounts import Account
from coffers.domain.money import money_digits
from coffers.domain.spending.forecasts import (
    DayAhead,
    Expected,
    Purse,
    days_ahead,
    is_cash,
    purses,
)


class ForecastDay(msgspec.Struct, frozen=True, gc=False):
    """One day; what goes out is below zero."""

    date: date
    expected_in: DecimalText
    expected_out: DecimalText
    balance: DecimalText | None


class CurrencyForecast(msgspec.Struct, frozen=True):
    """One currency; its balances are null while no account of it has a known one."""

    currency: str
    account_ids: Annotated[list[UUID], Meta(description="The accounts whose balances are in it.")]
    starting_balance: DecimalText | None
    ending_balance: DecimalText | None
    lowest_balance: DecimalText | None
    lowest_on: date | None
    expected_in: DecimalText
    expected_out: DecimalText
    days: list[ForecastDay]
    items: list[UpcomingItem]


class CashFlowForecast(msgspec.Struct, frozen=True):
    """What is left on each day if what recurs comes as expected; currencies are never added."""

    start_date: date
    end_date: date
    currencies: list[CurrencyForecast]
    account_ids_without_balance: Annotated[
        list[UUID], Meta(description="Bank and cash accounts whose balance nobody has said.")
    ]
    items_left_out: Annotated[
        list[UpcomingItem],
        Meta(description="Of other accounts, such as credit cards: they move no balance here."),
    ]


@dataclass(frozen=True, slots=True)
class ForecastDesk:
    """The ports that a forecast takes."""

    accounts: AccountLookups
    recurring: RecurringLookups
    profiles: Profiles
    clock: Clock


async def forecast_cash_flow(
    desk: ForecastDesk, principal: Principal, days: int
) -> CashFlowForecast:
    """From today on, for so many days more."""
    today = await caller_today(desk.profiles, desk.clock, principal)
    end = today + timedelta(days=days)
    accounts = await desk.accounts.matching(principal.user_id, AccountFilter(active_only=True))
    items = upcoming(await desk.recurring.all(principal.user_id), today, end)
    cash = {account.id for account in accounts if is_cash(account)}
    known = purses(accounts)
    counted = [item for item in items if _counts(item, cash, known)]
    codes = sorted(known.keys() | {item.currency for item in counted})
    return CashFlowForecast(
        start_date=today,
        end_date=end,
        currencies=[_currency(code, known.get(code), counted, (today, end)) for code in codes],
        account_ids_without_balance=_silent(accounts),
        items_left_out=[item for item in items if item not in counted],
    )


def _counts(item: UpcomingItem, cash: set[UUID], known: dict[str, Purse]) -> bool:
    """Whether it moves the balance of its currency, or would if there were one."""
    purse = known.get(item.currency)
    return item.account_id in (cash if purse is None else purse.known)


def _silent(accounts: Sequence[Account]) -> list[UUID]:
    return [each.id for each in accounts if is_cash(each) and each.balance is None]


def _currency(
    code: str, purse: Purse | None, counted: Sequence[UpcomingItem], days: tuple[date, date]
) -> CurrencyForecast:
    items = [item for item in counted if item.currency == code]
    balance = None if purse is None else purse.balance
    expected = [Expected(item.expected_on, Decimal(item.amount)) for item in items]
    ahead = days_ahead(balance, expected, *days)
    total = days_ahead(Decimal(0), expected, days[1], days[1])[0]
    known = [(each.balance, each.day) for each in ahead if each.balance is not None]
    lowest, lowest_on = min(known, default=(None, None))
    return CurrencyForecast(
        currency=code,
        account_ids=[] if purse is None else sorted(purse.known),
        starting_balance=_text(balance, code),
        ending_balance=_text(ahead[-1].balance, code),
        lowest_balance=_text(lowest, code),
        lowest_on=lowest_on,
        expected_in=_digits(total.income, code),
        expected_out=_digits(total.expense, code),
        days=[_day(each, code) for each in ahead],
        items=items,
    )


def _day(ahead: DayAhead, code: str) -> ForecastDay:
    return ForecastDay(
        ahead.day,
        _digits(ahead.income, code),
        _digits(ahead.expense, code),
        _text(ahead.balance, code),
    )


def _text(amount: Decimal | None, code: str) -> str | None:
    return None if amount is None else _digits(amount, code)


def _digits(amount: Decimal, code: str) -> str:
    return format(money_digits(amount, code), "f")

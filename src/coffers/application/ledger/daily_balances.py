"""Balances at the end of each day: what an account opened with, and its entries until then."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from coffers.application.identity.users import Profiles
from coffers.application.ledger.balances import check_known, unlinked
from coffers.application.ports import Clock
from coffers.application.views import DecimalText
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.money import EXACT, money_digits
from coffers.domain.paging import TooManyRows
from coffers.domain.ranges import check_range

#: At most this many days at a time: ten years.
MAX_DAYS: Final = 3_660
#: How far back they go by themselves.
DEFAULT_SPAN: Final = timedelta(days=29)


class DailyBalance(msgspec.Struct, frozen=True):
    """The end of a day."""

    date: date
    balance: DecimalText
    change: Annotated[DecimalText, Meta(description="What the day's entries made of it.")]
    entry_count: Annotated[int, Meta(description="The day's entries that count.")]


class DailyBalances(msgspec.Struct, frozen=True):
    """Every day of the range, oldest first."""

    account_id: UUID
    currency: str
    opening_balance: DecimalText
    start_date: date
    end_date: date
    balances: list[DailyBalance]
    total_count: int


@dataclass(frozen=True, slots=True)
class Day:
    """What the entries of a day, or of all days before (None), add up to, and how many they are."""

    day: date | None
    total: Decimal
    count: int


class DailyBalanceLookups(Protocol):
    """Days to read."""

    async def days(
        self, user_id: UserId, account_id: UUID, first: date, last: date
    ) -> tuple[Account, Sequence[Day]]:
        """The account, and its days with entries in order, those before the first as one.

        Raises AccountNotFound, NotYours.
        """
        ...


async def get_daily_balances(
    lookups: DailyBalanceLookups,
    profiles: Profiles,
    clock: Clock,
    principal: Principal,
    account_id: UUID,
    span: tuple[date | None, date | None],
) -> DailyBalances:
    """Both days included; by itself until today, and the last thirty days.

    Raises RangeInvalid, TooManyRows, AccountNotFound, NotYours, AccountNotManual, BalanceUnknown.
    """
    first, last = span
    if last is None:
        zone = ZoneInfo((await profiles.profile(principal.user_id)).view.time_zone)
        last = clock.now().astimezone(zone).date()
    first = last - DEFAULT_SPAN if first is None else first
    check_range(first, last)
    if (last - first).days >= MAX_DAYS:
        raise TooManyRows(f"At most {MAX_DAYS} days at a time: choose a shorter range.")
    account, days = await lookups.days(principal.user_id, account_id, first, last)
    opening = check_known(unlinked(account))
    found = list(_balances(account.currency, opening, days, (first, last)))
    return DailyBalances(
        account_id, account.currency, format(opening, "f"), first, last, found, len(found)
    )


def _balances(
    currency: str, opening: Decimal, days: Sequence[Day], span: tuple[date, date]
) -> Iterator[DailyBalance]:
    first, last = span
    moved = {each.day: each for each in days}
    balance = EXACT.add(opening, moved[None].total) if None in moved else opening
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        found = moved.get(day, Day(day, Decimal(0), 0))
        balance = EXACT.add(balance, found.total)
        yield DailyBalance(day, _text(balance, currency), _text(found.total, currency), found.count)


def _text(amount: Decimal, currency: str) -> str:
    return format(money_digits(amount, currency), "f")

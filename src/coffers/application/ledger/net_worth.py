"""What one is worth, now and day by day."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final, Protocol
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from coffers.application.identity.users import Profiles
from coffers.application.ports import Clock
from coffers.application.views import DecimalText, Instant
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.ledger.net_worth import (
    MAX_DAYS,
    Sighting,
    Worth,
    end_of_day,
    worth_by_day,
    worth_of,
)
from coffers.domain.money import money_digits
from coffers.domain.paging import TooManyRows
from coffers.domain.ranges import check_range

#: How far back a history goes by itself.
DEFAULT_SPAN: Final = timedelta(days=364)

InBase = Annotated[
    DecimalText | None,
    Meta(description="In the base currency; null when an exchange rate is missing."),
]
Reason = Annotated[
    str | None, Meta(description="Why there is no amount in the base currency, if there is none.")
]


class NetWorthStatement(msgspec.Struct, frozen=True):
    """Assets (balances above zero) less liabilities (those below), of the active accounts."""

    as_of: Instant
    assets_by_currency: dict[str, DecimalText]
    liabilities_by_currency: dict[str, DecimalText]
    net_worth_by_currency: dict[str, DecimalText]
    base_currency: str
    net_worth: InBase
    net_worth_unavailable_reason: Reason
    accounts_without_balance: Annotated[
        int, Meta(description="Active accounts left out because their balance is not known.")
    ]


class DailyNetWorth(msgspec.Struct, frozen=True):
    """The net worth at the end of a day, in the user's time zone."""

    date: date
    assets_by_currency: dict[str, DecimalText]
    liabilities_by_currency: dict[str, DecimalText]
    net_worth_by_currency: dict[str, DecimalText]
    net_worth: InBase


class NetWorthHistory(msgspec.Struct, frozen=True):
    """Day by day, oldest first, from the first day on which a balance is known."""

    history: list[DailyNetWorth]
    total_count: int
    base_currency: str
    net_worth_unavailable_reason: Reason


@dataclass(frozen=True, slots=True)
class Balances:
    """Balances of the active accounts, and how many of those have none."""

    balances: Sequence[tuple[str, Decimal]]
    without_balance: int


class NetWorthLookups(Protocol):
    """What net worth is made of."""

    async def balances(self, user_id: UserId) -> Balances:
        """As they stand now."""
        ...

    async def sightings(
        self, user_id: UserId, start: datetime, end: datetime
    ) -> Sequence[Sighting]:
        """In order of time: from start to end, and the last before start of each account.

        Raises TooManyRows.
        """
        ...


async def get_net_worth(
    lookups: NetWorthLookups, profiles: Profiles, clock: Clock, principal: Principal
) -> NetWorthStatement:
    """What the caller owns and owes now."""
    base = (await profiles.profile(principal.user_id)).view.base_currency
    held = await lookups.balances(principal.user_id)
    worth = worth_of(held.balances)
    return NetWorthStatement(
        as_of=clock.now(),
        assets_by_currency=_texts(worth.assets),
        liabilities_by_currency=_texts(worth.liabilities),
        net_worth_by_currency=_texts(worth.net),
        base_currency=base,
        net_worth=_total(worth, base),
        net_worth_unavailable_reason=_reason(worth.foreign(base), base),
        accounts_without_balance=held.without_balance,
    )


async def get_net_worth_history(
    lookups: NetWorthLookups,
    profiles: Profiles,
    clock: Clock,
    principal: Principal,
    first: date | None,
    last: date | None,
) -> NetWorthHistory:
    """Day by day, both days included; by itself the last year. No day lies in the future.

    Raises RangeInvalid, TooManyRows.
    """
    profile = (await profiles.profile(principal.user_id)).view
    zone = ZoneInfo(profile.time_zone)
    today = clock.now().astimezone(zone).date()
    last = today if last is None else last
    first = last - DEFAULT_SPAN if first is None else first
    check_range(first, last)
    last = min(last, today)
    if (last - first).days >= MAX_DAYS:
        raise TooManyRows(f"At most {MAX_DAYS} days at a time: choose a shorter range.")
    start = end_of_day(first - timedelta(days=1), zone)
    seen = await lookups.sightings(principal.user_id, start, end_of_day(last, zone))
    # Thousands of days take more than a few milliseconds: not on the event loop.
    return await asyncio.to_thread(_history, seen, first, last, zone, profile.base_currency)


def _history(
    seen: Sequence[Sighting], first: date, last: date, zone: ZoneInfo, base: str
) -> NetWorthHistory:
    history, missing = [], set[str]()
    for day, worth in worth_by_day(seen, first, last, zone):
        missing.update(worth.foreign(base))
        history.append(
            DailyNetWorth(
                day,
                _texts(worth.assets),
                _texts(worth.liabilities),
                _texts(worth.net),
                _total(worth, base),
            )
        )
    return NetWorthHistory(history, len(history), base, _reason(sorted(missing), base))


def _total(worth: Worth, base: str) -> str | None:
    total = worth.total(base)
    return None if total is None else format(money_digits(total, base), "f")


def _texts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {code: format(money_digits(amount, code), "f") for code, amount in amounts.items()}


def _reason(missing: Sequence[str], base: str) -> str | None:
    if not missing:
        return None
    return f"No exchange rate to {base} is known for {', '.join(missing)}."

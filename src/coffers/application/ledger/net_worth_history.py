"""What one was worth, day by day."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from operator import attrgetter
from typing import Final
from zoneinfo import ZoneInfo

from coffers.application.investing.books import Book
from coffers.application.investing.depots import Days, open_depots, sightings
from coffers.application.investing.valuing import BookPorts
from coffers.application.ledger.net_worth import NetWorthLookups
from coffers.application.ledger.net_worth_texts import (
    quality_of,
    ratio_of,
    reason_of,
    texts_of,
    total_of,
)
from coffers.application.ledger.net_worth_views import DailyNetWorth, NetWorthHistory
from coffers.domain.identity.principals import Principal
from coffers.domain.ledger.net_worth import MAX_DAYS, Sighting, end_of_day, worth_by_day
from coffers.domain.paging import TooManyRows
from coffers.domain.ranges import check_range

#: How far back a history goes by itself.
DEFAULT_SPAN: Final = timedelta(days=364)


async def get_net_worth_history(
    lookups: NetWorthLookups,
    ports: BookPorts,
    principal: Principal,
    first: date | None,
    last: date | None,
) -> NetWorthHistory:
    """Day by day, both days included, at each day's prices and rates; by itself the last year.

    No day lies in the future.
    Raises RangeInvalid, TooManyRows.
    """
    profile = (await ports.profiles.profile(principal.user_id)).view
    zone = ZoneInfo(profile.time_zone)
    today = ports.clock.now().astimezone(zone).date()
    last = today if last is None else last
    first = last - DEFAULT_SPAN if first is None else first
    check_range(first, last)
    last = min(last, today)
    if (last - first).days >= MAX_DAYS:
        raise TooManyRows(f"At most {MAX_DAYS} days at a time: choose a shorter range.")
    start = end_of_day(first - timedelta(days=1), zone)
    seen = await lookups.sightings(principal.user_id, start, end_of_day(last, zone))
    rates = await ports.rates.book(principal.user_id, first, last)
    depots = await lookups.depots(principal.user_id)
    book = await open_depots(ports, principal.user_id, depots, rates, today)
    days = Days(first, last, today, zone)
    # Thousands of days take more than a few milliseconds: not on the event loop.
    return await asyncio.to_thread(_history, seen, days, profile.base_currency, book)


def _history(seen: Sequence[Sighting], days: Days, base: str, book: Book) -> NetWorthHistory:
    history, missing, rates = [], set[str](), book.rates
    for day, worth in worth_by_day(
        _with_depots(seen, days, book), days.first, days.last, days.zone
    ):
        missing.update(worth.missing(base, rates, day))
        history.append(
            DailyNetWorth(
                day,
                texts_of(worth.assets, worth),
                texts_of(worth.liabilities, worth),
                texts_of(worth.net, worth),
                total_of(worth, base, rates, day),
            )
        )
    known = sum(each.net_worth is not None for each in history)
    pairs = [f"{code}/{base}" for code in sorted(missing)]
    quality = quality_of(book, ratio_of(known, len(history)), pairs, [])
    reason = reason_of(sorted(missing), base, book)
    return NetWorthHistory(history, len(history), base, reason, quality)


def _with_depots(seen: Sequence[Sighting], days: Days, book: Book) -> Sequence[Sighting]:
    """In order of time; of an account that holds things apart, only the money was seen."""
    apart = {str(account.id): account for account in book.ledger.accounts}
    if not apart:
        return seen
    kept = []
    for each in seen:
        account = apart.get(each.account_id)
        if account is None:
            kept.append(each)
        elif not account.adds_up:
            kept.append(each if each.cash is None else replace(each, balance=each.cash))
    return sorted([*kept, *sightings(book, days)], key=attrgetter("at"))

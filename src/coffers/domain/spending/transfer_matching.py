"""The rule that finds transfers between one owner's accounts.

Opposite amounts of one currency, at most four days apart, in two accounts; where each is the only
one that fits the other, they are a transfer, everything else is only suggested. Across currencies
the amounts fit at the rate of the day the money left, give or take three percent: suggested at
most.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from operator import attrgetter
from typing import Final
from uuid import UUID

from coffers.domain.money import EXACT
from coffers.domain.spending.transfers import Leg, Pair

#: How far apart the two may be.
DAYS_APART: Final = timedelta(days=4)
#: What changes on a day can decide about pairs of legs this far away: of their rivals' rivals.
REACH: Final = 3 * DAYS_APART
#: So much may be missing or too much across currencies, as a part of what is expected.
TOLERANCE: Final = Decimal("0.03")
#: A leg is suggested with at most so many others.
MAX_SUGGESTED: Final = 5
#: Days that are judged in one transaction.
WINDOW: Final = timedelta(days=28)
#: Across currencies, rivals of one leg that are looked at.
MAX_RIVALS: Final = 50

Key = tuple[UUID, UUID]
#: What one unit of the first currency is worth in the second on a day; None when unknown.
RateOf = Callable[[str, str, date], Decimal | None]


@dataclass(frozen=True, slots=True)
class Matching:
    """What the rule finds: the certain ones and the possible ones, by day and id."""

    certain: list[Pair] = field(default_factory=list)
    possible: list[Pair] = field(default_factory=list)


def match(legs: Iterable[Leg], rejected: Collection[Key] = ()) -> Matching:
    """Of one currency each. Rejected pairs fit each other no more; what is pending is possible."""
    desk, found = _Desk(legs, rejected), Matching()
    for leg in desk.outgoing:
        partners = desk.partners(leg)
        is_mutual = len(partners) == 1 and len(desk.partners(partners[0])) == 1
        if is_mutual and not leg.is_pending and not partners[0].is_pending:
            found.certain.append(Pair(leg, partners[0]))
        else:
            found.possible.extend(Pair(leg, partner) for partner in partners)
    return found


def match_across(
    legs: Iterable[Leg], rate_of: RateOf, rejected: Collection[Key] = ()
) -> list[Pair]:
    """Across currencies: pairs of which each is the only one that fits the other, as possible.

    Legs that fit one of their own currency are left out; without a rate nothing fits.
    """
    alone = list(_Desk(legs, rejected).without_partner())
    exchange = _Exchange(alone, rate_of, rejected)
    pairs = [pair for leg in _sorted(alone) if leg.amount < 0 for pair in exchange.partners(leg)]
    count = Counter(each for pair in pairs for each in pair.key)
    return [pair for pair in pairs if all(count[each] == 1 for each in pair.key)]


def windows(days: Iterable[date]) -> list[tuple[date, date]]:
    """The days in stretches that are judged at once, oldest first."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][0] < WINDOW:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


class _Desk:
    """Legs by amount and account, so that a leg meets only those of the opposite amount."""

    def __init__(self, legs: Iterable[Leg], rejected: Collection[Key]) -> None:
        self._sorted = _sorted(legs)
        self._rejected = rejected
        self._by_amount: dict[tuple[str, Decimal], dict[UUID, list[Leg]]] = {}
        for leg in self._sorted:
            accounts = self._by_amount.setdefault((leg.currency, leg.amount), {})
            accounts.setdefault(leg.account_id, []).append(leg)

    @property
    def outgoing(self) -> list[Leg]:
        return [leg for leg in self._sorted if leg.amount < 0]

    def partners(self, leg: Leg) -> list[Leg]:
        """The first few that fit, in the order of their accounts and days."""
        return list(islice(self._fitting(leg), MAX_SUGGESTED))

    def without_partner(self) -> Iterator[Leg]:
        return (leg for leg in self._sorted if not self.partners(leg))

    def _fitting(self, leg: Leg) -> Iterator[Leg]:
        accounts = self._by_amount.get((leg.currency, leg.amount.copy_negate()), {})
        for account_id in sorted(accounts):
            if account_id == leg.account_id:
                continue
            others = accounts[account_id]
            first = bisect_left(others, leg.day - DAYS_APART, key=attrgetter("day"))
            last = bisect_right(others, leg.day + DAYS_APART, key=attrgetter("day"))
            for place in range(first, last):
                if _key(leg, others[place]) not in self._rejected:
                    yield others[place]


class _Exchange:
    """Incoming legs by currency and day, so that a leg meets only amounts within the tolerance."""

    def __init__(self, legs: Iterable[Leg], rate_of: RateOf, rejected: Collection[Key]) -> None:
        self._rate_of = rate_of
        self._rejected = rejected
        self._incoming: dict[str, dict[date, list[Leg]]] = defaultdict(lambda: defaultdict(list))
        for leg in sorted(legs, key=attrgetter("amount", "id")):
            if leg.amount > 0:
                self._incoming[leg.currency][leg.day].append(leg)

    def partners(self, leg: Leg) -> list[Pair]:
        return list(islice(self._fitting(leg), MAX_RIVALS))

    def _fitting(self, leg: Leg) -> Iterator[Pair]:
        for currency in sorted(self._incoming.keys() - {leg.currency}):
            rate = self._rate_of(leg.currency, currency, leg.day)
            if rate is None:
                continue
            expected = EXACT.multiply(leg.amount.copy_negate(), rate)
            for other in self._near(leg.day, self._incoming[currency], expected):
                if other.account_id != leg.account_id and _key(leg, other) not in self._rejected:
                    yield Pair(leg, other)

    @staticmethod
    def _near(day: date, by_day: dict[date, list[Leg]], expected: Decimal) -> Iterator[Leg]:
        slack = EXACT.multiply(expected, TOLERANCE)
        low, high = EXACT.subtract(expected, slack), EXACT.add(expected, slack)
        for shift in range(-DAYS_APART.days, DAYS_APART.days + 1):
            legs = by_day.get(day + timedelta(days=shift), [])
            first = bisect_left(legs, low, key=attrgetter("amount"))
            last = bisect_right(legs, high, key=attrgetter("amount"))
            yield from legs[first:last]


def _sorted(legs: Iterable[Leg]) -> list[Leg]:
    return sorted(legs, key=attrgetter("day", "id"))


def _key(one: Leg, other: Leg) -> Key:
    return (one.id, other.id) if one.amount < 0 else (other.id, one.id)

"""Net worth: what is owned less what is owed, per currency."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Final
from zoneinfo import ZoneInfo

from coffers.domain.markets.rates import RateBook, rounded
from coffers.domain.money import EXACT

#: A history has at most this many days: ten years.
MAX_DAYS: Final = 3_660
#: And is made of at most this many snapshots.
MAX_SNAPSHOTS: Final = 100_000
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Worth:
    """By currency: assets are the amounts above zero, liabilities those below, without their sign.

    Both know every currency that something is held in, and add up what is known. `unvalued` are the
    currencies in which that is not all.
    """

    assets: Mapping[str, Decimal]
    liabilities: Mapping[str, Decimal]
    unvalued: frozenset[str] = frozenset()

    @property
    def net(self) -> dict[str, Decimal]:
        """Assets less liabilities."""
        return {
            currency: EXACT.subtract(assets, self.liabilities[currency])
            for currency, assets in self.assets.items()
        }

    def missing(self, base: str, rates: RateBook, day: date) -> list[str]:
        """The currencies without whose rates the whole cannot be said in the base currency."""
        net = self.net
        return [code for code in net if net[code] and rates.rate(code, base, day) is None]

    def total(self, base: str, rates: RateBook, day: date) -> Decimal | None:
        """The net worth in the base currency, at the rates of the day, to the minor unit.

        None when a rate is missing, or a value; an amount of the base currency itself is not
        rounded.
        """
        if self.unvalued:
            return None
        total, exact = ZERO, self.net.get(base, ZERO)
        for code, amount in self.net.items():
            rate = rates.rate(code, base, day)
            if amount and rate is None:
                return None
            if rate is not None and code != base:
                total = EXACT.add(total, rate.convert(amount))
        return EXACT.add(exact, rounded(total, base))


#: An amount in its currency; None is not known.
Amount = tuple[str, Decimal | None]


def worth_of(amounts: Iterable[Amount]) -> Worth:
    """The worth that these amounts, each with its currency, add up to."""
    assets: dict[str, Decimal] = defaultdict(lambda: ZERO)
    liabilities: dict[str, Decimal] = defaultdict(lambda: ZERO)
    unvalued = set[str]()
    for currency, told in sorted(amounts, key=itemgetter(0)):
        amount = ZERO if told is None else told
        if told is None:
            unvalued.add(currency)
        assets[currency] = EXACT.add(assets[currency], max(amount, ZERO))
        liabilities[currency] = EXACT.add(liabilities[currency], max(EXACT.minus(amount), ZERO))
    return Worth(dict(assets), dict(liabilities), frozenset(unvalued))


@dataclass(frozen=True, slots=True)
class Sighting:
    """What an account held from this instant on; without a balance: it is no longer reported.

    `cash` is what of the balance was said to be money. Of what is unvalued something is held, but
    nobody knows what it is worth.
    """

    at: datetime
    account_id: str
    currency: str
    balance: Decimal | None
    cash: Decimal | None = None
    is_unvalued: bool = False


def worth_by_day(
    sightings: Sequence[Sighting], first: date, last: date, zone: ZoneInfo
) -> Iterator[tuple[date, Worth]]:
    """The worth at the end of each day where the user lives, once anything is known.

    `sightings` are in order of time; an account keeps its balance until it is seen again.
    """
    held = _Held()
    seen, worth = 0, worth_of([])
    for day in days(first, last):
        end, before = end_of_day(day, zone), seen
        while seen < len(sightings) and sightings[seen].at < end:
            held.see(sightings[seen])
            seen += 1
        worth = held.worth() if seen != before else worth
        if seen:
            yield day, worth


class _Held:
    """What is held, added up by currency as it changes: what did not change costs nothing."""

    def __init__(self) -> None:
        self._amounts: dict[str, Amount] = {}
        self._count: Counter[str] = Counter()
        self._unvalued: Counter[str] = Counter()
        self._assets: dict[str, Decimal] = defaultdict(lambda: ZERO)
        self._net: dict[str, Decimal] = defaultdict(lambda: ZERO)

    def see(self, sighting: Sighting) -> None:
        """In the place of what was seen of the same before."""
        known = self._amounts.pop(sighting.account_id, None)
        if known is not None:
            self._add(*known, -1)
        if sighting.balance is not None or sighting.is_unvalued:
            told = (sighting.currency, sighting.balance)
            self._amounts[sighting.account_id] = told
            self._add(*told, 1)

    def worth(self) -> Worth:
        """All of it."""
        codes = sorted(code for code, count in self._count.items() if count)
        assets = {code: self._assets[code] for code in codes}
        owed = {code: EXACT.subtract(assets[code], self._net[code]) for code in codes}
        return Worth(assets, owed, frozenset(each for each in codes if self._unvalued[each]))

    def _add(self, code: str, amount: Decimal | None, sign: int) -> None:
        self._count[code] += sign
        if amount is None:
            self._unvalued[code] += sign
            return
        change = EXACT.add if sign > 0 else EXACT.subtract
        self._net[code] = change(self._net[code], amount)
        if amount > 0:
            self._assets[code] = change(self._assets[code], amount)


def days(first: date, last: date) -> Iterator[date]:
    """All of them, both included."""
    return (first + timedelta(days=count) for count in range((last - first).days + 1))


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant after the day, where the user lives, in UTC."""
    following = day + timedelta(days=1)
    midnight = datetime(following.year, following.month, following.day, tzinfo=zone)
    return midnight.astimezone(UTC)

"""Exchange rates: of a pair on a day, as last known, with the day and the source it is of."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import partial
from operator import attrgetter
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import Invalid, NotFound
from coffers.domain.ids import UserId
from coffers.domain.money import EXACT, minor_units

#: A rate of a day on which none was set is the last one before, if it is not older than this.
LOOK_BACK: Final = timedelta(days=7)
#: What is not stated by a source but calculated (inverse and cross rates) has so many digits.
RATE_DIGITS: Final = 18
#: A person's own rates.
MAX_OWN_RATES: Final = 100_000
#: Rates that a book remembers: those of a few currencies over thirty years.
MOST_ASKED: Final = 50_000
EURO: Final = "EUR"
OWN: Final = "own"
SAME: Final = "same currency"

_RATIO: Final = Context(prec=RATE_DIGITS, traps=[InvalidOperation])
_ROUNDED: Final = Context(prec=96, rounding=ROUND_HALF_UP, traps=[InvalidOperation])


@dataclass(frozen=True, slots=True)
class Rate:
    """How much of the quote currency one unit of the base currency is worth.

    `date` is the day that the rate is of (of a cross rate: of its older part), not that asked for.
    """

    base: str
    quote: str
    rate: Decimal
    date: date
    source: str

    def convert(self, amount: Decimal) -> Decimal:
        """The amount of the base currency in the quote currency; exact, not rounded."""
        return EXACT.multiply(amount, self.rate)


@dataclass(frozen=True, slots=True)
class OwnRate:
    """A rate that a person keeps for themselves."""

    id: UUID
    user_id: UserId
    base: str
    quote: str
    date: date
    rate: Decimal
    created_at: datetime


class ReferenceRates(Protocol):
    """Published rates of the euro."""

    def per_euro(self, currency: str, day: date) -> Rate | None:
        """Units of the currency for one euro, as last published until that day."""
        ...


class _Pair(dict[date, Rate | None]):
    """Rates of two currencies, each found when it is first asked for."""

    def __init__(self, find: Callable[[date], Rate | None]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, day: date) -> Rate | None:
        found = self[day] = self._find(day)
        return found


class RateBook:
    """Every rate that one person can use: their own, and those published.

    The newest known on or before the day decides; of one day, the person's own before a published
    one, a stated one before one calculated over the euro. By its mark it is known again by whoever
    remembers what was made of it, and need not keep all of it for that.
    """

    def __init__(self, published: ReferenceRates, own: Iterable[OwnRate] = ()) -> None:
        self.mark: Final = object()
        self._published = published
        self._asked: dict[tuple[str, str], _Pair] = {}
        self._count = 0
        self._own: dict[tuple[str, str], list[OwnRate]] = defaultdict(list)
        for rate in sorted(own, key=attrgetter("date")):
            self._own[rate.base, rate.quote].append(rate)

    def rate(self, base: str, quote: str, day: date) -> Rate | None:
        """As last known on that day, at most seven days old; None when unknown, never 1."""
        if base == quote:
            return Rate(base, quote, Decimal(1), day, SAME)
        return self._of(base, quote)[day]

    def rates(self, base: str, quote: str, days: Iterable[date]) -> list[Rate | None]:
        """Of each of these days."""
        if base == quote:
            return [self.rate(base, quote, day) for day in days]
        return list(map(self._of(base, quote).__getitem__, days))

    def _of(self, base: str, quote: str) -> "_Pair":
        known = self._asked.get((base, quote))
        if known is None:
            known = self._asked[base, quote] = _Pair(partial(self._first, base, quote))
        return known

    def _first(self, base: str, quote: str, day: date) -> Rate | None:
        """Found, and counted."""
        if self._count >= MOST_ASKED:
            self._count = 0
            # A copy: other threads ask for other pairs meanwhile.
            for each in list(self._asked.values()):
                each.clear()
        self._count += 1
        return self._find(base, quote, day)

    def _find(self, base: str, quote: str, day: date) -> Rate | None:
        if base == EURO and not self._own:
            return self._published.per_euro(quote, day)
        found = self._stated(base, quote, day)
        if EURO not in {base, quote}:
            found += self._crossed(base, quote, day)
        return _newest(found)

    def _crossed(self, base: str, quote: str, day: date) -> list[Rate]:
        one, other = (_newest(self._stated(EURO, each, day)) for each in (base, quote))
        if one is None or other is None:
            return []
        ratio = _RATIO.divide(other.rate, one.rate)
        sources = ", ".join(sorted({one.source, other.source}))
        return [Rate(base, quote, ratio, min(one.date, other.date), sources)]

    def _stated(self, base: str, quote: str, day: date) -> list[Rate]:
        """Those of the pair itself, in either direction, of each source."""
        found: list[Rate] = []
        if self._own:
            found += _as_rates(_last(self._own.get((base, quote), ()), day))
            found += map(_inverse, _as_rates(_last(self._own.get((quote, base), ()), day)))
        if base == EURO and (told := self._published.per_euro(quote, day)):
            found.append(told)
        if quote == EURO and (told := self._published.per_euro(base, day)):
            found.append(_inverse(told))
        return found


def _newest(rates: Sequence[Rate]) -> Rate | None:
    """Of those of one day the first."""
    if len(rates) == 1:
        return rates[0]
    return max(rates, key=attrgetter("date"), default=None)


class ExchangeRates(Protocol):
    """Where rates are known from."""

    async def book(self, user_id: UserId, first: date, last: date) -> RateBook:
        """The rates that this person can use for any of these days."""
        ...


class OwnRates(Protocol):
    """People's own rates: private to each, one for a pair and a day."""

    async def put(self, rates: Sequence[OwnRate]) -> list[OwnRate]:
        """Keep one person's rates, in the place of what was known; answers them with their ids.

        Raises TooManyRates.
        """
        ...

    async def remove(self, user_id: UserId, rate_id: UUID) -> OwnRate:
        """Forget it; raises RateNotFound, NotYours."""
        ...


class PublishedRates(Protocol):
    """Published rates of the euro that are everybody's."""

    async def put(self, rates: Sequence[Rate]) -> None:
        """Keep them, in the place of what was known of the same currencies and days."""
        ...


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount to the currency's minor unit, halves away from zero."""
    return amount.quantize(Decimal((0, (1,), -minor_units(currency))), context=_ROUNDED)


def rounded_parts(parts: Sequence[Decimal], currency: str) -> list[Decimal]:
    """The amounts to the currency's minor unit so that they add up to their rounded sum.

    By largest remainder: what is missing goes, unit by unit, to those that lost most.
    """
    total = Decimal(0)
    for part in parts:
        total = EXACT.add(total, part)
    unit = Decimal((0, (1,), -minor_units(currency)))
    floors = [_floor(part, unit) for part in parts]
    missing = rounded(total, currency)
    for floor in floors:
        missing = EXACT.subtract(missing, floor)
    lost = [EXACT.subtract(part, floor) for part, floor in zip(parts, floors, strict=True)]
    first = sorted(range(len(parts)), key=lambda n: -lost[n])[: int(missing / unit)]
    for place in first:
        floors[place] = EXACT.add(floors[place], unit)
    return floors


def _floor(amount: Decimal, unit: Decimal) -> Decimal:
    below = amount.quantize(unit, context=_ROUNDED)
    return EXACT.subtract(below, unit) if below > amount else below


def _last(rates: Sequence[OwnRate], day: date) -> OwnRate | None:
    place = bisect_right(rates, day, key=attrgetter("date"))
    found = rates[place - 1] if place else None
    return found if found is not None and found.date >= day - LOOK_BACK else None


def _as_rates(own: OwnRate | None) -> Iterator[Rate]:
    if own is not None:
        yield Rate(own.base, own.quote, own.rate, own.date, OWN)


def _inverse(rate: Rate) -> Rate:
    inverse = _RATIO.divide(Decimal(1), rate.rate)
    return Rate(rate.quote, rate.base, inverse, rate.date, rate.source)


class RateInvalid(Invalid):
    """Something cannot be the rate of two currencies on a day."""


class RateNotFound(NotFound):
    """The person keeps no such rate."""


class TooManyRates(Invalid):
    """More own rates than one person keeps."""

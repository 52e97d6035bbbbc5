"""Lots: what was acquired when and for how much, and which of it a disposal takes.

Five methods: first in first out, last in first out, highest cost first, average cost, and lots
that the owner names. Entries are taken in order of day, then id; on a day a split comes first,
since a price is quoted after it. Costs are totals, never per unit; fees are part of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from coffers.domain.errors import Conflict, Invalid
from coffers.domain.money import EXACT, total_of

ZERO: Final = Decimal(0)
NO_PICKS: Final[Mapping[UUID, Decimal]] = MappingProxyType({})


class LotMethod(StrEnum):
    """Which lots a disposal takes."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    AVERAGE = "average"
    SPECIFIC = "specific"

    @property
    def of_the_same_lots(self) -> "LotMethod":
        """By what a replay in another currency takes the lots that this one took.

        Which lot is the dearest depends on the currency: there they are named.
        """
        return LotMethod.SPECIFIC if self is LotMethod.HIFO else self


class EntryKind(StrEnum):
    """What an entry does to the lots."""

    ACQUIRE = "acquire"
    DISPOSE = "dispose"
    DELIVER = "deliver"
    SHORT = "short"
    COVER = "cover"
    SPLIT = "split"
    RECOUNT = "recount"
    RETURN_OF_CAPITAL = "return_of_capital"


class Entry(NamedTuple):
    """Something that changed a position.

    `quantity` is above zero, for a split the factor (2 for two to one), for a recount (a split of
    which only the outcome is told) what is there afterwards. `amount` is what it cost or brought in
    all, fees counted, never below zero. `acquired` overrides the day on which a lot began, for what
    was transferred in. `picks` names how much to take of which lots. What is delivered goes
    elsewhere with its cost: nothing is gained.
    """

    id: UUID
    day: date
    kind: EntryKind
    quantity: Decimal
    amount: Decimal = ZERO
    acquired: date | None = None
    picks: Mapping[UUID, Decimal] = NO_PICKS


class Lot(NamedTuple):
    """What is left of one acquisition; `id` is its entry's. A short lot's quantity is negative.

    Its cost is then what selling it brought, negative too.
    """

    id: UUID
    acquired: date
    quantity: Decimal
    cost: Decimal

    @property
    def unit_cost(self) -> Decimal:
        """Cost per unit, to 28 significant digits."""
        return Context(prec=28).divide(self.cost, self.quantity)


class Disposal(NamedTuple):
    """A part of a lot that went: what it brought, what it had cost, and the difference.

    For a short position `acquired` is the day on which it was sold, `day` the one of the cover.
    """

    entry_id: UUID
    lot_id: UUID
    acquired: date
    day: date
    quantity: Decimal
    proceeds: Decimal
    cost: Decimal

    @property
    def gain(self) -> Decimal:
        """Proceeds less cost."""
        return EXACT.subtract(self.proceeds, self.cost)

    @property
    def is_long_term(self) -> bool:
        """Held for over one year, counted from the day after the acquisition (IRS Pub. 550)."""
        return self.day > a_year_after(self.acquired)


@dataclass(frozen=True, slots=True)
class Book:
    """A position after all its entries: open lots by age, and everything that went, in order."""

    lots: Sequence[Lot]
    disposals: Sequence[Disposal]

    @property
    def quantity(self) -> Decimal:
        """What is held; negative when short."""
        return total_of(lot.quantity for lot in self.lots)

    @property
    def cost(self) -> Decimal:
        """What it cost."""
        return total_of(lot.cost for lot in self.lots)

    @property
    def gain(self) -> Decimal:
        """What was realised in all."""
        return total_of(disposal.gain for disposal in self.disposals)


class Step(NamedTuple):
    """What is held from a day on, until the next step, and what that cost."""

    day: date
    quantity: Decimal
    cost: Decimal


def a_year_after(day: date) -> date:
    """The same day of the next year; 29 February becomes the last day of February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


class Oversold(Conflict):
    """More is sold than is held."""

    slug = "oversold"


class LotUnknown(Invalid):
    """A sale names a lot that is not there."""

    slug = "lot_unknown"


class EntryInvalid(Invalid):
    """The entry cannot have happened."""

    slug = "entry_invalid"

"""Movements and steps as columns: thousands of them, of which somebody may look at a few."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import starmap
from typing import NamedTuple, TypeVar, overload
from uuid import UUID

from coffers.domain.investing.lots import Step
from coffers.domain.investing.movements import Movement
from coffers.domain.ledger.transactions import TransactionSubtype
from coffers.domain.money import EXACT

T = TypeVar("T")


class Listed(Sequence[T]):
    """A sequence that is made when somebody looks at it; equal to any of the same elements."""

    def __init__(self, make: Callable[[], list[T]]) -> None:
        self._make = make

    @cached_property
    def _all(self) -> list[T]:
        return self._make()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[T]:
        return iter(self._all)

    @overload
    def __getitem__(self, place: int) -> T: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...

    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        return self._all[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all == list(other)

    __hash__ = None  # type: ignore[assignment]  # as lists have it

    def __repr__(self) -> str:
        return repr(self._all)


class Columns(NamedTuple):
    """The fields of movements, a column for each."""

    ids: Sequence[UUID] = ()
    days: Sequence[date] = ()
    subtypes: Sequence[TransactionSubtype] = ()
    quantities: Sequence[Decimal] = ()
    amounts: Sequence[Decimal | None] = ()
    unit_prices: Sequence[Decimal | None] = ()
    acquired: Sequence[date | None] = ()
    picks: Sequence[Mapping[UUID, Decimal]] = ()


class Moves(Listed[Movement]):
    """Movements that are told in columns."""

    def __init__(self, columns: Columns) -> None:
        super().__init__(lambda: list(map(Movement, *columns)))
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns.ids)

    def __eq__(self, other: object) -> bool:
        return self.columns == other.columns if isinstance(other, Moves) else super().__eq__(other)

    __hash__ = None

    def converted(self, rates: Sequence[Decimal]) -> "Moves":
        """The same with the money of each at its rate."""
        columns = self.columns
        amounts = _at(columns.amounts, rates)
        prices = Listed(lambda: _at(columns.unit_prices, rates))
        return Moves(columns._replace(amounts=amounts, unit_prices=prices))


def moves_of(movements: Sequence[Movement]) -> Moves:
    """The same movements as columns."""
    if isinstance(movements, Moves):
        return movements
    return Moves(Columns(*zip(*movements, strict=True)))


def _at(amounts: Sequence[Decimal | None], rates: Sequence[Decimal]) -> list[Decimal | None]:
    pairs = zip(amounts, rates, strict=True)
    return [None if amount is None else EXACT.multiply(amount, rate) for amount, rate in pairs]


class Steps(Listed[Step]):
    """What was held from each of these days on, and what it had cost."""

    def __init__(
        self, days: list[date], quantities: list[Decimal], costs: Sequence[Decimal]
    ) -> None:
        super().__init__(lambda: list(starmap(Step, zip(days, quantities, costs, strict=True))))
        self.days = days
        self.quantities = quantities
        self.costs = costs

    def __len__(self) -> int:
        return len(self.days)

    @overload
    def __getitem__(self, place: int) -> Step: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Step]: ...

    def __getitem__(self, place: int | slice) -> Step | Sequence[Step]:
        if isinstance(place, slice):
            return super().__getitem__(place)
        return Step(self.days[place], self.quantities[place], self.costs[place])


def steps_of(steps: Sequence[Step]) -> Steps:
    """The same steps as columns."""
    if isinstance(steps, Steps):
        return steps
    return Steps(
        [step.day for step in steps],
        [step.quantity for step in steps],
        [step.cost for step in steps],
    )

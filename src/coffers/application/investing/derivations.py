"""Derivations: positions, kept for as long as what they were derived from stays the same."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence, Sized
from decimal import Decimal
from operator import is_
from threading import Lock
from typing import Any, Final, NamedTuple, TypeVar

from coffers.application.investing.memories import Memory
from coffers.domain.investing.columns import Listed
from coffers.domain.investing.lots import LotMethod
from coffers.domain.investing.movements import Movement, SplitAction
from coffers.domain.investing.positions import Position, derive

#: Whose rows and movements are remembered, and how many of those count as one more: those of the
#: largest portfolio, at 600 bytes each.
MOST_HELD: Final = 3_000
ROWS_OF_ONE: Final = 75
#: What else is made of them, at most: for one in four a series, of twelve years 70 kilobytes.
MOST_MADE: Final = 5_000
#: Four such things are made of the same rows.
ROWS_MADE_OF: Final = 4 * ROWS_OF_ONE
#: What is made of the same objects for different periods and the like, at most.
MOST_ASKED: Final = 16
#: Movements that are remembered with what they amount to: about a hundred megabytes.
MOST: Final = 150_000


R = TypeVar("R")
T = TypeVar("T")
Make = Callable[[Sequence[R], Decimal], Sequence[Movement]]


class _Known(NamedTuple):
    movements: Sequence[Movement]
    splits: Sequence[SplitAction]
    position: Position


class _Made(NamedTuple):
    made_of: tuple[object, ...]
    what: Any  # Any: of whatever is asked for


def size_of(rows: Sized) -> int:
    """What rows count as."""
    return 1 + len(rows) // ROWS_OF_ONE


class Derivations:
    """What was derived last in each place, such as a security in an account.

    Nothing is ever out of date: what is kept is used only for exactly the same movements and
    splits. After a late entry only its own security is replayed.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 0
        self._known: OrderedDict[Hashable, _Known] = OrderedDict()
        self._rows = Memory[Sequence[Any]](MOST_HELD)  # Any: of whatever is asked for
        self._renewed = Memory[Any](MOST_HELD)
        self._once = Memory[_Made](MOST_MADE)
        self._moved = Memory[tuple[Sequence[object], Decimal, Sequence[Movement]]](MOST_HELD)
        self._lock = Lock()

    def of(
        self,
        place: Hashable,
        movements: Sequence[Movement],
        splits: Sequence[SplitAction],
        method: LotMethod,
    ) -> Position:
        """As `derive`, and raises as it does."""
        key = (place, method)
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
        if known is not None and known.movements == movements and known.splits == splits:
            return known.position
        position = derive(movements, splits, method)
        with self._lock:
            self._keep(key, _Known(movements, splits, position))
        return position

    def movements(
        self, place: Hashable, rows: Sequence[R], multiplier: Decimal, make: Make[R]
    ) -> Sequence[Movement]:
        """What is made of these rows; of the same rows the same again."""
        known = self._moved.get(place)
        if known is None or known[0] != rows or known[1] != multiplier:
            known = (rows, multiplier, make(rows, multiplier))
            self._moved.keep(place, known, size_of(rows))
        return known[2]

    def once(
        self, place: Hashable, made_of: tuple[object, ...], make: Callable[[], T], size: int = 1
    ) -> T:
        """What is made of these very objects, made anew for others; None is not remembered.

        Equal ones are others: who asks again must ask with the same ones, as what is remembered
        here and what was read is. They are not changed by anybody. What is large counts as so many.
        """
        known = self._once.get(place)
        if known is not None and _are_same(known.made_of, made_of):
            return known.what  # type: ignore[no-any-return]  # made by the same caller
        made = make()
        if made is not None:
            rows = sum(len(each) for each in made_of if isinstance(each, Listed))
            self._once.keep(place, _Made(made_of, made), size + rows // ROWS_MADE_OF)
        return made

    def once_each(
        self,
        place: Hashable,
        made_of: tuple[object, ...],
        asked: Hashable,
        make: Callable[[], T],
        most: int = MOST_ASKED,
        size: int = 1,
    ) -> T:
        """Likewise for each of the things asked, at most so many.

        What they are made of is kept only as long as it is the same: a place for each of them would
        keep what it was made of when it was asked last.
        """
        found: dict[Hashable, T] = self.once(place, made_of, dict, size)
        known = found.get(asked)
        if known is not None:
            return known
        made = make()
        if made is not None:
            if len(found) >= most:
                found.clear()
            found[asked] = made
        return made

    def renewed(self, place: Hashable, renew: Callable[[T | None], T], size: int = 1) -> T:
        """What becomes of what was there before, if anything was."""
        new = renew(self._renewed.get(place))
        self._renewed.keep(place, new, size)
        return new

    def same(self, place: Hashable, rows: Sequence[R]) -> Sequence[R]:
        """What was there before, if it is equal."""
        known = self._rows.get(place)
        if known is not None and known == rows:
            return known
        self._rows.keep(place, rows, size_of(rows))
        return rows

    def _keep(self, key: Hashable, new: _Known) -> None:
        old = self._known.pop(key, None)
        self._size += len(new.movements) - (len(old.movements) if old else 0)
        self._known[key] = new
        while self._size > self._most:
            _, gone = self._known.popitem(last=False)
            self._size -= len(gone.movements)


def _are_same(these: tuple[object, ...], others: tuple[object, ...]) -> bool:
    return len(these) == len(others) and all(map(is_, these, others))

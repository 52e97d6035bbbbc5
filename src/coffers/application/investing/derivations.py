"""Derivations: positions, kept for as long as what they were derived from stays the same."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from decimal import Decimal
from operator import is_
from threading import Lock
from typing import Any, Final, NamedTuple, TypeVar

from coffers.domain.investing.lots import LotMethod
from coffers.domain.investing.movements import Movement, SplitAction
from coffers.domain.investing.positions import Position, derive

#: Whose rows and movements are remembered.
MOST_HELD: Final = 2_000
#: What else is made of them, at most: for one in four a series, of twelve years 70 kilobytes.
MOST_MADE: Final = 5_000
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
    size: int


class Derivations:
    """What was derived last in each place, such as a security in an account.

    Nothing is ever out of date: what is kept is used only for exactly the same movements and
    splits. After a late entry only its own security is replayed.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 0
        self._known: OrderedDict[Hashable, _Known] = OrderedDict()
        self._rows: dict[Hashable, Sequence[Any]] = {}  # Any: of whatever is asked for
        self._renewed: dict[Hashable, Any] = {}
        self._once: dict[Hashable, _Made] = {}
        self._made = 0
        self._moved: dict[Hashable, tuple[Sequence[object], Decimal, Sequence[Movement]]] = {}
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
            self._remember(self._moved, place, known, MOST_HELD)
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
            with self._lock:
                self._keep_made(place, _Made(made_of, made, size))
        return made

    def once_each(
        self,
        place: Hashable,
        made_of: tuple[object, ...],
        asked: Hashable,
        make: Callable[[], T],
        most: int = MOST_ASKED,
    ) -> T:
        """Likewise for each of the things asked, at most so many.

        What they are made of is kept only as long as it is the same: a place for each of them would
        keep what it was made of when it was asked last.
        """
        found: dict[Hashable, T] = self.once(place, made_of, dict)
        known = found.get(asked)
        if known is not None:
            return known
        made = make()
        if made is not None:
            if len(found) >= most:
                found.clear()
            found[asked] = made
        return made

    def renewed(self, place: Hashable, renew: Callable[[T | None], T]) -> T:
        """What becomes of what was there before, if anything was."""
        new = renew(self._renewed.get(place))
        self._remember(self._renewed, place, new, MOST_HELD)
        return new

    def same(self, place: Hashable, rows: Sequence[R]) -> Sequence[R]:
        """What was there before, if it is equal."""
        known = self._rows.get(place)
        if known is not None and known == rows:
            return known
        self._remember(self._rows, place, rows, MOST_HELD)
        return rows

    def _remember(self, memory: dict[Hashable, T], place: Hashable, new: T, most: int) -> None:
        """The oldest is forgotten where there are too many."""
        with self._lock:
            memory.pop(place, None)
            memory[place] = new
            if len(memory) > most:
                memory.pop(next(iter(memory)))

    def _keep_made(self, place: Hashable, new: _Made) -> None:
        old = self._once.pop(place, None)
        self._made += new.size - (old.size if old else 0)
        self._once[place] = new
        while self._made > MOST_MADE:
            self._made -= self._once.pop(next(iter(self._once))).size

    def _keep(self, key: Hashable, new: _Known) -> None:
        old = self._known.pop(key, None)
        self._size += len(new.movements) - (len(old.movements) if old else 0)
        self._known[key] = new
        while self._size > self._most:
            _, gone = self._known.popitem(last=False)
            self._size -= len(gone.movements)


def _are_same(these: tuple[object, ...], others: tuple[object, ...]) -> bool:
    return len(these) == len(others) and all(map(is_, these, others))

"""Derivations: positions, kept for as long as what they were derived from stays the same."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from decimal import Decimal
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from coffers.domain.investing.lots import LotMethod
from coffers.domain.investing.movements import Movement, SplitAction
from coffers.domain.investing.positions import Position, derive

if TYPE_CHECKING:
    from coffers.domain.investing.valuations import HeldSteps

#: Securities whose steps are remembered as arrays.
MOST_HELD: Final = 2_000
#: Movements that are remembered with what they amount to: about a hundred megabytes.
MOST: Final = 150_000


R = TypeVar("R")
Make = Callable[[Sequence[R], Decimal], Sequence[Movement]]


class _Known(NamedTuple):
    movements: Sequence[Movement]
    splits: Sequence[SplitAction]
    position: Position


class Derivations:
    """What was derived last in each place, such as a security in an account.

    Nothing is ever out of date: what is kept is used only for exactly the same movements and
    splits. After a late entry only its own security is replayed.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 0
        self._known: OrderedDict[Hashable, _Known] = OrderedDict()
        # By identity: these positions are those that are kept above, or nobody's.
        self._held: dict[tuple[int, int], tuple[Position, Position | None, HeldSteps]] = {}
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
            with self._lock:
                self._moved[place] = known
                if len(self._moved) > MOST_HELD:
                    self._moved.pop(next(iter(self._moved)))
        return known[2]

    def held(self, local: Position, base: Position | None) -> "HeldSteps":
        """Quantities as they were, costs in the base currency; NaN where these are not known."""
        from coffers.domain.investing.valuations import (  # noqa: PLC0415 - numpy is slow to load
            held_steps,
        )

        with self._lock:
            known = self._held.get((id(local), id(base)))
        if known is None or known[0] is not local or known[1] is not base:
            costs = None if base is None else base.steps
            known = (local, base, held_steps(local.steps, costs))
            with self._lock:
                self._held[id(local), id(base)] = known
                if len(self._held) > MOST_HELD:
                    self._held.pop(next(iter(self._held)))
        return known[2]

    def _keep(self, key: Hashable, new: _Known) -> None:
        old = self._known.pop(key, None)
        self._size += len(new.movements) - (len(old.movements) if old else 0)
        self._known[key] = new
        while self._size > self._most:
            _, gone = self._known.popitem(last=False)
            self._size -= len(gone.movements)

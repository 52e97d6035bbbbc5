"""Derivations: positions, kept for as long as what they were derived from stays the same."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from threading import Lock
from typing import Final, NamedTuple

from coffers.domain.investing.lots import LotMethod
from coffers.domain.investing.movements import Movement, SplitAction
from coffers.domain.investing.positions import Position, derive

#: Movements that are remembered with what they amount to: about a hundred megabytes.
MOST: Final = 150_000


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

    def _keep(self, key: Hashable, new: _Known) -> None:
        old = self._known.pop(key, None)
        self._size += len(new.movements) - (len(old.movements) if old else 0)
        self._known[key] = new
        while self._size > self._most:
            _, gone = self._known.popitem(last=False)
            self._size -= len(gone.movements)
